/** Frames in a byte stream, as QEMU's -netdev stream writes them: four bytes of length, most significant first, then the frame (QEMU net/stream.c). */

/** QEMU's NET_BUFSIZE: 64 KiB and its header's room. */
export const longestFrame = 4096 + 65_536

export class StreamFrames {
  /** Of the frame that is coming in: its length's bytes, then its own. */
  #head = 0
  #headBytes = 0
  #frame: Uint8Array | undefined
  #filled = 0

  /**
   * Takes what came, however it is cut.
   * @param hear is given each frame once it is whole; the bytes are its own.
   * @returns false when a length makes no sense: whoever wrote it speaks something else.
   */
  feed(bytes: Uint8Array, hear: (frame: Uint8Array) => void): boolean {
    let at = 0
    while (at < bytes.length) {
      if (this.#frame === undefined) {
        this.#head = this.#head * 256 + bytes[at++]
        if (++this.#headBytes < 4) continue
        if (this.#head < 1 || this.#head > longestFrame) return false
        this.#frame = new Uint8Array(this.#head)
        this.#filled = 0
        continue
      }
      const part = bytes.subarray(at, at + this.#frame.length - this.#filled)
      this.#frame.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === this.#frame.length) this.#done(this.#frame, hear)
    }
    return true
  }

  #done(frame: Uint8Array, hear: (frame: Uint8Array) => void): void {
    this.#frame = undefined
    this.#head = 0
    this.#headBytes = 0
    hear(frame)
  }
}

/** The length to put in front of a frame. */
export function frameHead(length: number): Uint8Array {
  return Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length)
}
