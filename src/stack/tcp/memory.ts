/** Bytes that all connections of a host may hold together: hostile peers fill windows that nobody reads. And where small buffers come from. */

/** Buffers up to this size are cut from larger ones: making one of its own for each segment took a third of the time of a transfer at MTU 1500. */
const small = 4096
const slabBytes = 65_536
/** Link, IPv6 and TCP with all their options are shorter; all behind is written over. */
const headersMost = 256

export class Memory {
  readonly limitBytes: number
  #usedBytes = 0
  #slab = new Uint8Array(0)
  #slabAt = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** @returns false when `bytes` more would pass the limit; nothing is taken then. */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.limitBytes) return false
    this.#usedBytes += bytes
    return true
  }

  /** For what our own side writes: it is bounded by who heeds `drain`, and is never refused. */
  takeAlways(bytes: number): void {
    this.#usedBytes += bytes
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes
  }

  /** Where large buffers come from, their bytes unset; undefined: they are made. Whoever gets the frame that is built in one may use it again. */
  lend: ((length: number) => Uint8Array) | undefined

  /** A buffer that is the caller's for good, zeroed where headers go; it does not count against the limit. */
  fresh(length: number): Uint8Array {
    if (length > small) return this.lend?.(length).fill(0, 0, headersMost) ?? new Uint8Array(length)
    if (this.#slabAt + length > this.#slab.length) {
      this.#slab = new Uint8Array(slabBytes)
      this.#slabAt = 0
    }
    const buffer = this.#slab.subarray(this.#slabAt, this.#slabAt + length)
    this.#slabAt = (this.#slabAt + length + 7) & ~7
    return buffer
  }
}
