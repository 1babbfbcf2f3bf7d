/** Stream-optimised VMDK: compressed grains behind markers, tables at the end; written once from front to back. Virtual Disk Format 1.1, §Stream-Optimized. */
import { concat, putU32le, u32le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { type BlockDevice, checkRange, DiskError, eachPart } from '../block.ts'
import type { Codec } from '../codec.ts'
import { readBytes, syncFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { putLittle, roundUp } from '../number.ts'
import { buildSparse, directoryEntries, flag, marker, pointToEnd, sectorBytes, type SparseHeader } from './header.ts'
import { GrainTable } from './sparse.ts'

/** A grain's marker: its sector, its length. */
const grainMarkerBytes = 12
const grainsRemembered = 8

export class StreamReader implements BlockDevice {
  readonly size: number
  readonly readOnly = true
  readonly blockBytes: number
  readonly #file: ImageFile
  readonly #table: GrainTable
  readonly #codec: Codec
  readonly #grains = new Map<number, Uint8Array>()

  constructor(file: ImageFile, header: SparseHeader, codec: Codec) {
    this.#file = file
    this.#codec = codec
    this.#table = new GrainTable(file, header)
    this.size = header.capacity * sectorBytes
    this.blockBytes = header.grainSectors * sectorBytes
  }

  read(offset: number, into: Uint8Array): void {
    checkRange(this, offset, into.length)
    eachPart(offset, into.length, this.blockBytes, (grain, within, at, length) => {
      const position = this.#table.locate(grain)
      const part = into.subarray(at, at + length)
      if (position < 0) part.fill(0)
      else part.set(this.#unpack(position).subarray(within, within + length))
    })
  }

  write(): void {
    throw new DiskError('EROFS', 'a stream-optimised VMDK is written once, when it is made')
  }

  flush(): void {}

  close(): void {
    this.#file.close()
  }

  #unpack(position: number): Uint8Array {
    const known = this.#grains.get(position)
    if (known !== undefined) return known
    const length = u32le(readBytes(this.#file, position, grainMarkerBytes), 8)
    if (length === 0 || length > this.blockBytes * 2 || position + grainMarkerBytes + length > this.#file.size) throw new DiskError('EIO', `${this.#file.name}: a grain of ${length} packed bytes at ${position}`)
    const grain = new Uint8Array(this.blockBytes)
    try {
      grain.set(this.#codec.inflate(readBytes(this.#file, position + grainMarkerBytes, length), this.blockBytes))
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      throw new DiskError('EIO', `${this.#file.name}: the grain at ${position} is damaged: ${error.message}`)
    }
    if (this.#grains.size >= grainsRemembered) this.#grains.delete(this.#grains.keys().next().value as number)
    this.#grains.set(position, grain)
    return grain
  }
}

const grainSectors = 128
const overheadSectors = 128

/** Takes whole grains in rising order; closing writes the tables. */
export class StreamWriter implements BlockDevice {
  readonly size: number
  readonly readOnly = false
  readonly blockBytes: number
  readonly #file: ImageFile
  readonly #header: SparseHeader
  readonly #codec: Codec
  /** Sectors of grains, by grain. */
  readonly #entries: Uint32Array
  #position: number
  #next = 0
  #failed = false

  constructor(file: ImageFile, header: SparseHeader, codec: Codec) {
    this.#file = file
    this.#header = header
    this.#codec = codec
    this.size = header.capacity * sectorBytes
    this.blockBytes = header.grainSectors * sectorBytes
    this.#entries = new Uint32Array(directoryEntries(header) * header.perTable)
    this.#position = header.overheadSectors * sectorBytes
  }

  read(_offset: number, into: Uint8Array): void {
    into.fill(0)
    if (this.#next > 0) throw new DiskError('EIO', 'a stream-optimised VMDK can’t be read before it is finished')
  }

  write(offset: number, from: Uint8Array): void {
    checkRange(this, offset, from.length)
    eachPart(offset, from.length, this.blockBytes, (grain, within, at, length) => {
      if (within !== 0 || grain < this.#next || (length < this.blockBytes && offset + at + length < this.size)) throw new DiskError('EINVAL', 'a stream-optimised VMDK takes whole grains from front to back')
      this.#append(grain, from.subarray(at, at + length))
    })
  }

  flush(): void {
    syncFile(this.#file)
  }

  close(): void {
    try {
      if (!this.#failed) this.#finish()
    } finally {
      this.#file.close()
    }
  }

  #append(grain: number, content: Uint8Array): void {
    const whole = new Uint8Array(this.blockBytes)
    whole.set(content)
    const packed = this.#codec.deflate(whole)
    const bytes = new Uint8Array(roundUp(grainMarkerBytes + packed.length, sectorBytes))
    putLittle(bytes, 0, grain * this.#header.grainSectors)
    putU32le(bytes, 8, packed.length)
    bytes.set(packed, grainMarkerBytes)
    if (this.#position / sectorBytes > 0xffff_0000) throw new DiskError('ENOSPC', 'a stream-optimised VMDK ends at 2 TiB')
    this.#failed = true
    writeFully(this.#file, this.#position, bytes)
    this.#failed = false
    this.#entries[grain] = this.#position / sectorBytes
    this.#position += bytes.length
    this.#next = grain + 1
  }

  #finish(): void {
    const { perTable } = this.#header
    const directory = new Uint8Array(roundUp((this.#entries.length / perTable) * 4, sectorBytes))
    for (let index = 0; index * perTable < this.#entries.length; index++) {
      const entries = this.#entries.subarray(index * perTable, (index + 1) * perTable)
      if (entries.every((entry) => entry === 0)) continue
      const table = new Uint8Array(perTable * 4)
      for (const [at, entry] of entries.entries()) putU32le(table, at * 4, entry)
      putU32le(directory, index * 4, this.#put(marker.table, table))
    }
    const header = { ...this.#header, directorySector: this.#put(marker.directory, directory) }
    this.#put(marker.footer, buildSparse(header))
    writeFully(this.#file, this.#position, new Uint8Array(marker.bytes))
    syncFile(this.#file)
  }

  /** @returns the sector of the content. */
  #put(kind: number, content: Uint8Array): number {
    const head = new Uint8Array(marker.bytes)
    putLittle(head, 0, content.length / sectorBytes)
    putU32le(head, 12, kind)
    writeFully(this.#file, this.#position, concat(head, content))
    const sector = (this.#position + head.length) / sectorBytes
    this.#position += head.length + content.length
    return sector
  }
}

/** An unfinished stream: only its header and descriptor. */
export function createStream(file: ImageFile, sizeBytes: number, descriptor: Uint8Array): void {
  const bytes = new Uint8Array(overheadSectors * sectorBytes)
  const head = buildSparse({ version: 3, flags: flag.newlines | flag.compressed | flag.markers, capacity: sizeBytes / sectorBytes, grainSectors, descriptorSector: 1, descriptorSectors: 20, perTable: 512, redundantSector: 0, directorySector: 0, overheadSectors })
  pointToEnd(head)
  bytes.set(head)
  bytes.set(descriptor, sectorBytes)
  writeFully(file, 0, bytes)
}
