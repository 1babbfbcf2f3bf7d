/** qcow2's header and its extensions. QEMU, docs/interop/qcow2.txt, versions 2 and 3. */
import { fromUtf8, putU32be, putU64be, u32be, utf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { readBytes } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { big } from '../number.ts'

/** `QFI\xfb`. */
export const magic = 0x5146_49fb
/** §Header, incompatible_features. */
export const incompatible = { dirty: 1, corrupt: 2, dataFile: 4, compression: 8, subclusters: 16 } as const
const knownIncompatible = 31
/** §Header, compatible_features. */
export const lazyRefcounts = 1
const extension = { end: 0, backingFormat: 0xe279_2aca, dataFile: 0x4441_5441 } as const

/** More than that is refused before anything is allocated for it. */
const mostL1Bytes = 32 << 20
const mostRefcountTableBytes = 8 << 20
const mostSnapshots = 65_536
const mostNameBytes = 1023

export interface Header {
  readonly version: 2 | 3
  readonly clusterBits: number
  readonly clusterBytes: number
  /** Of the disk, in bytes. */
  readonly size: number
  readonly l1Entries: number
  readonly l1Position: number
  readonly refcountTablePosition: number
  readonly refcountTableClusters: number
  readonly snapshots: number
  readonly snapshotsPosition: number
  readonly incompatible: number
  readonly compatible: number
  readonly autoclear: number
  /** A refcount has 2 ** order bits. */
  readonly refcountOrder: number
  readonly compression: 'zlib' | 'zstd'
  readonly backing: string | undefined
  readonly backingFormat: string | undefined
  readonly dataFile: string | undefined
}

export const isQcow2 = (head: Uint8Array): boolean => head.length >= 8 && u32be(head, 0) === magic && (u32be(head, 4) === 2 || u32be(head, 4) === 3)

/** @throws {Malformed} with a sentence on what is wrong or not supported. @throws {DiskError} */
export function parseHeader(file: ImageFile): Header {
  const bytes = readBytes(file, 0, Math.min(Math.max(file.size, 112), 1 << 16))
  if (!isQcow2(bytes)) throw new Malformed(`${file.name} is no qcow2 image of version 2 or 3`)
  const version = u32be(bytes, 4) as 2 | 3
  const clusterBits = u32be(bytes, 20)
  if (clusterBits < 9 || clusterBits > 21) throw new Malformed(`${file.name}: clusters of 2^${clusterBits} bytes; qcow2 has 2^9 to 2^21`)
  if (u32be(bytes, 32) !== 0) throw new Malformed(`${file.name} is encrypted; decrypt it first: qemu-img convert`)
  const features = version === 2 ? { incompatible: 0, compatible: 0, autoclear: 0, refcountOrder: 4, length: 72 } : newer(file, bytes)
  const header = {
    version,
    clusterBits,
    clusterBytes: 2 ** clusterBits,
    size: big(bytes, 24),
    l1Entries: u32be(bytes, 36),
    l1Position: big(bytes, 40),
    refcountTablePosition: big(bytes, 48),
    refcountTableClusters: u32be(bytes, 56),
    snapshots: u32be(bytes, 60),
    snapshotsPosition: big(bytes, 64),
    ...features,
    compression: (features.incompatible & incompatible.compression) !== 0 && bytes[104] === 1 ? ('zstd' as const) : ('zlib' as const),
    ...names(file, bytes, features.length, 2 ** clusterBits),
  }
  check(file, header)
  return header
}

/** What only version 3 has. */
function newer(file: ImageFile, bytes: Uint8Array): { incompatible: number; compatible: number; autoclear: number; refcountOrder: number; length: number } {
  const features = { incompatible: u32be(bytes, 76), compatible: u32be(bytes, 84), autoclear: u32be(bytes, 92), refcountOrder: u32be(bytes, 96), length: u32be(bytes, 100) }
  if ((features.incompatible & incompatible.subclusters) !== 0) throw new Malformed(`${file.name} has subclusters (extended_l2), which Netloom does not read: qemu-img convert -O qcow2 makes an image without them`)
  if (u32be(bytes, 72) !== 0 || (features.incompatible & ~knownIncompatible) !== 0) throw new Malformed(`${file.name} needs features that nobody had thought of when this was written`)
  if (features.refcountOrder > 6) throw new Malformed(`${file.name}: refcounts of 2^${features.refcountOrder} bits`)
  if (features.length < 104 || features.length % 8 !== 0 || features.length > bytes.length) throw new Malformed(`${file.name}: a header of ${features.length} bytes`)
  if ((features.incompatible & incompatible.compression) !== 0 && (features.length < 112 || bytes[104] > 1)) throw new Malformed(`${file.name} is compressed in an unknown way (type ${bytes[104]})`)
  return features
}

function names(file: ImageFile, bytes: Uint8Array, start: number, clusterBytes: number): Pick<Header, 'backing' | 'backingFormat' | 'dataFile'> {
  const position = big(bytes, 8)
  const length = u32be(bytes, 16)
  const end = Math.min(position === 0 ? clusterBytes : position, clusterBytes, bytes.length)
  if (position !== 0 && (length > mostNameBytes || position + length > Math.min(clusterBytes, bytes.length))) throw new Malformed(`${file.name}: the name of its base does not lie in the first cluster`)
  let backingFormat: string | undefined
  let dataFile: string | undefined
  for (let at = start; at + 8 <= end; ) {
    const type = u32be(bytes, at)
    const size = u32be(bytes, at + 4)
    if (type === extension.end) break
    if (size > end - at - 8) throw new Malformed(`${file.name}: a header extension of ${size} bytes leaves the first cluster`)
    const content = bytes.subarray(at + 8, at + 8 + size)
    if (type === extension.backingFormat) backingFormat = fromUtf8(content)
    if (type === extension.dataFile) dataFile = fromUtf8(content)
    at += 8 + Math.ceil(size / 8) * 8
  }
  const backing = position === 0 || length === 0 ? undefined : fromUtf8(bytes.subarray(position, position + length))
  return { backing, backingFormat, dataFile }
}

function check(file: ImageFile, header: Header): void {
  const { clusterBytes, size, l1Entries, l1Position, refcountTablePosition, refcountTableClusters } = header
  const refuse = (what: string): never => {
    throw new Malformed(`${file.name}: ${what}`)
  }
  if (!Number.isSafeInteger(size) || size > 2 ** 52) refuse('the disk is larger than 4 PiB')
  if (size % 512 !== 0) refuse(`the disk of ${size} bytes is not whole sectors`)
  if (l1Entries * 8 > mostL1Bytes) refuse(`a first-level table of ${l1Entries} entries`)
  if (l1Entries < l1EntriesFor(size, clusterBytes)) refuse(`a first-level table of ${l1Entries} entries is too small for the disk`)
  if (refcountTableClusters * clusterBytes > mostRefcountTableBytes) refuse(`a refcount table of ${refcountTableClusters} clusters`)
  if (header.snapshots > mostSnapshots) refuse(`${header.snapshots} snapshots`)
  for (const position of [l1Position, refcountTablePosition, header.snapshots === 0 ? 0 : header.snapshotsPosition]) {
    if (position % clusterBytes !== 0 || !Number.isSafeInteger(position)) refuse(`a table at ${position} does not begin on a cluster`)
  }
  if ((header.incompatible & incompatible.dataFile) !== 0 && header.dataFile === undefined) refuse('it does not say where its data file is')
}

export const l1EntriesFor = (size: number, clusterBytes: number): number => Math.ceil(size / (clusterBytes * (clusterBytes / 8)))

/** What a new image's header says. */
export interface HeaderPlan extends Pick<Header, 'version' | 'clusterBits' | 'size' | 'l1Entries' | 'l1Position' | 'compression' | 'backing' | 'backingFormat'> {
  readonly lazy: boolean
}

/** The first cluster of a new image; where its refcounts are is written later. */
export function buildHeader(plan: HeaderPlan): Uint8Array {
  const bytes = new Uint8Array(2 ** plan.clusterBits)
  putU32be(bytes, 0, magic)
  putU32be(bytes, 4, plan.version)
  putU32be(bytes, 20, plan.clusterBits)
  putU64be(bytes, 24, BigInt(plan.size))
  putU32be(bytes, 36, plan.l1Entries)
  putU64be(bytes, 40, BigInt(plan.l1Position))
  let at = 72
  if (plan.version === 3) {
    const zstd = plan.compression === 'zstd'
    putU32be(bytes, 76, zstd ? incompatible.compression : 0)
    putU32be(bytes, 84, plan.lazy ? lazyRefcounts : 0)
    putU32be(bytes, 96, 4)
    putU32be(bytes, 100, 112)
    bytes[104] = zstd ? 1 : 0
    at = 112
  }
  if (plan.backingFormat !== undefined) {
    const name = utf8(plan.backingFormat)
    putU32be(bytes, at, extension.backingFormat)
    putU32be(bytes, at + 4, name.length)
    bytes.set(name, at + 8)
    at += 8 + Math.ceil(name.length / 8) * 8
  }
  at += 8
  if (plan.backing === undefined) return bytes
  const name = utf8(plan.backing)
  if (name.length > mostNameBytes || at + name.length > bytes.length) throw new Malformed(`the base's name of ${name.length} bytes is too long for clusters of ${bytes.length} bytes`)
  putU64be(bytes, 8, BigInt(at))
  putU32be(bytes, 16, name.length)
  bytes.set(name, at)
  return bytes
}
