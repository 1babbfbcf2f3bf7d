/**
 * qcow2's two levels of tables: from a cluster of the disk to where it lies in the file. docs/interop/qcow2.txt, §Cluster mapping.
 * Changes wait in memory until `store`; whoever calls it has made stable what they point to.
 */
import { putU32be, u32be } from '../../base/bytes.ts'
import { DiskError } from '../block.ts'
import { readFully, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { PageCache } from '../page-cache.ts'
import type { Header } from './header.ts'
import type { Refcounts } from './refcounts.ts'

/** Bit 63 and 62 of an entry, in its upper word. */
const copiedBit = 0x8000_0000
const compressedBit = 0x4000_0000
/** Bit 0 of a second-level entry, version 3 only. */
const zeroBit = 1

/** Where a cluster's content is. `own`: nobody else refers to it, so it may be written in place. */
export type Location =
  | { readonly kind: 'absent' }
  /** `position` is not 0 where room is kept for the cluster. */
  | { readonly kind: 'zero'; readonly position: number; readonly own: boolean }
  | { readonly kind: 'data'; readonly position: number; readonly own: boolean }
  /** `length` is how many bytes at most the stream has. */
  | { readonly kind: 'compressed'; readonly position: number; readonly length: number }

const absent: Location = { kind: 'absent' }

export class Links {
  readonly #file: ImageFile
  readonly #header: Header
  readonly #cache: PageCache
  readonly #perTable: number

  constructor(file: ImageFile, header: Header) {
    this.#file = file
    this.#header = header
    this.#cache = new PageCache(file, Math.min(4096, header.clusterBytes))
    this.#perTable = header.clusterBytes / 8
  }

  get dirtyBytes(): number {
    return this.#cache.dirtyBytes
  }

  /** @throws {DiskError} where the tables are damaged. */
  locate(cluster: number): Location {
    const table = this.table(Math.floor(cluster / this.#perTable))
    return table.position === 0 ? absent : this.locationAt(table.position + (cluster % this.#perTable) * 8)
  }

  /** What the second-level entry at a position of the file says. @throws {DiskError} */
  locationAt(position: number): Location {
    const page = this.#cache.page(position)
    const at = this.#cache.at(position)
    const upper = u32be(page, at)
    const lower = u32be(page, at + 4)
    if ((upper & compressedBit) !== 0) return this.#compressed(upper, lower)
    const place = this.#place(upper, lower & ~0x1ff)
    const own = (upper & copiedBit) !== 0
    if ((lower & zeroBit) !== 0 && this.#header.version === 3) return { kind: 'zero', position: place, own }
    // With a data file, position 0 is a place like any other; what is there says the bit.
    if (place === 0 && !(own && this.#header.dataFile !== undefined)) return absent
    return { kind: 'data', position: place, own }
  }

  /** The second-level table for an entry of the first; position 0 where there is none. @throws {DiskError} */
  table(index: number): { readonly position: number; readonly own: boolean } {
    const position = this.#header.l1Position + index * 8
    const page = this.#cache.page(position)
    const at = this.#cache.at(position)
    const upper = u32be(page, at)
    return { position: this.#place(upper, u32be(page, at + 4) & ~0x1ff), own: (upper & copiedBit) !== 0 }
  }

  /** Sees to it that the table over a cluster may be changed. @param release is told which clusters are no longer referred to from here. */
  ownTable(cluster: number, refcounts: Refcounts, release: (cluster: number) => void): void {
    const { clusterBytes, l1Position } = this.#header
    const index = Math.floor(cluster / this.#perTable)
    const old = this.table(index)
    if (old.position !== 0 && old.own) return
    const fresh = refcounts.allocate()
    const content = new Uint8Array(clusterBytes)
    try {
      if (old.position !== 0) this.#copyTable(old.position, content)
      writeFully(this.#file, fresh * clusterBytes, content)
    } catch (error) {
      refcounts.giveBack(fresh)
      throw error
    }
    this.#cache.forget(fresh * clusterBytes, clusterBytes)
    this.#put(l1Position + index * 8, fresh * clusterBytes, copiedBit, 0)
    if (old.position !== 0) release(old.position / clusterBytes)
  }

  /** @param position 0 takes the link away. The table over the cluster is its own. */
  link(cluster: number, position: number, zero = false): void {
    const own = position !== 0 || (this.#header.dataFile !== undefined && !zero)
    this.#put(this.#entry(cluster), position, own ? copiedBit : 0, zero ? zeroBit : 0)
  }

  unlink(cluster: number): void {
    this.#put(this.#entry(cluster), 0, 0, 0)
  }

  /** @param length of the compressed stream, in bytes; it may lie anywhere in the file. */
  linkCompressed(cluster: number, position: number, length: number): void {
    const shift = 62 - (this.#header.clusterBits - 8)
    const sectors = Math.floor((position % 512 + length - 1) / 512)
    this.#put(this.#entry(cluster), position, (compressedBit | (sectors << (shift - 32))) >>> 0, 0)
  }

  /** Says of the entry at a position of the file whether its cluster is used from here only. */
  markOwn(position: number, own: boolean): void {
    const page = this.#cache.page(position)
    const upper = u32be(page, this.#cache.at(position))
    if (((upper & copiedBit) !== 0) === own) return
    putU32be(this.#cache.change(position), this.#cache.at(position), own ? (upper | copiedBit) >>> 0 : upper & ~copiedBit)
  }

  store(): void {
    this.#cache.store()
  }

  forget(position: number, length: number): void {
    this.#cache.forget(position, length)
  }

  /** Only what is in memory knows of the latest links. */
  #copyTable(position: number, into: Uint8Array): void {
    const { clusterBytes } = this.#header
    readFully(this.#file, position, into)
    for (let at = 0; at < clusterBytes; ) {
      const page = this.#cache.page(position + at)
      into.set(page, at)
      at += page.length
    }
  }

  #entry(cluster: number): number {
    return this.table(Math.floor(cluster / this.#perTable)).position + (cluster % this.#perTable) * 8
  }

  #put(position: number, place: number, upper: number, lower: number): void {
    const page = this.#cache.change(position)
    const at = this.#cache.at(position)
    putU32be(page, at, (Math.floor(place / 2 ** 32) | upper) >>> 0)
    putU32be(page, at + 4, (place % 2 ** 32) + lower)
  }

  #place(upper: number, lower: number): number {
    const place = (upper & 0x00ff_ffff) * 2 ** 32 + (lower >>> 0)
    if (place % this.#header.clusterBytes !== 0 || place > 2 ** 52) throw new DiskError('EIO', `${this.#file.name}: a table points to ${place}, where no cluster begins`)
    return place
  }

  #compressed(upper: number, lower: number): Location {
    const shift = 62 - (this.#header.clusterBits - 8) - 32
    const position = (upper & (2 ** shift - 1)) * 2 ** 32 + lower
    const sectors = ((upper & 0x3fff_ffff) >>> shift) + 1
    return { kind: 'compressed', position, length: sectors * 512 - (position % 512) }
  }
}
