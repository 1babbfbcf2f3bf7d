/** The table of snapshots in a qcow2 image. docs/interop/qcow2.txt, §Snapshots. */
import { concat, fromUtf8, putU16be, putU32be, u16be, u32be, utf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { readBytes } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { big, putBig, roundUp } from '../number.ts'
import type { Header } from './header.ts'

export interface Snapshot {
  readonly id: string
  readonly name: string
  readonly l1Position: number
  readonly l1Entries: number
  readonly seconds: number
  /** Of the disk as it was. */
  readonly sizeBytes: number
  /** As it stands in the file, padding included. */
  readonly bytes: Uint8Array
}

const fixedBytes = 40
const mostTableBytes = 16 << 20

/** @returns the snapshots, and the length of the table in bytes. @throws {Malformed} */
export function readSnapshots(file: ImageFile, header: Pick<Header, 'snapshots' | 'snapshotsPosition' | 'size' | 'clusterBytes'>): { snapshots: Snapshot[]; length: number } {
  const snapshots: Snapshot[] = []
  const table = header.snapshots === 0 ? new Uint8Array(0) : readBytes(file, header.snapshotsPosition, Math.max(0, Math.min(mostTableBytes, file.size - header.snapshotsPosition)))
  let at = 0
  for (let left = header.snapshots; left > 0; left--) {
    if (at + fixedBytes > table.length) throw new Malformed(`${file.name}: the table of snapshots is cut short`)
    const [idBytes, nameBytes, extraBytes] = [u16be(table, at + 12), u16be(table, at + 14), u32be(table, at + 36)]
    const length = roundUp(fixedBytes + extraBytes + idBytes + nameBytes, 8)
    if (extraBytes > 1024 || at + length > roundUp(table.length, 8)) throw new Malformed(`${file.name}: the table of snapshots is damaged`)
    const names = at + fixedBytes + extraBytes
    const [l1Position, l1Entries] = [big(table, at), u32be(table, at + 8)]
    if (l1Entries * 8 > 32 << 20 || l1Position % header.clusterBytes !== 0) throw new Malformed(`${file.name}: the table of a snapshot lies at ${l1Position} with ${l1Entries} entries`)
    snapshots.push({
      id: fromUtf8(table.subarray(names, names + idBytes)),
      name: fromUtf8(table.subarray(names + idBytes, names + idBytes + nameBytes)),
      l1Position,
      l1Entries,
      seconds: u32be(table, at + 16),
      sizeBytes: extraBytes >= 16 ? big(table, at + fixedBytes + 8) : header.size,
      bytes: table.slice(at, at + length),
    })
    at += length
  }
  return { snapshots, length: at }
}

export function buildSnapshot(plan: Omit<Snapshot, 'bytes'>): Uint8Array {
  const [id, name] = [utf8(plan.id), utf8(plan.name)]
  const bytes = new Uint8Array(roundUp(fixedBytes + 16 + id.length + name.length, 8))
  putBig(bytes, 0, plan.l1Position)
  putU32be(bytes, 8, plan.l1Entries)
  putU16be(bytes, 12, id.length)
  putU16be(bytes, 14, name.length)
  putU32be(bytes, 16, plan.seconds)
  putU32be(bytes, 36, 16)
  putBig(bytes, fixedBytes + 8, plan.sizeBytes)
  bytes.set(concat(id, name), fixedBytes + 16)
  return bytes
}
