/** The header of a sparse VMDK extent. VMware, Virtual Disk Format 1.1, §Hosted Sparse Extent. Little-endian; positions count sectors. */
import { putU16le, putU32le, u16le, u32le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { readBytes } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { little, putLittle } from '../number.ts'

export const sectorBytes = 512
/** `KDMV`. */
const magic = 0x564d_444b
export const flag = { newlines: 1, redundant: 2, zeroedGrain: 4, compressed: 0x1_0000, markers: 0x2_0000 } as const
/** A grain directory that stands at the end. */
const atEnd = 0xffff_ffff
/** Kinds of marker, and how large they are. */
export const marker = { table: 1, directory: 2, footer: 3, bytes: 512 } as const
const mostDirectoryEntries = 1 << 20

export interface SparseHeader {
  readonly version: number
  readonly flags: number
  /** Sectors of the extent. */
  readonly capacity: number
  readonly grainSectors: number
  readonly descriptorSector: number
  readonly descriptorSectors: number
  readonly perTable: number
  readonly redundantSector: number
  /** 0 in a stream that is not finished. */
  readonly directorySector: number
  readonly overheadSectors: number
}

export const isSparse = (head: Uint8Array): boolean => head.length >= 4 && u32le(head, 0) === magic

/** @throws {Malformed} */
export function parseSparse(file: ImageFile): SparseHeader {
  let head = readBytes(file, 0, sectorBytes)
  if (!isSparse(head)) throw new Malformed(`${file.name} is no sparse VMDK extent`)
  if (u32le(head, 56) === atEnd && u32le(head, 60) === atEnd) {
    // Footer marker, footer, end-of-stream marker.
    const footer = readBytes(file, Math.max(0, file.size - 2 * sectorBytes), sectorBytes)
    if (isSparse(footer) && file.size > 3 * sectorBytes) head = footer
    else putLittle(head, 56, 0)
  }
  const header = {
    version: u32le(head, 4),
    flags: u32le(head, 8),
    capacity: little(head, 12),
    grainSectors: little(head, 20),
    descriptorSector: little(head, 28),
    descriptorSectors: little(head, 36),
    perTable: u32le(head, 44),
    redundantSector: little(head, 48),
    directorySector: little(head, 56),
    overheadSectors: little(head, 64),
  }
  check(file, header, u16le(head, 77))
  return header
}

function check(file: ImageFile, header: SparseHeader, compression: number): void {
  const { version, flags, capacity, grainSectors, perTable } = header
  const refuse = (what: string): never => {
    throw new Malformed(`${file.name}: ${what}`)
  }
  if (version < 1 || version > 3) refuse(`a sparse extent of version ${version}; Netloom reads 1 to 3`)
  if (grainSectors < 8 || grainSectors > 131_072 || (grainSectors & (grainSectors - 1)) !== 0) refuse(`grains of ${grainSectors} sectors`)
  if (perTable !== 512) refuse(`grain tables of ${perTable} entries; there are 512`)
  if (capacity === 0 || capacity > 2 ** 43 || directoryEntries(header) > mostDirectoryEntries) refuse(`an extent of ${capacity} sectors`)
  if (!(header.directorySector < 2 ** 40 && header.redundantSector < 2 ** 40)) refuse('a grain directory far behind the end')
  if (((flags & flag.compressed) !== 0) !== (compression === 1) || compression > 1) refuse(`compression of kind ${compression}`)
  if ((flags & flag.compressed) !== 0 && (flags & flag.markers) === 0) refuse('compressed grains without markers')
}

export const directoryEntries = (header: Pick<SparseHeader, 'capacity' | 'grainSectors' | 'perTable'>): number => Math.ceil(header.capacity / (header.grainSectors * header.perTable))

export function buildSparse(header: SparseHeader): Uint8Array {
  const head = new Uint8Array(sectorBytes)
  putU32le(head, 0, magic)
  putU32le(head, 4, header.version)
  putU32le(head, 8, header.flags)
  for (const [at, value] of [[12, header.capacity], [20, header.grainSectors], [28, header.descriptorSector], [36, header.descriptorSectors], [48, header.redundantSector], [56, header.directorySector], [64, header.overheadSectors]]) putLittle(head, at, value)
  putU32le(head, 44, header.perTable)
  // §: files that went through a text conversion are recognised by these four.
  head.set([0x0a, 0x20, 0x0d, 0x0a], 73)
  putU16le(head, 77, (header.flags & flag.compressed) === 0 ? 0 : 1)
  return head
}

/** Says that the directory stands at the end. */
export function pointToEnd(head: Uint8Array): void {
  putU32le(head, 56, atEnd)
  putU32le(head, 60, atEnd)
}
