/**
 * Memory for frames on their way through a lab. Super-frames get a buffer each, which comes back when the frame leaves by an uplink; plain ones share larger chunks, because thousands of small allocations a second cost more than the frames.
 */
import { largestFrame } from './packet-writer.ts'

/** By its length a buffer of ours is known when it comes back. */
const superBytes = largestFrame + 64
const chunkBytes = 262_144
/** Buffers kept for later. */
const mostKept = 64

export class FramePool {
  /** Frames up to this share a chunk: copying one costs less than a buffer that doesn't come back. */
  readonly plainMost = 16_384
  readonly #free: ArrayBuffer[] = []
  #chunk = new ArrayBuffer(0)
  #used = 0

  /** A frame's memory, its bytes not set. */
  take(length: number): Uint8Array {
    if (length > superBytes) return new Uint8Array(length)
    if (length > this.plainMost) return new Uint8Array(this.#free.pop() ?? unset(superBytes), 0, length)
    if (this.#used + length > this.#chunk.byteLength) {
      this.#chunk = unset(chunkBytes)
      this.#used = 0
    }
    const bytes = new Uint8Array(this.#chunk, this.#used, length)
    this.#used += (length + 7) & ~7
    return bytes
  }

  /** Nobody uses the frame any more. Only the owner of a frame can say so. */
  give({ buffer }: Uint8Array): void {
    if (buffer.byteLength === superBytes && this.#free.length < mostKept) this.#free.push(buffer as ArrayBuffer)
  }
}

/** Without the zeros, which would be written over. */
const unset = (length: number): ArrayBuffer => Buffer.allocUnsafeSlow(length).buffer as ArrayBuffer
