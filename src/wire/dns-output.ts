/** The bytes of a DNS message while they are written, with the names that later ones may point to (RFC 1035 §4.1.4). */
import { putU16be, putU32be } from '../base/bytes.ts'
import { fold, labelsOf, parentOf, root } from './dns-name.ts'

/** Pointers reach so far. */
const lastTarget = 0x3fff

export class DnsOutput {
  #bytes = new Uint8Array(512)
  #length = 0
  readonly #names = new Map<string, number>()

  get length(): number {
    return this.#length
  }

  /** What has been written; a copy. */
  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /** Forgets what stands from `length` on. */
  cut(length: number): void {
    this.#length = length
    for (const [name, at] of this.#names) if (at >= length) this.#names.delete(name)
  }

  u8(value: number): void {
    this.#bytes[this.#room(1)] = value
  }

  u16(value: number): void {
    putU16be(this.#bytes, this.#room(2), value)
  }

  u32(value: number): void {
    putU32be(this.#bytes, this.#room(4), value)
  }

  raw(bytes: Uint8Array): void {
    const at = this.#room(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** Writes over what stands at `at`. */
  patch(at: number, value: number): void {
    putU16be(this.#bytes, at, value)
  }

  /** @param compress whether a pointer may stand for its end; only in the types of RFC 1035 (RFC 3597 §4). @throws {Malformed} */
  name(name: string, compress: boolean): void {
    let rest: string = fold(name)
    for (const label of labelsOf(name)) {
      const known = this.#names.get(rest)
      if (compress && known !== undefined) return this.u16(0xc000 | known)
      if (known === undefined && this.#length <= lastTarget) this.#names.set(rest, this.#length)
      this.u8(label.length)
      this.raw(label)
      rest = parentOf(rest) ?? root
    }
    this.u8(0)
  }

  #room(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    return at
  }
}
