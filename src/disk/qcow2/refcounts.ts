/**
 * qcow2's refcounts: which clusters of the file are used, and how often. docs/interop/qcow2.txt, §Host cluster management.
 *
 * Raising a count must be stable before what it counts is linked, lowering only after the link is gone; the disk sees to that by when it calls
 * `store`. A cluster that is counted and not linked is a leak, which harms nobody.
 */
import { DiskError } from '../block.ts'
import { readBytes, syncFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { big, putBig, roundUp } from '../number.ts'
import { PageCache } from '../page-cache.ts'
import { putU32be } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { Header } from './header.ts'

/** Counting more clusters than this in memory is refused: 16 TiB of 64 KiB clusters. */
const mostClusters = 2 ** 28

export class Refcounts {
  readonly #file: ImageFile
  readonly #clusterBytes: number
  readonly #order: number
  readonly #perBlock: number
  readonly #cache: PageCache
  #table: Uint8Array
  #tablePosition: number
  /** Below it there was nothing free when it was last looked at. */
  #hint = 0

  /** @throws {Malformed} @throws {DiskError} */
  constructor(file: ImageFile, header: Pick<Header, 'clusterBytes' | 'refcountOrder' | 'refcountTablePosition' | 'refcountTableClusters'>) {
    this.#file = file
    this.#clusterBytes = header.clusterBytes
    this.#order = header.refcountOrder
    this.#perBlock = (header.clusterBytes * 8) / 2 ** header.refcountOrder
    this.#cache = new PageCache(file, Math.min(4096, header.clusterBytes))
    this.#tablePosition = header.refcountTablePosition
    this.#table = readBytes(file, this.#tablePosition, header.refcountTableClusters * header.clusterBytes)
  }

  get dirtyBytes(): number {
    return this.#cache.dirtyBytes
  }

  /** Clusters that the table as it is can count. */
  get reach(): number {
    return (this.#table.length / 8) * this.#perBlock
  }

  /** Clusters that belong to the counts themselves. */
  *own(): Generator<number> {
    for (let at = 0; at < this.#table.length; at += this.#clusterBytes) yield (this.#tablePosition + at) / this.#clusterBytes
    for (let block = 0; block < this.#table.length / 8; block++) {
      const position = this.#block(block)
      if (position !== 0) yield position / this.#clusterBytes
    }
  }

  get(cluster: number): number {
    const block = Math.floor(cluster / this.#perBlock)
    if (block >= this.#table.length / 8) return 0
    const position = this.#block(block)
    if (position === 0) return 0
    return readCount(this.#cache, position, cluster % this.#perBlock, this.#order)
  }

  /** @throws {DiskError} where the count does not fit, or the range has no block yet. */
  set(cluster: number, count: number): void {
    if (count < 0 || (this.#order < 6 && count >= 2 ** 2 ** this.#order)) throw new DiskError('EIO', `a cluster's refcount can't be ${count}`)
    const position = this.#block(Math.floor(cluster / this.#perBlock))
    if (position === 0) throw new DiskError('EIO', `cluster ${cluster} is used and has no refcount`)
    writeCount(this.#cache, position, cluster % this.#perBlock, this.#order, count)
    if (count === 0 && cluster < this.#hint) this.#hint = cluster
  }

  raise(cluster: number): void {
    this.set(cluster, this.get(cluster) + 1)
  }

  lower(cluster: number): void {
    this.set(cluster, this.get(cluster) - 1)
  }

  /** @returns the first of `count` clusters in a row that were free and are counted once now. @throws {DiskError} */
  allocate(count = 1): number {
    let start = this.#hint
    for (let length = 0; length < count; ) {
      const cluster = start + length
      if (cluster >= this.reach) this.#grow(start + count)
      if (this.#ensureBlock(cluster) || this.get(cluster) !== 0) {
        start = cluster + 1
        length = 0
      } else length++
    }
    for (let at = 0; at < count; at++) this.set(start + at, 1)
    if (count === 1 || start === this.#hint) this.#hint = start + count
    return start
  }

  /** Gives back what was allocated and never linked. */
  giveBack(cluster: number, count = 1): void {
    for (let at = 0; at < count; at++) this.lower(cluster + at)
  }

  store(): void {
    this.#cache.store()
  }

  /**
   * Writes a new table with new blocks behind everything that is used, and lets the header point to it.
   * @param counts by cluster; what the old table and its blocks took is not counted in it.
   */
  rewrite(counts: Uint32Array, used: number): void {
    const { clusters, tableClusters, blocks } = planTable(used, this.#clusterBytes, this.#perBlock)
    const table = new Uint8Array(tableClusters * this.#clusterBytes)
    const first = used
    for (let block = 0; block < blocks; block++) {
      const position = (first + tableClusters + block) * this.#clusterBytes
      putBig(table, block * 8, position)
      writeFully(this.#file, position, this.#blockOf(counts, block, first, clusters))
    }
    writeFully(this.#file, first * this.#clusterBytes, table)
    syncFile(this.#file)
    const pointer = new Uint8Array(12)
    putBig(pointer, 0, first * this.#clusterBytes)
    putU32be(pointer, 8, tableClusters)
    writeFully(this.#file, 48, pointer)
    syncFile(this.#file)
    this.#table = table
    this.#tablePosition = first * this.#clusterBytes
    this.#cache.forget(first * this.#clusterBytes, (tableClusters + blocks) * this.#clusterBytes)
    this.#hint = 0
  }

  /** One block of counts: those given, and one for each cluster from `first` to `end`. */
  #blockOf(counts: Uint32Array, block: number, first: number, end: number): Uint8Array {
    const bytes = new Uint8Array(this.#clusterBytes)
    const start = block * this.#perBlock
    for (let at = 0; at < this.#perBlock; at++) {
      const cluster = start + at
      const count = cluster >= first && cluster < end ? 1 : cluster < first ? (counts[cluster] ?? 0) : 0
      if (count !== 0) putCount(bytes, at, this.#order, count)
    }
    return bytes
  }

  #block(index: number): number {
    if (index * 8 >= this.#table.length) return 0
    const position = big(this.#table, index * 8)
    if (position % this.#clusterBytes !== 0 || position > 2 ** 52) throw new DiskError('EIO', `the refcount table points to ${position}`)
    return position
  }

  /** Where a range of the file has no block of counts yet, its first cluster becomes one. @returns whether that was this cluster. */
  #ensureBlock(cluster: number): boolean {
    const index = Math.floor(cluster / this.#perBlock)
    if (this.#block(index) !== 0) return false
    const own = index * this.#perBlock
    const block = new Uint8Array(this.#clusterBytes)
    putCount(block, 0, this.#order, 1)
    writeFully(this.#file, own * this.#clusterBytes, block)
    this.#cache.forget(own * this.#clusterBytes, this.#clusterBytes)
    syncFile(this.#file)
    putBig(this.#table, index * 8, own * this.#clusterBytes)
    writeFully(this.#file, this.#tablePosition + index * 8, this.#table.subarray(index * 8, index * 8 + 8))
    return own === cluster
  }

  #grow(wanted: number): void {
    if (wanted > mostClusters) throw new DiskError('ENOSPC', 'the image can grow no further')
    this.store()
    const reach = this.reach
    const counts = new Uint32Array(reach)
    for (let cluster = 0; cluster < reach; cluster++) counts[cluster] = this.get(cluster)
    const old = [...this.own()]
    for (const cluster of old) counts[cluster]--
    this.rewrite(counts, reach)
    const room = (this.#table.length / 8) * this.#perBlock
    if (room < wanted) throw new DiskError('ENOSPC', 'the image can grow no further')
  }
}

/** How large a table must be that counts `used` clusters, twice as many to come, and itself. */
function planTable(used: number, clusterBytes: number, perBlock: number): { clusters: number; tableClusters: number; blocks: number } {
  const tableClusters = roundUp(Math.ceil((used * 2 + 64) / perBlock + 2) * 8, clusterBytes) / clusterBytes
  let blocks = 1
  while (blocks * perBlock < used + tableClusters + blocks) blocks++
  return { clusters: used + tableClusters + blocks, tableClusters, blocks }
}

function readCount(cache: PageCache, block: number, index: number, order: number): number {
  if (order < 3) {
    const position = block + (index >> (3 - order))
    return (cache.page(position)[cache.at(position)] >> ((index << order) & 7)) & (2 ** 2 ** order - 1)
  }
  const bytes = 2 ** (order - 3)
  const position = block + index * bytes
  const page = cache.page(position)
  let value = 0
  for (let at = cache.at(position), end = at + bytes; at < end; at++) value = value * 256 + page[at]
  return value
}

function writeCount(cache: PageCache, block: number, index: number, order: number, count: number): void {
  const position = block + (order < 3 ? index >> (3 - order) : index * 2 ** (order - 3))
  const page = cache.change(position)
  putCount(page.subarray(cache.at(position)), order < 3 ? index & (2 ** (3 - order) - 1) : 0, order, count)
}

/** Narrow counts fill a byte from its low bits; wide ones are big-endian. */
function putCount(bytes: Uint8Array, index: number, order: number, count: number): void {
  if (order < 3) {
    const shift = (index << order) & 7
    const at = index >> (3 - order)
    bytes[at] = (bytes[at] & ~((2 ** 2 ** order - 1) << shift)) | (count << shift)
    return
  }
  const size = 2 ** (order - 3)
  let left = count
  for (let at = size - 1; at >= 0; at--) {
    bytes[index * size + at] = left % 256
    left = Math.floor(left / 256)
  }
}

/** Counters for every cluster of the file. @throws {Malformed} where that would be too many. */
export function countersFor(file: ImageFile, clusterBytes: number): Uint32Array {
  const clusters = Math.ceil(file.size / clusterBytes)
  if (clusters > 2 ** 26) throw new Malformed(`${file.name}: ${clusters} clusters are more than can be counted in memory`)
  return new Uint32Array(clusters)
}
