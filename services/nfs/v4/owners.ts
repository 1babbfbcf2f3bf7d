/** Whoever opens files, and whoever locks them. In 4.0 each counts what it asks, and the last answer is kept for when it was lost (RFC 7530 §9.1.7). */
import type { LockHolder } from '../range-locks.ts'
import type { Client } from './client.ts'
import type { OpenState, State } from './states.ts'
import type { Place } from './tree.ts'
import { type Operation, outOfSequence } from '../../../src/wire/nfs4.ts'

/** What was answered last. */
export interface LastAnswer {
  readonly operation: Operation
  /** From the status on. */
  readonly bytes: Uint8Array
  /** The current file after it. */
  readonly current: Place | undefined
}

class Counted {
  /** Of the call done last; undefined before the first. */
  sequence: number | undefined
  last: LastAnswer | undefined

  /** Where a call stands: the next one, the last one again, or out of order. */
  order(sequence: number): 'next' | 'again' | 'bad' {
    if (this.sequence === undefined || sequence === (this.sequence + 1) >>> 0) return 'next'
    return sequence === this.sequence && this.last !== undefined ? 'again' : 'bad'
  }

  answered(sequence: number, status: number, answer: LastAnswer): void {
    if (outOfSequence.has(status)) return
    this.sequence = sequence
    this.last = answer
  }
}

export class OpenOwner extends Counted {
  readonly client: Client
  readonly key: string
  /** 4.0: OPEN_CONFIRM has come. */
  confirmed = false
  readonly opens = new Set<OpenState>()
  /** What was closed last, by its serial: CLOSE may come again. */
  closed: number | undefined

  constructor(client: Client, key: string) {
    super()
    this.client = client
    this.key = key
  }
}

export class LockOwner extends Counted implements LockHolder {
  readonly client: Client
  readonly key: string
  readonly clientId: bigint
  readonly name: Uint8Array
  readonly process = 0
  readonly states = new Set<State>()

  constructor(client: Client, key: string, name: Uint8Array) {
    super()
    this.client = client
    this.key = key
    this.clientId = client.id
    this.name = name.slice()
  }
}
