/** Cuts a stream into syslog messages. RFC 6587: counted (§3.4.1) where a message begins with a digit, else by line (§3.4.2). */
import { concat } from '../../src/base/bytes.ts'

/** A message that is longer is cut there; RFC 5424 §6.1 asks for 2048 to be taken. */
export const longestMessage = 8192
const lineFeed = 0x0a

export class Cutter {
  #bytes: Uint8Array = new Uint8Array(0)
  /** Bytes of a counted message that was too long, or of a line, which are still passed over. */
  #skip = 0
  #skipLine = false

  /** @returns the messages that are whole now. */
  take(bytes: Uint8Array): Uint8Array[] {
    this.#bytes = concat(this.#bytes, bytes)
    const messages: Uint8Array[] = []
    while (this.#bytes.length > 0) {
      const message = this.#next()
      if (message === undefined) break
      if (message.length > 0) messages.push(message)
    }
    return messages
  }

  /** What is left at the stream's end. */
  rest(): Uint8Array[] {
    const left = this.#skipLine || this.#skip > 0 ? new Uint8Array(0) : this.#bytes
    this.#bytes = new Uint8Array(0)
    return left.length === 0 ? [] : [left]
  }

  /** The next message, empty where something was passed over; undefined: more must come first. */
  #next(): Uint8Array | undefined {
    if (this.#skip > 0) return this.#pass(Math.min(this.#skip, this.#bytes.length))
    if (this.#skipLine) return this.#passLine()
    const count = this.#counted()
    if (count === 'more') return undefined
    return count === undefined ? this.#line() : this.#whole(count.digits, count.length)
  }

  #counted(): { digits: number; length: number } | 'more' | undefined {
    let digits = 0
    while (digits < this.#bytes.length && digits < 6 && this.#bytes[digits] >= 0x30 && this.#bytes[digits] <= 0x39) digits++
    if (digits === 0 || this.#bytes[0] === 0x30) return undefined
    if (digits === this.#bytes.length) return 'more'
    if (this.#bytes[digits] !== 0x20) return undefined
    return { digits, length: Number(String.fromCharCode(...this.#bytes.subarray(0, digits))) }
  }

  #whole(digits: number, length: number): Uint8Array | undefined {
    const from = digits + 1
    const kept = Math.min(length, longestMessage)
    if (this.#bytes.length < from + kept) return undefined
    const message = this.#bytes.slice(from, from + kept)
    this.#bytes = this.#bytes.slice(from + kept)
    this.#skip = length - kept
    return message
  }

  #line(): Uint8Array | undefined {
    const end = this.#bytes.indexOf(lineFeed)
    if (end < 0 && this.#bytes.length <= longestMessage) return undefined
    const kept = Math.min(end < 0 ? longestMessage : end, longestMessage)
    const message = this.#bytes.slice(0, kept)
    this.#skipLine = kept !== end
    this.#bytes = this.#bytes.slice(kept === end ? end + 1 : kept)
    return message
  }

  #pass(count: number): Uint8Array {
    this.#skip -= count
    this.#bytes = this.#bytes.slice(count)
    return new Uint8Array(0)
  }

  #passLine(): Uint8Array {
    const end = this.#bytes.indexOf(lineFeed)
    this.#skipLine = end < 0
    this.#bytes = end < 0 ? new Uint8Array(0) : this.#bytes.slice(end + 1)
    return new Uint8Array(0)
  }
}
