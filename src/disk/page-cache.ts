/**
 * Tables of an image file, held in pages: read when they are looked at, written when the format says so.
 *
 * Two tables of which one must be stable before the other get a cache each; that is how formats order what they write.
 */
import { readFully, writeFully } from './image-file.ts'
import type { ImageFile } from './image-file.ts'

/** Clean pages beyond this many bytes are forgotten, oldest first. */
const mostBytes = 8 << 20

export class PageCache {
  readonly #file: ImageFile
  readonly #pageBytes: number
  readonly #pages = new Map<number, Uint8Array>()
  readonly #dirty = new Set<number>()
  #last = -1
  #lastPage: Uint8Array = new Uint8Array(0)

  /** @param pageBytes no entry straddles a border of pages of this size; nothing else of the file shares a page with what is changed here. */
  constructor(file: ImageFile, pageBytes = 4096) {
    this.#file = file
    this.#pageBytes = pageBytes
  }

  /** How much waits to be written, in bytes. */
  get dirtyBytes(): number {
    return this.#dirty.size * this.#pageBytes
  }

  /** The page around `position`, to be looked at; `position % pageBytes` is where. Valid until the next call. */
  page(position: number): Uint8Array {
    const start = position - (position % this.#pageBytes)
    if (start === this.#last) return this.#lastPage
    const page = this.#pages.get(start) ?? this.#load(start)
    this.#last = start
    this.#lastPage = page
    return page
  }

  /** The page around `position`, to be changed. */
  change(position: number): Uint8Array {
    const page = this.page(position)
    this.#dirty.add(position - (position % this.#pageBytes))
    return page
  }

  at(position: number): number {
    return position % this.#pageBytes
  }

  /** Forgets what it knows of a range that was written behind its back. */
  forget(position: number, length: number): void {
    for (let start = position - (position % this.#pageBytes); start < position + length; start += this.#pageBytes) {
      this.#pages.delete(start)
      this.#dirty.delete(start)
    }
    this.#last = -1
  }

  /** Writes what was changed, in the order of the file; does not sync. Pages that could not be written stay to be written. @throws {DiskError} */
  store(): void {
    for (const start of [...this.#dirty].sort((a, b) => a - b)) {
      writeFully(this.#file, start, this.#pages.get(start) as Uint8Array)
      this.#dirty.delete(start)
    }
  }

  #load(start: number): Uint8Array {
    if (this.#pages.size * this.#pageBytes >= mostBytes) this.#shrink()
    const page = new Uint8Array(this.#pageBytes)
    readFully(this.#file, start, page)
    this.#pages.set(start, page)
    return page
  }

  #shrink(): void {
    let left = Math.ceil(this.#pages.size / 4)
    for (const start of this.#pages.keys()) {
      if (left === 0) return
      if (this.#dirty.has(start)) continue
      this.#pages.delete(start)
      left--
    }
  }
}
