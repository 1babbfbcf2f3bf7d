/** Buffers that streams of NAT's outside read into: handed to the lab with what was read, and back for the next read. */
import { largestFrame } from '../uplinks/packet-writer.ts'

/** By its length a buffer of ours is known when it comes back; no other room makes such. */
export const readBufferBytes = 131_072 + 8
const mostKept = 64
const frameBytes = largestFrame + 64

export interface Spare {
  readonly bytes: Uint8Array
  readonly address: number
}

export class BufferPool {
  readonly #addressOf: (bytes: Uint8Array) => number
  /** Where super-frames' buffers go when the outside has had what was in them. */
  readonly #frames: ((bytes: Uint8Array) => void) | undefined
  readonly #free: Uint8Array[] = []
  #spare: Spare | undefined

  /** @param frames takes back what came out of the pool of frames. */
  constructor(addressOf: (bytes: Uint8Array) => number, frames?: (bytes: Uint8Array) => void) {
    this.#addressOf = addressOf
    this.#frames = frames
  }

  /** Where the next read goes. */
  get spare(): Spare {
    if (this.#spare === undefined) {
      const bytes = this.#free.pop() ?? new Uint8Array(Buffer.allocUnsafeSlow(readBufferBytes).buffer)
      this.#spare = { bytes, address: this.#addressOf(bytes) }
    }
    return this.#spare
  }

  /** The first `length` bytes of the spare one, which is the caller's from now on. */
  take(length: number): Uint8Array {
    const { bytes } = this.spare
    this.#spare = undefined
    return bytes.subarray(0, length)
  }

  /** Nobody uses these bytes any more. */
  give(bytes: Uint8Array): void {
    const { buffer } = bytes
    if (buffer.byteLength === frameBytes) this.#frames?.(bytes)
    else if (buffer.byteLength === readBufferBytes && this.#free.length < mostKept) this.#free.push(new Uint8Array(buffer))
  }
}
