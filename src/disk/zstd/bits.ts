/** The bit streams of Zstandard, which are read from their end. RFC 8878 §4. */
import { Malformed } from '../../base/errors.ts'

export class BackwardBits {
  readonly #bytes: Uint8Array
  /** Bits not yet read; below zero once more was asked for than there was. */
  left: number

  /** @throws {Malformed} unless the last byte has its end mark. */
  constructor(bytes: Uint8Array) {
    const last = bytes[bytes.length - 1] ?? 0
    if (last === 0) throw new Malformed('zstd: a bit stream without its end mark')
    this.#bytes = bytes
    this.left = bytes.length * 8 - 1 - Math.clz32(last << 24)
  }

  /** @param count 0 to 24. Before the start of the stream there are zeros. */
  take(count: number): number {
    const value = this.peek(count)
    this.left -= count
    return value
  }

  /** The next `count` bits, not taken. */
  peek(count: number): number {
    if (count === 0) return 0
    const from = this.left - count
    const at = from >> 3
    const bytes = this.#bytes
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
    return (word >>> (from & 7)) & ((1 << count) - 1)
  }

  /** Up to 32 bits. */
  takeLong(count: number): number {
    if (count <= 24) return this.take(count)
    const upper = this.take(count - 16)
    return upper * 65_536 + this.take(16)
  }
}
