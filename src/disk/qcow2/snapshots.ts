/** Snapshots inside a qcow2 image: taken, gone back to, removed. Whoever is killed in between leaves leaks behind, and nothing worse. */
import { concat, putU32be } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { SnapshotFacts, Snapshots } from '../format.ts'
import { readBytes, syncFile, writeFully } from '../image-file.ts'
import { putBig } from '../number.ts'
import { markOwners, placeOf } from './count.ts'
import type { Header } from './header.ts'
import type { Qcow2Disk } from './qcow2.ts'
import { buildSnapshot, readSnapshots, type Snapshot } from './snapshot-table.ts'

export class Qcow2Snapshots implements Snapshots {
  readonly #disk: Qcow2Disk

  constructor(disk: Qcow2Disk) {
    this.#disk = disk
  }

  list(): readonly SnapshotFacts[] {
    return this.#read().map(({ id, name, seconds, sizeBytes }) => ({ id, name, seconds, sizeBytes }))
  }

  create(name: string, seconds: number): void {
    const disk = this.#disk
    const known = this.#read()
    if (known.some((one) => one.name === name)) throw new Malformed(`there is a snapshot "${name}" already`)
    if (disk.header.dataFile !== undefined) throw new Malformed('an image with a data file can’t have snapshots')
    disk.commit()
    const { l1Position, l1Entries, clusterBytes, size } = disk.header
    const l1 = readBytes(disk.file, l1Position, l1Entries * 8)
    for (let at = 0; at < l1.length; at += 8) l1[at] &= 0x7f
    const copy = this.#place(l1)
    this.#eachCluster(l1, (cluster) => disk.refcounts.raise(cluster))
    this.#settle()
    markOwners(disk)
    const id = `${1 + Math.max(0, ...known.map((one) => Number.parseInt(one.id, 10) || 0))}`
    const entry = buildSnapshot({ id, name, l1Position: copy * clusterBytes, l1Entries, seconds, sizeBytes: size })
    this.#replace(concat(...known.map((one) => one.bytes), entry), known.length + 1)
  }

  apply(name: string): void {
    const disk = this.#disk
    const wanted = this.#find(name)
    const { header, file } = disk
    if (wanted.sizeBytes !== header.size || wanted.l1Entries !== header.l1Entries) throw new Malformed(`the disk had ${wanted.sizeBytes} bytes when "${name}" was taken; Netloom goes back to snapshots of the same size only`)
    disk.commit()
    const old = readBytes(file, header.l1Position, header.l1Entries * 8)
    const oldTable = oldPlace(header.l1Position, old.length, header.clusterBytes)
    const next = readBytes(file, wanted.l1Position, wanted.l1Entries * 8)
    this.#eachCluster(next, (cluster) => disk.refcounts.raise(cluster))
    this.#settle()
    const copy = this.#place(next)
    this.#settle()
    const pointer = new Uint8Array(8)
    putBig(pointer, 0, copy * header.clusterBytes)
    writeFully(file, 40, pointer)
    syncFile(file)
    this.#change({ l1Position: copy * header.clusterBytes })
    this.#eachCluster(old, (cluster) => disk.refcounts.lower(cluster))
    this.#giveBack(oldTable)
    markOwners(disk)
  }

  remove(name: string): void {
    const disk = this.#disk
    const gone = this.#find(name)
    disk.commit()
    const kept = this.#read().filter((one) => one.id !== gone.id)
    this.#replace(concat(...kept.map((one) => one.bytes)), kept.length)
    const l1 = readBytes(disk.file, gone.l1Position, gone.l1Entries * 8)
    this.#eachCluster(l1, (cluster) => disk.refcounts.lower(cluster))
    this.#giveBack(oldPlace(gone.l1Position, l1.length, disk.header.clusterBytes))
    markOwners(disk)
  }

  #read(): Snapshot[] {
    return readSnapshots(this.#disk.file, this.#disk.header).snapshots
  }

  #find(name: string): Snapshot {
    const found = this.#read().find((one) => one.name === name) ?? this.#read().find((one) => one.id === name)
    if (found === undefined) throw new Malformed(`there is no snapshot "${name}"`)
    return found
  }

  /** Every table and cluster below a first-level table, as often as it is referred to. */
  #eachCluster(l1: Uint8Array, visit: (cluster: number) => void): void {
    const { clusterBytes } = this.#disk.header
    for (let at = 0; at < l1.length; at += 8) {
      const table = placeOf(l1, at)
      if (table === 0) continue
      visit(table / clusterBytes)
      for (let entry = 0; entry < clusterBytes; entry += 8) {
        for (const cluster of this.#disk.clustersOf(this.#disk.links.locationAt(table + entry))) visit(cluster)
      }
    }
  }

  /** Writes bytes into clusters of their own. @returns the first. */
  #place(bytes: Uint8Array): number {
    const { clusterBytes } = this.#disk.header
    const count = Math.max(1, Math.ceil(bytes.length / clusterBytes))
    const first = this.#disk.refcounts.allocate(count)
    const whole = new Uint8Array(count * clusterBytes)
    whole.set(bytes)
    writeFully(this.#disk.file, first * clusterBytes, whole)
    this.#disk.links.forget(first * clusterBytes, whole.length)
    return first
  }

  /** A new table of snapshots takes the old one's place in one write. */
  #replace(table: Uint8Array, count: number): void {
    const disk = this.#disk
    const { header, file } = disk
    const old = header.snapshots === 0 ? { position: 0, length: 0 } : { position: header.snapshotsPosition, length: readSnapshots(file, header).length }
    const position = count === 0 ? 0 : this.#place(table) * header.clusterBytes
    this.#settle()
    const pointer = new Uint8Array(12)
    putU32be(pointer, 0, count)
    putBig(pointer, 4, position)
    writeFully(file, 60, pointer)
    syncFile(file)
    this.#change({ snapshots: count, snapshotsPosition: position })
    this.#giveBack(oldPlace(old.position, old.length, header.clusterBytes))
    this.#settle()
  }

  #settle(): void {
    this.#disk.refcounts.store()
    syncFile(this.#disk.file)
  }

  #giveBack({ first, count }: { first: number; count: number }): void {
    if (count > 0) this.#disk.refcounts.giveBack(first, count)
  }

  #change(fields: Partial<Pick<Header, 'l1Position' | 'snapshots' | 'snapshotsPosition'>>): void {
    Object.assign(this.#disk.header, fields)
  }
}

const oldPlace = (position: number, length: number, clusterBytes: number): { first: number; count: number } => ({ first: position / clusterBytes, count: position === 0 ? 0 : Math.max(1, Math.ceil(length / clusterBytes)) })
