/** Looks through a qcow2 image: what refers to which cluster, and whether the refcounts say the same. */
import { putU32be, u32be } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { DiskError } from '../block.ts'
import { type CheckResult, mostComplaints } from '../format.ts'
import { readBytes, syncFile, writeFully } from '../image-file.ts'
import { incompatible } from './header.ts'
import type { Qcow2Disk } from './qcow2.ts'
import { countersFor } from './refcounts.ts'
import { readSnapshots } from './snapshot-table.ts'

/** What refers to the clusters of the file: the tables of the disk and of its snapshots. */
class Census {
  readonly counts: Uint32Array
  readonly errors: string[] = []
  readonly #disk: Qcow2Disk

  constructor(disk: Qcow2Disk) {
    this.#disk = disk
    this.counts = countersFor(disk.file, disk.header.clusterBytes)
  }

  complain(what: string): void {
    if (this.errors.length < mostComplaints) this.errors.push(what)
  }

  count(cluster: number, what: string): void {
    if (cluster < this.counts.length) this.counts[cluster]++
    else this.complain(`${what} points behind the end of the file, to cluster ${cluster}`)
  }

  range(position: number, length: number, what: string): void {
    const { clusterBytes } = this.#disk.header
    for (let at = 0; at < length; at += clusterBytes) this.count((position + at) / clusterBytes, what)
  }

  /** A first-level table and everything below it. */
  tree(position: number, entries: number, what: string): void {
    const { clusterBytes } = this.#disk.header
    this.range(position, entries * 8, what)
    const table = readBytes(this.#disk.file, position, entries * 8)
    for (let index = 0; index < entries; index++) {
      const place = placeOf(table, index * 8)
      if (place === 0) continue
      if (place % clusterBytes !== 0) this.complain(`${what}: entry ${index} points to ${place}, where no cluster begins`)
      else {
        this.count(place / clusterBytes, what)
        if (place < this.#disk.file.size) this.leaves(place, what)
      }
    }
  }

  leaves(table: number, what: string): void {
    for (let at = 0; at < this.#disk.header.clusterBytes; at += 8) {
      try {
        for (const cluster of this.#disk.clustersOf(this.#disk.links.locationAt(table + at))) this.count(cluster, what)
      } catch (error) {
        if (!(error instanceof DiskError)) throw error
        this.complain(error.message)
      }
    }
  }
}

export const placeOf = (table: Uint8Array, at: number): number => (u32be(table, at) & 0x00ff_ffff) * 2 ** 32 + ((u32be(table, at + 4) & ~0x1ff) >>> 0)

/** @param repair also rewrites the refcounts, and the "copied" bits that follow from them. @throws {DiskError} */
export function checkQcow2(disk: Qcow2Disk, repair: boolean): CheckResult {
  disk.flush()
  const census = takeCensus(disk)
  const counted = census.counts.slice()
  const own = [...disk.refcounts.own()]
  for (const cluster of own) {
    if (Number.isInteger(cluster) && cluster < counted.length) counted[cluster]++
    else census.complain(`the refcounts lie behind the end of the file, in cluster ${cluster}`)
  }
  let leaks = 0
  let wrong = 0
  for (let cluster = 0; cluster < counted.length; cluster++) {
    const said = disk.refcounts.get(cluster)
    if (said > counted[cluster]) leaks++
    if (said >= counted[cluster]) continue
    wrong++
    census.complain(`cluster ${cluster} is used ${counted[cluster]} times and counted ${said} times`)
  }
  const dirty = (disk.header.incompatible & incompatible.dirty) !== 0
  if (!repair || (leaks === 0 && wrong === 0)) return { errors: census.errors, leaks, repaired: 0 }
  if (census.errors.length > wrong && !dirty) throw new Malformed(`${disk.file.name} is damaged beyond its refcounts; convert what can still be read: netloom images convert`)
  repairRefcounts(disk, census.counts)
  return { errors: [], leaks: 0, repaired: leaks + wrong }
}

function takeCensus(disk: Qcow2Disk): Census {
  const census = new Census(disk)
  const { header, file } = disk
  census.count(0, 'the header')
  census.tree(header.l1Position, header.l1Entries, 'the first-level table')
  if (header.snapshots === 0) return census
  const { snapshots, length } = readSnapshots(file, header)
  census.range(header.snapshotsPosition, length, 'the table of snapshots')
  for (const snapshot of snapshots) census.tree(snapshot.l1Position, snapshot.l1Entries, `snapshot ${snapshot.id}`)
  return census
}

function repairRefcounts(disk: Qcow2Disk, counts: Uint32Array): void {
  disk.refcounts.rewrite(counts, counts.length)
  markOwners(disk)
}

/** After counts went up or down: sets the "copied" bit of the disk's own tables where a cluster has one reference, and clears it elsewhere. */
export function markOwners(disk: Qcow2Disk): void {
  const { header, links, refcounts, file } = disk
  for (let index = 0; index < header.l1Entries; index++) {
    const table = links.table(index).position
    if (table === 0 || table >= file.size) continue
    links.markOwn(header.l1Position + index * 8, refcounts.get(table / header.clusterBytes) === 1)
    for (let at = 0; at < header.clusterBytes; at += 8) {
      const here = links.locationAt(table + at)
      if (here.kind === 'absent' || here.kind === 'compressed') continue
      const [cluster] = disk.clustersOf(here)
      if (cluster !== undefined) links.markOwn(table + at, refcounts.get(cluster) === 1)
    }
  }
  disk.touch()
  disk.commit()
}

/** Before the first write: counts that were left behind are mended, and features that we don't keep up are switched off. */
export function prepareForWriting(disk: Qcow2Disk): void {
  const { header, file } = disk
  if ((header.incompatible & incompatible.corrupt) !== 0) throw new Malformed(`${file.name} is marked as corrupt and can only be read: say read_only: true, or convert it`)
  if ((header.incompatible & incompatible.dirty) !== 0) {
    repairRefcounts(disk, takeCensus(disk).counts)
    setWord(disk, 76, header.incompatible & ~incompatible.dirty)
  }
  if (header.autoclear !== 0) {
    writeFully(file, 88, new Uint8Array(8))
    syncFile(file)
  }
}

function setWord(disk: Qcow2Disk, position: number, value: number): void {
  const word = new Uint8Array(4)
  putU32be(word, 0, value)
  writeFully(disk.file, position, word)
  syncFile(disk.file)
}
