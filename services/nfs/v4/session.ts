/** A session: slots, each of which does one call after the other and keeps its last answer. RFC 8881 §2.10.6. */
import { putU32be } from '../../../src/base/bytes.ts'
import { sessionBytes } from '../../../src/wire/nfs4.ts'
import type { Channel } from '../../../src/wire/nfs4-session-arguments.ts'
import type { Client } from './client.ts'

/** What a session may ask for at most; a client gets the lesser of its wish and this. Sizes in bytes. */
export const mostOfSession: Channel = { headerPadding: 0, request: 2 ** 20 + 16_384, reply: 2 ** 20 + 16_384, cachedReply: 4096, operations: 64, slots: 32 }
/** Below these nothing can be done with a session (RFC 8881 §18.36.3). */
export const leastReply = 512
const leastOperations = 2

export interface Slot {
  sequence: number
  /** Whether anything was done on it. */
  used: boolean
  /** Tells whether a repeated call is the same. */
  digest: number
  /** Undefined: not kept. */
  reply: Uint8Array | undefined
}

export class Session {
  readonly client: Client
  readonly id: Uint8Array
  readonly fore: Channel
  readonly slots: readonly Slot[]

  constructor(client: Client, serial: number, fore: Channel) {
    this.client = client
    this.fore = fore
    this.id = new Uint8Array(sessionBytes)
    putU32be(this.id, 0, client.boot)
    putU32be(this.id, 4, client.serial)
    putU32be(this.id, 12, serial)
    this.slots = Array.from({ length: fore.slots }, () => ({ sequence: 0, used: false, digest: 0, reply: undefined }))
  }
}

/** @returns undefined when the client asks for less than anything. */
export function granted(asked: Channel): Channel | undefined {
  const least = (key: keyof Channel): number => Math.min(asked[key], mostOfSession[key])
  const fore = { headerPadding: 0, request: least('request'), reply: least('reply'), cachedReply: least('cachedReply'), operations: least('operations'), slots: Math.max(1, least('slots')) }
  return fore.request < leastReply || fore.reply < leastReply || fore.operations < leastOperations ? undefined : fore
}
