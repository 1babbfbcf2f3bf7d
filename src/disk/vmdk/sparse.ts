/** A sparse VMDK extent that can be written in place: two levels of tables, kept twice. Virtual Disk Format 1.1, §Hosted Sparse Extent. */
import { putU32le, u32le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { type BlockDevice, DiskError } from '../block.ts'
import { readBytes, syncFile, truncateFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { type BlockTable, MappedDisk, nowhere, zeros } from '../mapped.ts'
import { roundUp } from '../number.ts'
import { PageCache } from '../page-cache.ts'
import { buildSparse, directoryEntries, flag, sectorBytes, type SparseHeader } from './header.ts'

const tableBytes = 512 * 4
const grainSectors = 128

/** Where grains are, by the directory and its tables. */
export class GrainTable implements BlockTable {
  readonly #cache: PageCache
  readonly #directory: Uint8Array
  readonly #spare: Uint8Array | undefined
  readonly #header: SparseHeader
  readonly #name: string

  /** @throws {Malformed} */
  constructor(file: ImageFile, header: SparseHeader) {
    this.#cache = new PageCache(file, sectorBytes)
    this.#header = header
    this.#name = file.name
    this.#directory = readDirectory(file, header, header.directorySector)
    this.#spare = (header.flags & flag.redundant) === 0 || header.redundantSector === 0 ? undefined : readDirectory(file, header, header.redundantSector)
  }

  get dirtyBytes(): number {
    return this.#cache.dirtyBytes
  }

  /** @returns the position of a grain, or of its marker where grains are compressed. */
  locate(grain: number): number {
    const position = this.#entry(this.#directory, grain)
    if (position === undefined) return nowhere
    const sector = u32le(this.#cache.page(position), this.#cache.at(position))
    if (sector === 0) return nowhere
    if (sector === 1 && (this.#header.flags & flag.zeroedGrain) !== 0) return zeros
    if (sector < this.#header.overheadSectors && (this.#header.flags & flag.compressed) === 0) throw new DiskError('EIO', `${this.#name}: grain ${grain} is said to lie at sector ${sector}, among the tables`)
    return sector * sectorBytes
  }

  link(grain: number, place: number): void {
    for (const directory of [this.#spare, this.#directory]) {
      const position = directory === undefined ? undefined : this.#entry(directory, grain)
      if (position !== undefined) putU32le(this.#cache.change(position), this.#cache.at(position), place / sectorBytes)
    }
  }

  store(): void {
    this.#cache.store()
  }

  #entry(directory: Uint8Array, grain: number): number | undefined {
    const table = u32le(directory, Math.floor(grain / 512) * 4)
    return table === 0 ? undefined : table * sectorBytes + (grain % 512) * 4
  }
}

function readDirectory(file: ImageFile, header: SparseHeader, sector: number): Uint8Array {
  const length = directoryEntries(header) * 4
  if (sector === 0 || sector * sectorBytes + length > roundUp(file.size, sectorBytes)) throw new Malformed(`${file.name}: its grain directory lies at sector ${sector}, behind the end`)
  return readBytes(file, sector * sectorBytes, length)
}

/** @throws {Malformed} @throws {DiskError} */
export function openSparse(file: ImageFile, header: SparseHeader, readOnly: boolean, backing?: BlockDevice): MappedDisk {
  if (!readOnly && file.writable) completeTables(file, header)
  const blockBytes = header.grainSectors * sectorBytes
  return new MappedDisk({ file, size: header.capacity * sectorBytes, readOnly, blockBytes, table: new GrainTable(file, header), alignBytes: blockBytes, backing })
}

/** Tables that a thrifty writer left out are made before the first write, so that linking a grain is one entry. */
function completeTables(file: ImageFile, header: SparseHeader): void {
  for (const sector of [header.directorySector, (header.flags & flag.redundant) === 0 ? 0 : header.redundantSector]) {
    if (sector === 0) continue
    const directory = readDirectory(file, header, sector)
    const missing = Array.from({ length: directory.length / 4 }, (_, entry) => entry).filter((entry) => u32le(directory, entry * 4) === 0)
    if (missing.length === 0) continue
    const start = roundUp(file.size, sectorBytes)
    truncateFile(file, start + missing.length * tableBytes)
    syncFile(file)
    for (const [index, entry] of missing.entries()) putU32le(directory, entry * 4, (start + index * tableBytes) / sectorBytes)
    writeFully(file, sector * sectorBytes, directory)
    syncFile(file)
  }
}

/** Header, room for the descriptor, both directories with their tables; then grains. @param descriptor up to 20 sectors. */
export function createSparse(file: ImageFile, sizeBytes: number, descriptor: Uint8Array | undefined): void {
  const capacity = sizeBytes / sectorBytes
  const entries = Math.ceil(capacity / (grainSectors * 512))
  const directorySectors = Math.ceil((entries * 4) / sectorBytes)
  const tableSectors = entries * (tableBytes / sectorBytes)
  const redundantSector = 21
  const directorySector = redundantSector + directorySectors + tableSectors
  const overheadSectors = roundUp(directorySector + directorySectors + tableSectors, grainSectors)
  const bytes = new Uint8Array((directorySector + directorySectors) * sectorBytes)
  bytes.set(buildSparse({ version: 1, flags: flag.newlines | flag.redundant, capacity, grainSectors, descriptorSector: descriptor === undefined ? 0 : 1, descriptorSectors: descriptor === undefined ? 0 : 20, perTable: 512, redundantSector, directorySector, overheadSectors }))
  if (descriptor !== undefined) bytes.set(descriptor, sectorBytes)
  for (const directory of [redundantSector, directorySector]) {
    for (let entry = 0; entry < entries; entry++) putU32le(bytes, directory * sectorBytes + entry * 4, directory + directorySectors + entry * (tableBytes / sectorBytes))
  }
  writeFully(file, 0, bytes)
  truncateFile(file, overheadSectors * sectorBytes)
  syncFile(file)
}
