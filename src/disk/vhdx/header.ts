/** Headers, region table and metadata of a VHDX. Microsoft, MS-VHDX §2.2, §2.6. Little-endian. */
import { concat, fromLatin1, latin1, putU16le, putU32le, u16le, u32le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { readBytes, syncFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { little, putLittle } from '../number.ts'
import { crc32c } from './crc32c.ts'
import { guids, isGuid } from './guid.ts'

export const signature = 'vhdxfile'
const headerPositions = [65_536, 131_072]
const regionPositions = [196_608, 262_144]
const headerBytes = 4096
const regionBytes = 65_536
const mostRegions = 2047
/** §2.6: entries only; the items lie behind. */
const metadataTableBytes = 65_536

export interface Header {
  readonly position: number
  readonly sequence: number
  readonly fileId: Uint8Array
  readonly dataId: Uint8Array
  readonly logId: Uint8Array
  readonly logBytes: number
  readonly logPosition: number
}

/** §2.2.2: the one with the higher sequence number of those that are whole. @throws {Malformed} */
export function readHeader(file: ImageFile): Header {
  let best: Header | undefined
  for (const position of headerPositions) {
    const bytes = readBytes(file, position, headerBytes)
    if (fromLatin1(bytes.subarray(0, 4)) !== 'head' || crc32c(bytes, 4) !== u32le(bytes, 4)) continue
    const header = { position, sequence: little(bytes, 8), fileId: bytes.slice(16, 32), dataId: bytes.slice(32, 48), logId: bytes.slice(48, 64), logBytes: u32le(bytes, 68), logPosition: little(bytes, 72) }
    if (u16le(bytes, 66) !== 1) throw new Malformed(`${file.name}: a VHDX of version ${u16le(bytes, 66)}; there is only 1`)
    if (best === undefined || header.sequence > best.sequence) best = header
  }
  if (best === undefined) throw new Malformed(`${file.name}: both headers are damaged`)
  return best
}

export function buildHeader(header: Header): Uint8Array {
  const bytes = new Uint8Array(headerBytes)
  bytes.set(latin1('head'))
  putLittle(bytes, 8, header.sequence)
  bytes.set(concat(header.fileId, header.dataId, header.logId), 16)
  putU16le(bytes, 66, 1)
  putU32le(bytes, 68, header.logBytes)
  putLittle(bytes, 72, header.logPosition)
  putU32le(bytes, 4, crc32c(bytes, 4))
  return bytes
}

/** §2.2.2.1: the other header is written, so that one is whole at every moment. @returns the header that counts now. */
export function writeHeader(file: ImageFile, last: Header, change: Partial<Pick<Header, 'fileId' | 'dataId' | 'logId'>>): Header {
  const next = { ...last, ...change, sequence: last.sequence + 1, position: headerPositions[0] + headerPositions[1] - last.position }
  writeFully(file, next.position, buildHeader(next))
  syncFile(file)
  return next
}

export interface Region {
  readonly position: number
  readonly bytes: number
}

/** §2.2.3. @throws {Malformed} */
export function readRegions(file: ImageFile): { blocks: Region; metadata: Region } {
  for (const position of regionPositions) {
    const bytes = readBytes(file, position, regionBytes)
    const count = u32le(bytes, 8)
    if (fromLatin1(bytes.subarray(0, 4)) !== 'regi' || crc32c(bytes, 4) !== u32le(bytes, 4) || count > mostRegions) continue
    const found = new Map<'blocks' | 'metadata', Region>()
    for (let at = 16; at < 16 + count * 32; at += 32) {
      const name = (['blocks', 'metadata'] as const).find((one) => isGuid(bytes, at, guids[one]))
      if (name !== undefined) found.set(name, { position: little(bytes, at + 16), bytes: u32le(bytes, at + 24) })
      else if ((u32le(bytes, at + 28) & 1) !== 0) throw new Malformed(`${file.name} needs a region that nobody had thought of when this was written`)
    }
    const [blocks, metadata] = [found.get('blocks'), found.get('metadata')]
    if (blocks === undefined || metadata === undefined) throw new Malformed(`${file.name} has no block table or no metadata`)
    for (const region of [blocks, metadata]) if (region.position < 1 << 20 || region.position % (1 << 20) !== 0 || region.bytes > 1 << 30 || !(region.position <= 2 ** 46)) throw new Malformed(`${file.name}: a region of ${region.bytes} bytes at ${region.position}`)
    return { blocks, metadata }
  }
  throw new Malformed(`${file.name}: both region tables are damaged`)
}

export function buildRegions(blocks: Region, metadata: Region): Uint8Array {
  const bytes = new Uint8Array(regionBytes)
  bytes.set(latin1('regi'))
  putU32le(bytes, 8, 2)
  for (const [index, [id, region]] of ([[guids.blocks, blocks], [guids.metadata, metadata]] as const).entries()) {
    const at = 16 + index * 32
    bytes.set(id, at)
    putLittle(bytes, at + 16, region.position)
    putU32le(bytes, at + 24, region.bytes)
    putU32le(bytes, at + 28, 1)
  }
  putU32le(bytes, 4, crc32c(bytes, 4))
  return bytes
}

export interface Metadata {
  readonly blockBytes: number
  readonly size: number
  readonly sectorBytes: number
}

/** §2.6. @throws {Malformed} */
export function readMetadata(file: ImageFile, region: Region): Metadata {
  const regionEnd = Math.min(region.bytes, 1 << 20)
  const bytes = readBytes(file, region.position, Math.min(regionEnd, metadataTableBytes))
  const count = u16le(bytes, 10)
  if (fromLatin1(bytes.subarray(0, 8)) !== 'metadata' || count > 2047 || 32 + count * 32 > bytes.length) throw new Malformed(`${file.name}: its metadata are damaged`)
  const item = (wanted: Uint8Array, length: number): Uint8Array | undefined => {
    for (let at = 32; at < 32 + count * 32; at += 32) {
      if (!isGuid(bytes, at, wanted)) continue
      const from = u32le(bytes, at + 16)
      if (from < metadataTableBytes || from + length > regionEnd || u32le(bytes, at + 20) < length) throw new Malformed(`${file.name}: a metadata item outside its region`)
      return readBytes(file, region.position + from, length)
    }
    return undefined
  }
  const [parameters, size, sector] = [item(guids.parameters, 8), item(guids.size, 8), item(guids.logicalSector, 4)]
  if (parameters === undefined || size === undefined || sector === undefined) throw new Malformed(`${file.name} does not say how large it is`)
  if ((u32le(parameters, 4) & 2) !== 0) throw new Malformed(`${file.name} lies over another VHDX; Netloom reads only whole ones: Hyper-V’s Convert-VHD makes one`)
  const found = { blockBytes: u32le(parameters, 0), size: little(size, 0), sectorBytes: u32le(sector, 0) }
  if (found.blockBytes < 1 << 20 || found.blockBytes > 256 << 20 || (found.blockBytes & (found.blockBytes - 1)) !== 0) throw new Malformed(`${file.name}: blocks of ${found.blockBytes} bytes`)
  if (found.sectorBytes !== 512 && found.sectorBytes !== 4096) throw new Malformed(`${file.name}: sectors of ${found.sectorBytes} bytes`)
  if (found.size === 0 || found.size > 2 ** 46 || found.size % found.sectorBytes !== 0) throw new Malformed(`${file.name}: a disk of ${found.size} bytes`)
  return found
}

export function buildMetadata(plan: Metadata & { readonly fixed: boolean; readonly id: Uint8Array }): Uint8Array {
  const bytes = new Uint8Array(1 << 20)
  bytes.set(latin1('metadata'))
  // §2.6.1.2: bit 1 says that it is about the virtual disk, bit 2 that a reader must know it.
  const items: readonly (readonly [Uint8Array, Uint8Array, number])[] = [
    [guids.parameters, concat(number(plan.blockBytes, 4), number(plan.fixed ? 1 : 0, 4)), 4],
    [guids.size, number(plan.size, 8), 6],
    [guids.diskId, plan.id, 6],
    [guids.logicalSector, number(plan.sectorBytes, 4), 6],
    [guids.physicalSector, number(plan.sectorBytes, 4), 6],
  ]
  putU16le(bytes, 10, items.length)
  let from = 65_536
  for (const [index, [id, content, flags]] of items.entries()) {
    const at = 32 + index * 32
    bytes.set(id, at)
    putU32le(bytes, at + 16, from)
    putU32le(bytes, at + 20, content.length)
    putU32le(bytes, at + 24, flags)
    bytes.set(content, from)
    from += content.length
  }
  return bytes
}

function number(value: number, length: 4 | 8): Uint8Array {
  const field = new Uint8Array(length)
  if (length === 8) putLittle(field, 0, value)
  else putU32le(field, 0, value)
  return field
}
