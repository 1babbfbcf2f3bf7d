/** Messages of a session with a guest on the control connection, both ways: length of the bytes (u32, little-endian), kind (u8), bytes. */
import type { GuestMessageKind } from '../lab/magic/guest-link.ts'

const kinds: readonly GuestMessageKind[] = ['open', 'data', 'end', 'taken', 'signal', 'gone', 'file', 'complaint', 'result']
const headBytes = 5
/** Longest message, with some room. */
const longest = (1 << 20) + 1024

export interface GuestFrame {
  readonly kind: GuestMessageKind
  readonly bytes: Uint8Array
}

export function formatGuestFrame({ kind, bytes }: GuestFrame): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + bytes.length)
  frame.writeUInt32LE(bytes.length, 0)
  frame[4] = kinds.indexOf(kind)
  frame.set(bytes, headBytes)
  return frame
}

/** Cuts a byte stream into messages. */
export class GuestFrames {
  #parts: Uint8Array[] = []
  #held = 0

  /** @returns the messages that are whole by now; their bytes are the caller's. @throws {RangeError} for what is no message. */
  feed(bytes: Uint8Array): GuestFrame[] {
    if (bytes.length === 0) return []
    this.#parts.push(bytes)
    this.#held += bytes.length
    if (this.#held < this.#wanted()) return []
    const whole = Buffer.concat(this.#parts)
    const frames: GuestFrame[] = []
    let at = 0
    while (whole.length - at >= headBytes && whole.length - at >= headBytes + lengthAt(whole, at)) {
      const length = lengthAt(whole, at)
      const kind = kinds[whole[at + 4]]
      if (kind === undefined) throw new RangeError(`a message of kind ${whole[at + 4]}`)
      frames.push({ kind, bytes: Uint8Array.from(whole.subarray(at + headBytes, at + headBytes + length)) })
      at += headBytes + length
    }
    this.#parts = at === whole.length ? [] : [whole.subarray(at)]
    this.#held = whole.length - at
    return frames
  }

  /** Bytes that the next message takes, as far as is known. */
  #wanted(): number {
    const [first] = this.#parts
    return first.length < headBytes ? headBytes : headBytes + lengthAt(Buffer.from(first.buffer, first.byteOffset, first.length), 0)
  }
}

function lengthAt(whole: Buffer, at: number): number {
  const length = whole.readUInt32LE(at)
  if (length > longest) throw new RangeError(`a message of ${length} bytes`)
  return length
}
