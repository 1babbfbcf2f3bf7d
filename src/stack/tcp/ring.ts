/** Bytes of a stream, kept under their sequence numbers in a ring that grows as it must and holds nothing while it is empty. */
import type { Memory } from './memory.ts'
import { assert } from '../../base/errors.ts'

const smallest = 2048
const none = new Uint8Array(0)

export class Ring {
  /** The first byte kept. */
  start: number
  /** Behind the last byte of the stream's unbroken beginning; bytes may have been put beyond it. */
  end: number
  readonly #memory: Memory
  #bytes = none

  constructor(start: number, memory: Memory) {
    this.start = start
    this.end = start
    this.#memory = memory
  }

  get length(): number {
    return this.end - this.start
  }

  /** Appends; always has room. */
  append(bytes: Uint8Array): void {
    this.#reach(this.end + bytes.length, true)
    this.#write(this.end, bytes)
    this.end += bytes.length
  }

  /** Puts bytes at or beyond `end`, which stays. @returns false when memory ran out, and nothing was put. */
  put(at: number, bytes: Uint8Array): boolean {
    assert(at >= this.end, 'bytes put where others stand')
    if (!this.#reach(at + bytes.length, false)) return false
    this.#write(at, bytes)
    return true
  }

  copy(at: number, length: number, into: Uint8Array, to: number): void {
    if (length === 0) return
    const from = at & (this.#bytes.length - 1)
    const first = Math.min(length, this.#bytes.length - from)
    into.set(this.#bytes.subarray(from, from + first), to)
    if (first < length) into.set(this.#bytes.subarray(0, length - first), to + first)
  }

  slice(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    this.copy(at, length, bytes, 0)
    return bytes
  }

  /** Forgets everything before `until`. @param beyond whether bytes were put beyond the end. */
  release(until: number, beyond = false): void {
    this.start = until
    if (this.end < until) this.end = until
    if (this.end === until && !beyond) this.clear()
  }

  /** Gives the memory back. */
  clear(): void {
    this.#memory.give(this.#bytes.length)
    this.#bytes = none
    this.end = this.start
  }

  #write(at: number, bytes: Uint8Array): void {
    const from = at & (this.#bytes.length - 1)
    const first = this.#bytes.length - from
    if (bytes.length <= first) return this.#bytes.set(bytes, from)
    this.#bytes.set(bytes.subarray(0, first), from)
    this.#bytes.set(bytes.subarray(first), 0)
  }

  #reach(until: number, always: boolean): boolean {
    const needed = until - this.start
    const old = this.#bytes.length
    if (needed <= old) return true
    // A power of two, so that a position is a mask away.
    const size = 2 ** Math.ceil(Math.log2(Math.max(needed, smallest)))
    if (always) this.#memory.takeAlways(size - old)
    else if (!this.#memory.take(size - old)) return false
    const bytes = new Uint8Array(size)
    for (let at = this.start; at < this.start + old; ) {
      const from = at & (old - 1)
      const to = at & (size - 1)
      const length = Math.min(old - from, size - to, this.start + old - at)
      bytes.set(this.#bytes.subarray(from, from + length), to)
      at += length
    }
    this.#bytes = bytes
    return true
  }
}
