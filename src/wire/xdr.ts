/** XDR: external data representation. RFC 4506: big-endian words, everything padded to four bytes with zeroes. */
import { fromLatin1, putU32be, u32be } from '../base/bytes.ts'
import { assert, Malformed } from '../base/errors.ts'

const pad = (length: number): number => (4 - (length & 3)) & 3

/** Reads one value after the other. Every length is held against what is really there before anything is made of it. */
export class XdrReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** What has not been read yet, as a view. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at)
  }

  u32(): number {
    if (this.left < 4) throw new Malformed(`xdr: a word wanted, ${this.left} bytes there`)
    const value = u32be(this.#bytes, this.#at)
    this.#at += 4
    return value
  }

  i32(): number {
    return this.u32() | 0
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32())
  }

  /** An unsigned hyper as a number; what a double can't hold exactly becomes 2^53. */
  offset(): number {
    const high = this.u32()
    return high >= 0x20_0000 ? (this.u32(), 2 ** 53) : high * 0x1_0000_0000 + this.u32()
  }

  /** §4.4: 0 or 1 and nothing else. */
  bool(): boolean {
    const value = this.u32()
    if (value > 1) throw new Malformed(`xdr: a boolean of ${value}`)
    return value === 1
  }

  /** Fixed-length opaque data (§4.9), a view. */
  fixed(length: number): Uint8Array {
    const whole = length + pad(length)
    if (this.left < whole) throw new Malformed(`xdr: ${whole} bytes wanted, ${this.left} there`)
    const bytes = this.#bytes.subarray(this.#at, this.#at + length)
    for (let at = this.#at + length; at < this.#at + whole; at++) if (this.#bytes[at] !== 0) throw new Malformed('xdr: padding that is not zero')
    this.#at += whole
    return bytes
  }

  /** Variable-length opaque data (§4.10), a view. @param most its declared bound, in bytes. */
  opaque(most: number): Uint8Array {
    const length = this.u32()
    if (length > most) throw new Malformed(`xdr: ${length} bytes where ${most} are the most`)
    return this.fixed(length)
  }

  /** A string, one character a byte (`fromUtf8(latin1(…))` is how it reads). */
  string(most: number): string {
    return fromLatin1(this.opaque(most))
  }

  /** §4.13: a counted array. */
  array<Item>(most: number, item: () => Item): Item[] {
    const count = this.u32()
    // No item is shorter than a word, so a count that lies is known before anything is made.
    if (count > most || count > this.left / 4) throw new Malformed(`xdr: an array of ${count} in ${this.left} bytes, ${most} are the most`)
    return Array.from({ length: count }, item)
  }

  /** §4.19: a value or nothing. */
  optional<Value>(value: () => Value): Value | undefined {
    return this.bool() ? value() : undefined
  }

  /** §4.19's list: each item is announced by a 1, the end by a 0. */
  list<Item>(most: number, item: () => Item): Item[] {
    const items: Item[] = []
    while (this.bool()) {
      if (items.length >= most) throw new Malformed(`xdr: a list of more than ${most}`)
      items.push(item())
    }
    return items
  }

  /** @throws {Malformed} when something is left over. */
  end(): void {
    if (this.left > 0) throw new Malformed(`xdr: ${this.left} bytes too many`)
  }
}

/** Writes one value after the other into a buffer that grows. Calls chain. */
export class XdrWriter {
  #bytes: Uint8Array
  #at: number
  readonly #from: number

  /** @param room bytes to begin with. @param headroom bytes in front that `bytes` leaves to its taker. */
  constructor(room = 256, headroom = 0) {
    this.#bytes = new Uint8Array(room + headroom)
    this.#at = headroom
    this.#from = headroom
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#at - this.#from
  }

  /** What was written, as a view. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(this.#from, this.#at)
  }

  /** The headroom and what was written, as a view. */
  get framed(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  u32(value: number): this {
    this.#need(4)
    putU32be(this.#bytes, this.#at, value)
    this.#at += 4
    return this
  }

  u64(value: bigint): this {
    return this.u32(Number((value >> 32n) & 0xffff_ffffn)).u32(Number(value & 0xffff_ffffn))
  }

  /** A whole number below 2^53 as an unsigned hyper. */
  offset(value: number): this {
    return this.u32(Math.floor(value / 0x1_0000_0000)).u32(value % 0x1_0000_0000)
  }

  bool(value: boolean): this {
    return this.u32(value ? 1 : 0)
  }

  fixed(bytes: Uint8Array): this {
    const padding = pad(bytes.length)
    this.#need(bytes.length + padding)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
    this.#bytes.fill(0, this.#at, this.#at + padding)
    this.#at += padding
    return this
  }

  opaque(bytes: Uint8Array): this {
    return this.u32(bytes.length).fixed(bytes)
  }

  /** One byte a character, as `XdrReader.string` gives it. */
  string(text: string): this {
    this.u32(text.length)
    const padding = pad(text.length)
    this.#need(text.length + padding)
    for (let at = 0; at < text.length; at++) this.#bytes[this.#at++] = text.charCodeAt(at)
    for (let at = 0; at < padding; at++) this.#bytes[this.#at++] = 0
    return this
  }

  optional<Value>(value: Value | undefined, write: (value: Value) => unknown): this {
    this.bool(value !== undefined)
    if (value !== undefined) write(value)
    return this
  }

  list<Item>(items: readonly Item[], write: (item: Item) => unknown): this {
    for (const item of items) {
      this.u32(1)
      write(item)
    }
    return this.u32(0)
  }

  /** Puts a word over one that was written before. @param at bytes from the first one written. */
  patch(at: number, value: number): this {
    assert(at + 4 <= this.length, `patch at ${at} of ${this.length}`)
    putU32be(this.#bytes, this.#from + at, value)
    return this
  }

  /** Takes back everything from `length` on. */
  cut(length: number): this {
    assert(length <= this.length, `cut to ${length} of ${this.length}`)
    this.#at = this.#from + length
    return this
  }

  #need(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + count))
    grown.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = grown
  }
}
