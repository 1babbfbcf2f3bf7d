/** What goes between the outside and the agent in a guest: pieces of sessions, each a copy or a command. */

/**
 * From outside: `open` (a Job as JSON), `data` (of a file, or for the command's standard input), `end` of it, `taken` (u32: so many bytes of what the
 * guest sent are gone on), `signal` (u8), `gone` (nobody waits any more).
 * From the guest: `file` (mode u32, size u64), `data` (of a file, or standard output), `complaint` (standard error), `taken` (u32), `result` (a Result as JSON; the last).
 */
export type MessageKind = 'open' | 'data' | 'end' | 'taken' | 'signal' | 'gone' | 'file' | 'complaint' | 'result'

export interface Message {
  readonly session: number
  readonly kind: MessageKind
  readonly bytes: Uint8Array
}

export type Job =
  /** A file of the outside goes into the guest; a folder takes it under `name`. */
  | { readonly do: 'put'; readonly path: string; readonly name: string; readonly mode: number }
  | { readonly do: 'get'; readonly path: string }
  | { readonly do: 'run'; readonly words: readonly string[]; readonly folder?: string | undefined; readonly input: boolean }

/** `code`: the command's exit status, 128 and more for a signal; 0 of a copy that is done. `trouble`: why it isn't. */
export interface Result {
  readonly code: number
  readonly trouble?: string
  /** Of a copy, where whoever ran it has counted them. */
  readonly bytes?: number
}

/** Bytes that either side may have under way before the other has said that it took them. */
export const windowBytes = 8 << 20
/** The longest piece. */
export const pieceBytes = 1 << 20

export const numberBytes = (value: number): Uint8Array => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
