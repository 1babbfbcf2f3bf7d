/**
 * What a running lab and a command in another terminal say to each other: one JSON request on a line of its own, one JSON
 * answer on a line of its own, over the lab's unix socket. After `console` and `capture` are answered, the connection carries bare bytes.
 */
import type { LinkChange } from '../lab/faults/link-control.ts'

import type { DebugDoor } from './debug/debug-doors.ts'
import type { GuestRequest } from './guest-server.ts'
import type { ForwardPlan } from '../lab/topology.ts'

export type ControlRequest =
  | { readonly do: 'ps' }
  | { readonly do: 'down' }
  | { readonly do: 'inspect'; readonly what: string }
  | { readonly do: 'logs'; readonly node?: string | undefined; readonly follow?: boolean | undefined }
  | { readonly do: 'console'; readonly node: string }
  | { readonly do: 'explain' }
  /** `file`: absolute. Answered once it is there. */
  | { readonly do: 'save'; readonly file: string }
  | { readonly do: 'links'; readonly where?: string | undefined }
  | { readonly do: 'link'; readonly where: string; readonly change: LinkChange }
  /** Answered with the door, its port chosen. */
  | { readonly do: 'gdb'; readonly door: DebugDoor }
  | { readonly do: 'forwards' }
  /** `node`: its name, or an address. */
  | { readonly do: 'forward'; readonly node: string; readonly plan: ForwardPlan }
  | { readonly do: 'unforward'; readonly plan: Pick<ForwardPlan, 'protocol' | 'at'> }
  /** A copy or a command in a guest; the connection then carries messages (guest-frames.ts). */
  | ({ readonly do: 'guest' } & GuestRequest)
  /** A network, a node, or `node:eth0`; undefined: every port. */
  | { readonly do: 'capture'; readonly what?: string | undefined }

export type ControlAnswer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string; readonly hint?: string | undefined; readonly code: 'config' | 'host' }

/** One row of `ps`. A stable contract. */
export type NodeRow = {
  readonly node: string
  readonly kind: string
  /** `waiting`, `running`, `idle` or `off`. */
  readonly state: string
  /** Leased or configured addresses, joined by blanks. */
  readonly addresses: string
  readonly instructions: number
}

/** What `ps` says of one lab. A stable contract. */
export interface LabRow {
  readonly name: string
  readonly file: string
  readonly pid: number
  /** Virtual seconds. */
  readonly time: number
  readonly nodes: readonly NodeRow[]
}

/** Longest request in bytes. */
export const longestRequest = 64 * 1024

/** Cuts a byte stream at its first line end; what follows the line is handed back as it was. */
export class FirstLine {
  #bytes: Uint8Array = new Uint8Array(0)

  /** @returns the line and what came behind it, once it is there. @throws {Error} when it is longer than `longestRequest`. */
  feed(bytes: Uint8Array): { readonly line: string; readonly rest: Uint8Array } | undefined {
    const whole = Buffer.concat([this.#bytes, bytes])
    const end = whole.indexOf(0x0a)
    if (end < 0 && whole.length > longestRequest) throw new Error('the line is too long')
    this.#bytes = whole
    return end < 0 ? undefined : { line: whole.subarray(0, end).toString('utf8'), rest: whole.subarray(end + 1) }
  }
}
