/**
 * A qcow2 image as a disk. QEMU, docs/interop/qcow2.txt.
 *
 * Theory of operation. Content is written to the file at once, into clusters that nobody else refers to. What makes it reachable waits in memory:
 * refcounts in one cache, tables in another. A commit writes the refcounts, syncs (which makes the content stable as well), writes the tables,
 * syncs, and then lowers the counts of what is no longer reachable. Whenever the process is killed, the file is an image that holds everything
 * committed; clusters may be counted that nobody refers to. A guest's flush is a commit; so is too much waiting in memory.
 * A cluster whose entry lacks the "copied" bit belongs to a snapshot too, and is copied before it is written.
 * Before you edit: a link may be stored only after a sync that followed the store of its refcount.
 */
import type { BlockDevice } from '../block.ts'
import { checkRange, DiskError, eachPart, refuseWrite } from '../block.ts'
import type { Codec } from '../codec.ts'
import { readBytes, readFully, syncFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { readBehind } from '../mapped.ts'
import { unzstd } from '../zstd/zstd.ts'
import type { Header } from './header.ts'
import { Links } from './links.ts'
import type { Location } from './links.ts'
import { Refcounts } from './refcounts.ts'

/** So much waits in memory before it is committed unasked. */
const mostWaiting = 4 << 20
/** Unpacked clusters that are remembered: what is read in pieces is unpacked once. */
const unpackedClusters = 8

export interface Qcow2Parts {
  readonly file: ImageFile
  readonly header: Header
  readonly codec: Codec
  /** Where the content is, if not in `file`. */
  readonly dataFile?: ImageFile | undefined
  /** What absent clusters show. */
  readonly backing?: BlockDevice | undefined
  readonly readOnly: boolean
}

export class Qcow2Disk implements BlockDevice {
  readonly size: number
  readonly readOnly: boolean
  readonly file: ImageFile
  readonly header: Header
  readonly refcounts: Refcounts
  readonly links: Links
  readonly #codec: Codec
  readonly #data: ImageFile
  readonly #outside: boolean
  readonly #backing: BlockDevice | undefined
  readonly #unpacked = new Map<number, Uint8Array>()
  /** Clusters of the file that lose a reference once the links are stable. */
  #released: number[] = []
  #changed = false
  /** Where the next compressed cluster may begin. */
  #packing = 0

  constructor(parts: Qcow2Parts) {
    this.file = parts.file
    this.header = parts.header
    this.size = parts.header.size
    this.readOnly = parts.readOnly || !parts.file.writable
    this.#codec = parts.codec
    this.#data = parts.dataFile ?? parts.file
    this.#outside = parts.dataFile !== undefined
    this.#backing = parts.backing
    this.refcounts = new Refcounts(parts.file, parts.header)
    this.links = new Links(parts.file, parts.header)
  }

  read(offset: number, into: Uint8Array): void {
    checkRange(this, offset, into.length)
    eachPart(offset, into.length, this.header.clusterBytes, (cluster, within, from, length) => {
      this.#readPart(this.links.locate(cluster), cluster, within, into.subarray(from, from + length))
    })
  }

  write(offset: number, from: Uint8Array): void {
    refuseWrite(this)
    checkRange(this, offset, from.length)
    eachPart(offset, from.length, this.header.clusterBytes, (cluster, within, at, length) => {
      this.#writePart(cluster, within, from.subarray(at, at + length))
    })
    this.#bound()
  }

  zero(offset: number, length: number): void {
    refuseWrite(this)
    checkRange(this, offset, length)
    const { clusterBytes } = this.header
    eachPart(offset, length, clusterBytes, (cluster, within, at, count) => {
      const whole = count === clusterBytes || (within === 0 && offset + at + count === this.size)
      const here = this.links.locate(cluster)
      if (here.kind === 'zero' || (here.kind === 'absent' && this.#backing === undefined)) return
      if (!whole || !this.#zeroCluster(cluster, here)) this.#writePart(cluster, within, new Uint8Array(count))
    })
    this.#bound()
  }

  flush(): void {
    if (!this.readOnly) this.commit()
  }

  close(): void {
    try {
      this.flush()
      if (!this.readOnly) this.refcounts.store()
    } finally {
      this.file.close()
      if (this.#outside) this.#data.close()
      this.#backing?.close?.()
    }
  }

  /** Makes everything written so far stable. @throws {DiskError} */
  commit(): void {
    if (this.#outside) syncFile(this.#data)
    if (this.#changed) this.refcounts.store()
    syncFile(this.file)
    if (!this.#changed) return
    this.links.store()
    syncFile(this.file)
    this.#changed = false
    this.#packing = 0
    const released = this.#released
    this.#released = []
    for (const cluster of released) this.refcounts.lower(cluster)
    this.refcounts.store()
  }

  /** Writes a whole cluster (the disk's last may be short) compressed, where that makes it smaller. @throws {DiskError} */
  writeCompressed(offset: number, from: Uint8Array): void {
    refuseWrite(this)
    const { clusterBytes, compression } = this.header
    const whole = new Uint8Array(clusterBytes)
    whole.set(from)
    const packed = compression === 'zlib' && !this.#outside ? this.#codec.deflateRaw(whole) : whole
    if (packed.length >= clusterBytes) return this.write(offset, from)
    const cluster = offset / clusterBytes
    const old = this.#own(cluster)
    const position = this.#room(packed.length)
    writeFully(this.file, position, packed)
    this.#unpacked.delete(position)
    this.links.linkCompressed(cluster, position, packed.length)
    this.#release(old)
    this.#bound()
  }

  /** Says that something waits for the next commit, for parts of the format that change tables on their own. */
  touch(): void {
    this.#changed = true
  }

  /** Clusters of the file that a location takes. */
  clustersOf(location: Location): number[] {
    const { clusterBytes } = this.header
    if (location.kind === 'absent' || this.#outside || (location.kind !== 'compressed' && location.position === 0)) return []
    const first = Math.floor(location.position / clusterBytes)
    if (location.kind !== 'compressed') return [first]
    const last = Math.floor((location.position + location.length - 1) / clusterBytes)
    return Array.from({ length: last - first + 1 }, (_, at) => first + at)
  }

  #readPart(here: Location, cluster: number, within: number, into: Uint8Array): void {
    switch (here.kind) {
      case 'absent':
        return readBehind(this.#backing, cluster * this.header.clusterBytes + within, into)
      case 'zero':
        return void into.fill(0)
      case 'data':
        return readFully(this.#data, here.position + within, into)
      case 'compressed':
        into.set(this.#unpack(here.position, here.length).subarray(within, within + into.length))
    }
  }

  #unpack(position: number, length: number): Uint8Array {
    const known = this.#unpacked.get(position)
    if (known !== undefined) return known
    const { clusterBytes, compression } = this.header
    const packed = readBytes(this.file, position, Math.min(length, Math.max(0, this.file.size - position)))
    let cluster: Uint8Array
    try {
      cluster = compression === 'zstd' ? unzstd(packed, clusterBytes) : this.#codec.inflateRaw(packed, clusterBytes)
    } catch (error) {
      throw new DiskError('EIO', `${this.file.name}: the compressed cluster at ${position} is damaged: ${(error as Error).message}`)
    }
    if (cluster.length !== clusterBytes) throw new DiskError('EIO', `${this.file.name}: the compressed cluster at ${position} holds ${cluster.length} bytes`)
    if (this.#unpacked.size >= unpackedClusters) this.#unpacked.delete(this.#unpacked.keys().next().value as number)
    this.#unpacked.set(position, cluster)
    return cluster
  }

  #writePart(cluster: number, within: number, from: Uint8Array): void {
    const here = this.links.locate(cluster)
    if (here.kind === 'data' && here.own) return writeFully(this.#data, here.position + within, from)
    const { clusterBytes } = this.header
    let content = from
    if (from.length !== clusterBytes) {
      content = new Uint8Array(clusterBytes)
      this.#readPart(here, cluster, 0, content)
      content.set(from, within)
    }
    const old = this.#own(cluster)
    const position = this.#outside ? cluster * clusterBytes : this.refcounts.allocate() * clusterBytes
    try {
      writeFully(this.#data, position, content)
    } catch (error) {
      if (!this.#outside) this.refcounts.giveBack(position / clusterBytes)
      throw error
    }
    this.links.link(cluster, position)
    this.#release(old)
  }

  /** @returns false where the format has no way to say it. */
  #zeroCluster(cluster: number, here: Location): boolean {
    if (this.header.version === 2 && this.#backing !== undefined) return false
    if (this.#outside) return false
    this.#own(cluster)
    if (this.#backing === undefined) this.links.unlink(cluster)
    else this.links.link(cluster, 0, true)
    this.#release(here)
    return true
  }

  /** Makes the table over a cluster writable. @returns what the cluster is now. */
  #own(cluster: number): Location {
    const here = this.links.locate(cluster)
    this.#changed = true
    this.links.ownTable(cluster, this.refcounts, (old) => this.#released.push(old))
    return here
  }

  #release(old: Location): void {
    for (const cluster of this.clustersOf(old)) this.#released.push(cluster)
  }

  /** Room for a compressed stream: behind the last one where it fits, else in a new cluster. */
  #room(length: number): number {
    const { clusterBytes } = this.header
    const left = this.#packing === 0 ? 0 : clusterBytes - (this.#packing % clusterBytes || clusterBytes)
    let position = this.#packing
    if (left >= length) this.refcounts.raise(Math.floor(position / clusterBytes))
    else {
      const fresh = this.refcounts.allocate() * clusterBytes
      if (left > 0 && fresh === position + left) this.refcounts.raise(Math.floor(position / clusterBytes))
      else position = fresh
    }
    this.#packing = position + length
    return position
  }

  #bound(): void {
    if (this.links.dirtyBytes + this.refcounts.dirtyBytes > mostWaiting || this.#released.length > 65_536) this.commit()
  }
}
