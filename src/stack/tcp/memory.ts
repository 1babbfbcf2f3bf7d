/** Bytes that all connections of a host may hold together: hostile peers fill windows that nobody reads. */

export class Memory {
  readonly limitBytes: number
  #usedBytes = 0

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
}
