/** DNS over TCP: messages with their length in front, cut out of a stream. RFC 1035 §4.2.2, RFC 7766 §8. */
import { concat, putU16be, u16be } from '../../src/base/bytes.ts'

/** Puts the length in front, in one write: two would be two segments (RFC 7766 §8). */
export function frame(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + message.length)
  putU16be(bytes, 0, message.length)
  bytes.set(message, 2)
  return bytes
}

/** Collects what comes in pieces; never holds more than one message and what came with its end. */
export class Frames {
  #rest: Uint8Array = new Uint8Array(0)

  /** @returns the messages that are whole now. */
  take(bytes: Uint8Array): Uint8Array[] {
    this.#rest = concat(this.#rest, bytes)
    const whole: Uint8Array[] = []
    let at = 0
    while (this.#rest.length - at >= 2 && this.#rest.length - at - 2 >= u16be(this.#rest, at)) {
      const end = at + 2 + u16be(this.#rest, at)
      whole.push(this.#rest.slice(at + 2, end))
      at = end
    }
    this.#rest = this.#rest.slice(at)
    return whole
  }
}
