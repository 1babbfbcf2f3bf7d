/** Bytes written one after the other, and read back: numbers as LEB128 (DWARF 5 §7.6), byte strings with their length in front. */
import { Malformed } from '../../base/errors.ts'

export class ByteWriter {
  #bytes = new Uint8Array(4096)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** A copy. */
  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /** Not a copy: good until something is written. */
  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Begins anew, in the room there is. */
  clear(): void {
    this.#length = 0
  }

  /** @param value a whole number from 0 to 2^53 - 1. */
  number(value: number): void {
    this.#room(8)
    let left = value
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.#bytes[this.#length++] = (left % 0x80) | 0x80
    this.#bytes[this.#length++] = left
  }

  /** Their length, and a copy of them. */
  put(bytes: Uint8Array): void {
    this.number(bytes.length)
    this.raw(bytes)
  }

  /** Without their length. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #room(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** All its readers throw Malformed at what was not written by `ByteWriter`. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get at(): number {
    return this.#at
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      if (this.left === 0 || scale > 2 ** 49) throw new Malformed(`no number at ${this.#at}`)
      const byte = this.#bytes[this.#at++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }

  /** One of `words`, by its number. */
  word<Word>(words: readonly Word[]): Word {
    const index = this.number()
    if (index >= words.length) throw new Malformed(`no word ${index} of ${words.length} in front of ${this.#at}`)
    return words[index]
  }

  /** A copy, its length in front. */
  take(): Uint8Array {
    return this.raw(this.number())
  }

  /** A copy of the next `length`. */
  raw(length: number): Uint8Array {
    if (length > this.left) throw new Malformed(`${length} bytes wanted at ${this.#at} of ${this.#bytes.length}`)
    this.#at += length
    return this.#bytes.slice(this.#at - length, this.#at)
  }
}
