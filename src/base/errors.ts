/** The kinds of failure that Netloom tells apart (house.md §4). The host's own errors keep Node's shape and `code`. */

/** Bytes from a wire, a file or a guest that are not what their format says. Caught at the door of each layer, counted, dropped. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
}

/** A place in a file that a user wrote. Lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** The user's file or command is wrong. `message` says what was found and what was expected; `hint` what to type next. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly place: Place | undefined
  readonly hint: string | undefined

  constructor(message: string, place?: Place, hint?: string) {
    super(place === undefined ? message : `${place.file}:${place.line}:${place.column}: ${message}`)
    this.place = place
    this.hint = hint
  }
}

/** We were wrong. The lab stops and leaves seed, virtual time and capture behind. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}
