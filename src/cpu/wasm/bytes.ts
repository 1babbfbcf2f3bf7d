/** A growing byte string with wasm's integer encodings. WebAssembly core specification 2.0 §5.2. */
import { utf8 } from '../../base/bytes.ts'

export class ByteWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** The bytes so far; a copy. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.#length++] = value
  }

  bytes(values: Uint8Array | readonly number[]): void {
    if (this.#length + values.length > this.#bytes.length) this.#grow(values.length)
    this.#bytes.set(values, this.#length)
    this.#length += values.length
  }

  /** LEB128, unsigned; up to 32 bits. */
  u32(value: number): void {
    let rest = value >>> 0
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.byte(rest)
  }

  /** LEB128, signed; 32 bits. */
  s32(value: number): void {
    let rest = value | 0
    for (;;) {
      const low = rest & 0x7f
      rest >>= 7
      if ((rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40)) return this.byte(low)
      this.byte(low | 0x80)
    }
  }

  /** LEB128, signed; 64 bits. */
  s64(value: bigint): void {
    let rest = BigInt.asIntN(64, value)
    if (rest >= -0x8000_0000n && rest <= 0x7fff_ffffn) return this.s32(Number(rest))
    for (;;) {
      const low = Number(rest & 0x7fn)
      rest >>= 7n
      if ((rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)) return this.byte(low)
      this.byte(low | 0x80)
    }
  }

  name(text: string): void {
    const bytes = utf8(text)
    this.u32(bytes.length)
    this.bytes(bytes)
  }

  /** A length and then what `fill` writes. */
  sized(fill: (inner: ByteWriter) => void): void {
    const inner = new ByteWriter()
    fill(inner)
    this.u32(inner.length)
    this.bytes(inner.#bytes.subarray(0, inner.#length))
  }

  #grow(by: number): void {
    const wider = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + by))
    wider.set(this.#bytes)
    this.#bytes = wider
  }
}
