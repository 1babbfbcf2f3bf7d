/** RAM of several machines as pages that are kept once, whoever has them and how often: kernels and root file systems are mostly the same. */
import { Malformed } from '../../base/errors.ts'
import type { RamState } from '../../board/ram.ts'

export const pageBytes = 4096
/** Pages in one piece: what is deflated, and lies in memory, together. */
const piecePages = 1024

/** Pages of one RAM: `[offset / pageBytes, page of the pool]`, flat. Pages of zeros are left out. */
export type PageTable = Uint32Array

export class PagePool {
  readonly #pieces: Uint8Array[] = []
  /** Hash → pages that have it. */
  readonly #known = new Map<number, number[]>()
  #count = 0

  /** Pages that are kept. */
  get count(): number {
    return this.#count
  }

  /** What to write, in this order; the last may be short. */
  get pieces(): readonly Uint8Array[] {
    return this.#pieces.map((piece, index) => piece.subarray(0, Math.min(piecePages, this.#count - index * piecePages) * pageBytes))
  }

  add(ram: RamState): PageTable {
    const table: number[] = []
    for (const { offset, bytes } of ram) {
      for (let at = 0; at < bytes.length; at += pageBytes) {
        const page = bytes.subarray(at, at + pageBytes)
        const hash = hashPage(page)
        if (hash !== undefined) table.push((offset + at) / pageBytes, this.#find(hash, page))
      }
    }
    return Uint32Array.from(table)
  }

  #find(hash: number, page: Uint8Array): number {
    const same = this.#known.get(hash) ?? []
    const found = same.find((index) => equalPages(this.#page(index), page))
    if (found !== undefined) return found
    const index = this.#count++
    if (index % piecePages === 0) this.#pieces.push(new Uint8Array(piecePages * pageBytes))
    this.#page(index).set(page)
    same.push(index)
    if (same.length === 1) this.#known.set(hash, same)
    return index
  }

  #page(index: number): Uint8Array {
    const at = (index % piecePages) * pageBytes
    return this.#pieces[Math.floor(index / piecePages)].subarray(at, at + pageBytes)
  }
}

/** RAM as views into the pieces of a pool. @throws {Malformed} for a page that is not there. */
export function ramOf(table: PageTable, pieces: readonly Uint8Array[]): RamState {
  return Array.from({ length: table.length / 2 }, (_, entry) => {
    const index = table[2 * entry + 1]
    const at = (index % piecePages) * pageBytes
    const bytes = pieces[Math.floor(index / piecePages)]?.subarray(at, at + pageBytes)
    if (bytes?.length !== pageBytes) throw new Malformed(`there is no page ${index}`)
    return { offset: table[2 * entry] * pageBytes, bytes }
  })
}

/** @returns undefined for a page of zeros. */
function hashPage(page: Uint8Array): number | undefined {
  const words = new Int32Array(page.buffer, page.byteOffset, page.length >> 2)
  let any = 0
  let hash = 0x811c9dc5
  for (let at = 0; at < words.length; at++) {
    any |= words[at]
    hash = Math.imul(hash ^ words[at], 0x01000193)
    hash ^= hash >>> 15
  }
  return any === 0 ? undefined : hash
}

function equalPages(a: Uint8Array, b: Uint8Array): boolean {
  const left = new Int32Array(a.buffer, a.byteOffset, a.length >> 2)
  const right = new Int32Array(b.buffer, b.byteOffset, b.length >> 2)
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false
  return true
}
