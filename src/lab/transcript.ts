/** What a console has said: all of it up to a bound, and who listens. */
import type { Instant } from '../base/time.ts'
import { fromLatin1, fromUtf8, utf8 } from '../base/bytes.ts'

/** Kept for `logs` and for who attaches late; a guest that prints for ever pushes its own past out. */
const longestKept = 1 << 20

export type HearConsole = (bytes: Uint8Array, time: Instant) => void

export class Transcript {
  readonly node: string
  #kept = new Uint8Array(4096)
  #length = 0
  #dropped = 0
  readonly #listeners = new Set<HearConsole>()

  constructor(node: string) {
    this.node = node
  }

  /** Bytes since power-on, those pushed out included. */
  get total(): number {
    return this.#dropped + this.#length
  }

  /** What is kept, oldest first; a copy. */
  get bytes(): Uint8Array {
    return this.#kept.slice(0, this.#length)
  }

  get text(): string {
    return fromUtf8(this.#kept.subarray(0, this.#length))
  }

  hear(bytes: Uint8Array, time: Instant): void {
    this.#keep(bytes)
    for (const listener of this.#listeners) listener(bytes, time)
  }

  /** @returns how to stop listening. */
  listen(listener: HearConsole): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #keep(bytes: Uint8Array): void {
    if (this.#length + bytes.length > longestKept) {
      // Half at once, so that a babbling guest costs one move per half a bound.
      const drop = Math.min(this.#length, Math.max(longestKept >> 1, this.#length + bytes.length - longestKept))
      this.#kept.copyWithin(0, drop, this.#length)
      this.#length -= drop
      this.#dropped += drop
    }
    if (this.#length + bytes.length > this.#kept.length) {
      const grown = new Uint8Array(Math.max(this.#kept.length * 2, this.#length + bytes.length))
      grown.set(this.#kept.subarray(0, this.#length))
      this.#kept = grown
    }
    this.#kept.set(bytes, this.#length)
    this.#length += bytes.length
  }
}

/** Watches a stream of bytes for a text, however it is cut into pieces; escape sequences and carriage returns between its characters don't hide it. */
export class TextWatch {
  readonly #wanted: string
  #tail = ''
  #escape = ''

  constructor(text: string) {
    this.#wanted = fromLatin1(utf8(text))
  }

  /** @returns whether the text has been seen, with these bytes or before. */
  feed(bytes: Uint8Array): boolean {
    if (this.#wanted === '') return true
    let text = this.#tail
    for (const byte of bytes) text += this.#plain(byte)
    const seen = text.includes(this.#wanted)
    this.#tail = this.#wanted.length > 1 ? text.slice(1 - this.#wanted.length) : ''
    return seen
  }

  /** The character, or nothing inside a CSI sequence (ECMA-48 §5.4) and for carriage returns. */
  #plain(byte: number): string {
    const char = String.fromCharCode(byte)
    if (this.#escape !== '') {
      this.#escape += char
      const done = this.#escape.length > 32 || (this.#escape[1] === '[' ? this.#escape.length > 2 && byte >= 0x40 && byte <= 0x7e : this.#escape.length > 1)
      if (done) this.#escape = ''
      return ''
    }
    if (byte === 0x1b) {
      this.#escape = char
      return ''
    }
    return byte === 0x0d ? '' : char
  }
}
