/** A file's bytes: pages that were written here, over what lies below them. */

/** What shows through where nothing was written. */
export interface Lower {
  readonly size: number
  /** A view, or a copy; `length` bytes, all below `size`. */
  read(offset: number, length: number): Uint8Array
}

export const pageBytes = 16_384

export class Pages {
  /** In bytes. */
  size: number
  readonly #lower: Lower | undefined
  /** Below this, the lower bytes show through; a file once cut short never shows them again. */
  #shown: number
  readonly #pages = new Map<number, Uint8Array>()

  constructor(lower?: Lower) {
    this.#lower = lower
    this.size = lower?.size ?? 0
    this.#shown = this.size
  }

  /** Pages held in memory. */
  get held(): number {
    return this.#pages.size
  }

  /** Pages that a write would have to make. */
  missing(offset: number, length: number): number {
    let count = 0
    for (let page = Math.floor(offset / pageBytes); page * pageBytes < offset + length; page++) if (!this.#pages.has(page)) count++
    return count
  }

  /** May be a view. */
  read(offset: number, length: number): Uint8Array {
    const end = Math.min(this.size, offset + length)
    if (end <= offset) return new Uint8Array(0)
    if (this.#pages.size === 0 && this.#lower !== undefined && end <= this.#shown) return this.#lower.read(offset, end - offset)
    const bytes = new Uint8Array(end - offset)
    for (let at = offset; at < end; ) {
      const page = Math.floor(at / pageBytes)
      const stop = Math.min(end, (page + 1) * pageBytes)
      const held = this.#pages.get(page)
      bytes.set(held === undefined ? this.#below(at, stop) : held.subarray(at - page * pageBytes, stop - page * pageBytes), at - offset)
      at = stop
    }
    return bytes
  }

  write(offset: number, from: Uint8Array): void {
    const end = offset + from.length
    for (let at = offset; at < end; ) {
      const page = Math.floor(at / pageBytes)
      const stop = Math.min(end, (page + 1) * pageBytes)
      this.#page(page).set(from.subarray(at - offset, stop - offset), at - page * pageBytes)
      at = stop
    }
    this.size = Math.max(this.size, end)
  }

  /** What is cut off is gone: a file that grows again grows zeroes. */
  resize(size: number): void {
    if (size < this.size) {
      this.#shown = Math.min(this.#shown, size)
      for (const [page, bytes] of this.#pages) {
        if (page * pageBytes >= size) this.#pages.delete(page)
        else bytes.fill(0, Math.max(0, size - page * pageBytes))
      }
    }
    this.size = size
  }

  #page(page: number): Uint8Array {
    let bytes = this.#pages.get(page)
    if (bytes === undefined) {
      bytes = new Uint8Array(pageBytes)
      bytes.set(this.#below(page * pageBytes, (page + 1) * pageBytes))
      this.#pages.set(page, bytes)
    }
    return bytes
  }

  #below(from: number, to: number): Uint8Array {
    const end = Math.min(to, this.#shown)
    return this.#lower === undefined || end <= from ? new Uint8Array(0) : this.#lower.read(from, end - from)
  }
}
