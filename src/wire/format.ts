/** What every format offers to the pretty-printer, and how single values are written. */

/** Where a number that names the next protocol is looked up. */
export type Space = 'medium' | 'ether' | 'ip' | 'udp' | 'tcp' | 'quoted' | 'rpc'

/** What a packet carries for the next protocol. */
export interface Cargo {
  readonly space: Space
  /** Tried in order: an IP protocol, an EtherType, or both ports. */
  readonly numbers: readonly number[]
  readonly bytes: Uint8Array
  /** The pseudo-header's sum without the length (checksum.ts), for a transport that is summed with it. */
  readonly addressSum?: number
}

/** How fields are written where the plain form (decimal, hexadecimal) would not do. */
export type Show<Value> = { readonly [Key in keyof Value]?: (value: Value[Key]) => string }

/** A module of this room, as the pretty-printer takes it. `build` is not asked for here. */
export interface Format<Value> {
  /** @throws {Malformed} and nothing else. */
  parse(bytes: Uint8Array, addressSum?: number): Value
  /** One line, without the names of the layers below. */
  format(value: Value): string
  readonly show?: Show<Value>
  /** What comes next, if anything. */
  carries?(value: Value): Cargo | undefined
}

export const hex8 = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`
export const hex16 = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`
export const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`

/** Text that a stranger sent, fit to stand in a line: control characters, which could steer a terminal, become `?`. */
export const legible = (text: string): string => Array.from(text, (char) => (char < ' ' || (char >= '\u007f' && char < '\u00a0') ? '?' : char)).join('')
