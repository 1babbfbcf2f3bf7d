/** A Parallels disk of the expanding kind, in one file: header and a table of blocks. Layout as QEMU, docs/interop/parallels.txt, has it; little-endian. */
import { fromLatin1, latin1, putU32le, u32le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { type BlockDevice, DiskError } from '../block.ts'
import type { CreatePlan } from '../format.ts'
import { readBytes, syncFile, truncateFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { type BlockTable, MappedDisk, nowhere } from '../mapped.ts'
import { little, putLittle, roundUp } from '../number.ts'
import { PageCache } from '../page-cache.ts'

const oldMagic = 'WithoutFreeSpace'
const newMagic = 'WithouFreSpacExt'
const headerBytes = 64
const at = { version: 16, heads: 20, cylinders: 24, blockSectors: 28, blocks: 32, sectors: 36, inUse: 44, dataSector: 48 } as const
const usualBlockBytes = 1 << 20
const mostBlocks = 1 << 24

export function isExpandable(head: Uint8Array): boolean {
  const magic = fromLatin1(head.subarray(0, 16))
  return magic === oldMagic || magic === newMagic
}

class ParallelsTable implements BlockTable {
  readonly #cache: PageCache
  readonly #unitBytes: number
  readonly #name: string

  /** @param unitBytes what entries count in: sectors in old images, blocks in new ones. */
  constructor(file: ImageFile, unitBytes: number) {
    this.#cache = new PageCache(file)
    this.#unitBytes = unitBytes
    this.#name = file.name
  }

  get dirtyBytes(): number {
    return this.#cache.dirtyBytes
  }

  locate(block: number): number {
    const position = headerBytes + block * 4
    const entry = u32le(this.#cache.page(position), this.#cache.at(position))
    if (entry === 0) return nowhere
    const place = entry * this.#unitBytes
    if (place > 2 ** 50) throw new DiskError('EIO', `${this.#name}: block ${block} is said to lie at ${place}`)
    return place
  }

  link(block: number, place: number): void {
    const position = headerBytes + block * 4
    putU32le(this.#cache.change(position), this.#cache.at(position), place / this.#unitBytes)
  }

  store(): void {
    this.#cache.store()
  }
}

/** @throws {Malformed} @throws {DiskError} */
export function openExpandable(file: ImageFile, readOnly: boolean, backing?: BlockDevice): MappedDisk {
  const head = readBytes(file, 0, headerBytes)
  if (!isExpandable(head)) throw new Malformed(`${file.name} is no Parallels disk`)
  const extended = fromLatin1(head.subarray(0, 16)) === newMagic
  const [version, blocks] = [u32le(head, at.version), u32le(head, at.blocks)]
  const blockBytes = u32le(head, at.blockSectors) * 512
  const size = (extended ? little(head, at.sectors) : u32le(head, at.sectors)) * 512
  if (version !== 2) throw new Malformed(`${file.name}: a Parallels disk of version ${version}; Netloom reads 2`)
  if (blockBytes === 0 || blockBytes > 64 << 20) throw new Malformed(`${file.name}: blocks of ${blockBytes} bytes`)
  if (blocks > mostBlocks || size > blocks * blockBytes) throw new Malformed(`${file.name}: ${blocks} blocks for a disk of ${size} bytes`)
  const dataPosition = Math.max(u32le(head, at.dataSector) * 512, roundUp(headerBytes + blocks * 4, 512))
  const alignBytes = extended ? blockBytes : 512
  if (!readOnly && file.writable) {
    // The tables end where the content begins.
    const start = roundUp(dataPosition, alignBytes)
    if (file.size < start) truncateFile(file, start)
    if (u32le(head, at.inUse) !== 0) writeFully(file, at.inUse, new Uint8Array(4))
  }
  return new MappedDisk({ file, size, readOnly, blockBytes, table: new ParallelsTable(file, extended ? blockBytes : 512), alignBytes, backing })
}

export function createExpandable(file: ImageFile, plan: CreatePlan): void {
  const blockBytes = plan.clusterBytes ?? usualBlockBytes
  const blocks = Math.ceil(plan.size / blockBytes)
  if (blockBytes % 512 !== 0 || blockBytes < 4096 || blocks > mostBlocks) throw new Malformed(`a Parallels disk of ${plan.size} bytes in blocks of ${blockBytes}`)
  const head = new Uint8Array(headerBytes)
  const dataPosition = roundUp(headerBytes + blocks * 4, blockBytes)
  head.set(latin1(newMagic))
  putU32le(head, at.version, 2)
  putU32le(head, at.heads, 16)
  putU32le(head, at.cylinders, Math.min(0xffff_ffff, Math.ceil(plan.size / 512 / 16 / 32)))
  putU32le(head, at.blockSectors, blockBytes / 512)
  putU32le(head, at.blocks, blocks)
  putLittle(head, at.sectors, plan.size / 512)
  putU32le(head, at.dataSector, dataPosition / 512)
  writeFully(file, 0, head)
  truncateFile(file, dataPosition)
  syncFile(file)
}
