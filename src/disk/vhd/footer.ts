/** The footer and the sparse header of a VHD. Microsoft, Virtual Hard Disk Image Format Specification 1.0 (2006). Big-endian. */
import { fromLatin1, latin1, putU16be, putU32be, u32be } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { readBytes } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { big, putBig } from '../number.ts'

export const footerBytes = 512
export const headerBytes = 1024
/** §Disk Type. */
export const kinds = { fixed: 2, dynamic: 3, differencing: 4 } as const
const cookie = 'conectix'
const headerCookie = 'cxsparse'
export const absentEntry = 0xffff_ffff
/** 4 bytes a block; VHD ends at 2040 GiB anyway. */
const mostBlocks = 1 << 22

export interface Footer {
  readonly kind: number
  readonly size: number
  readonly headerPosition: number
  readonly id: Uint8Array
  readonly bytes: Uint8Array
}

/** The ones' complement of the sum of all bytes but the sum's own. */
export function checksum(bytes: Uint8Array, at: number): number {
  let sum = 0
  for (let index = 0; index < bytes.length; index++) if (index < at || index >= at + 4) sum += bytes[index]
  return ~sum >>> 0
}

const isFooter = (bytes: Uint8Array): boolean => fromLatin1(bytes.subarray(0, 8)) === cookie

/** The footer at the end or, if that is damaged, its copy at the start. */
export function findFooter(file: ImageFile): Footer | undefined {
  for (const position of [file.size - footerBytes, 0, file.size - footerBytes + 1]) {
    if (position < 0) continue
    const bytes = readBytes(file, position, footerBytes)
    if (isFooter(bytes) && checksum(bytes, 64) === u32be(bytes, 64)) return { kind: u32be(bytes, 60), size: big(bytes, 48), headerPosition: big(bytes, 16), id: bytes.slice(68, 84), bytes }
  }
  return undefined
}

export interface SparseHeader {
  readonly tablePosition: number
  readonly blocks: number
  readonly blockBytes: number
  readonly parentId: Uint8Array
  /** Names of the base, the most useful first. */
  readonly parents: readonly string[]
}

/** @throws {Malformed} */
export function parseHeader(file: ImageFile, footer: Footer): SparseHeader {
  const refuse = (what: string): never => {
    throw new Malformed(`${file.name}: ${what}`)
  }
  if (!(footer.headerPosition + headerBytes <= file.size)) refuse('its header lies behind its end')
  const bytes = readBytes(file, footer.headerPosition, headerBytes)
  if (fromLatin1(bytes.subarray(0, 8)) !== headerCookie || checksum(bytes, 36) !== u32be(bytes, 36)) refuse('its header is damaged')
  const header = { tablePosition: big(bytes, 16), blocks: u32be(bytes, 28), blockBytes: u32be(bytes, 32), parentId: bytes.slice(40, 56), parents: footer.kind === kinds.differencing ? parentNames(file, bytes) : [] }
  const { tablePosition, blocks, blockBytes } = header
  if (blockBytes < 4096 || blockBytes > 64 << 20 || (blockBytes & (blockBytes - 1)) !== 0) refuse(`blocks of ${blockBytes} bytes`)
  if (blocks > mostBlocks || footer.size > blocks * blockBytes) refuse(`${blocks} blocks for a disk of ${footer.size} bytes`)
  if (tablePosition % 512 !== 0 || !(tablePosition + blocks * 4 <= file.size)) refuse(`its table lies at ${tablePosition}`)
  return header
}

/** §Parent Locator: relative names first, then absolute ones, then the bare name in the header. Backslashes are Windows'. */
function parentNames(file: ImageFile, bytes: Uint8Array): string[] {
  const found: [number, string][] = []
  for (let at = 576; at < 576 + 8 * 24; at += 24) {
    const code = fromLatin1(bytes.subarray(at, at + 4))
    const [length, position] = [u32be(bytes, at + 8), big(bytes, at + 16)]
    if ((code !== 'W2ru' && code !== 'W2ku') || length === 0 || length > 4096 || !(position + length <= file.size)) continue
    const raw = readBytes(file, position, length)
    found.push([code === 'W2ru' ? 0 : 1, utf16(raw, false).replaceAll('\\', '/')])
  }
  const bare = utf16(bytes.subarray(64, 576), true)
  return [...found.sort(([a], [b]) => a - b).map(([, name]) => name), ...(bare === '' ? [] : [bare])]
}

function utf16(bytes: Uint8Array, bigEndian: boolean): string {
  let text = ''
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const unit = bigEndian ? (bytes[at] << 8) | bytes[at + 1] : (bytes[at + 1] << 8) | bytes[at]
    if (unit === 0) break
    text += String.fromCharCode(unit)
  }
  return text
}

function putUtf16(text: string, bigEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    bytes[at * 2 + (bigEndian ? 0 : 1)] = unit >> 8
    bytes[at * 2 + (bigEndian ? 1 : 0)] = unit
  }
  return bytes
}

/** §Appendix: CHS Calculation. */
export function geometry(sectors: number): { cylinders: number; heads: number; perTrack: number } {
  const total = Math.min(sectors, 65_535 * 16 * 255)
  if (total >= 65_535 * 16 * 63) return { cylinders: Math.floor(total / 255 / 16), heads: 16, perTrack: 255 }
  let perTrack = 17
  let byHeads = Math.floor(total / 17)
  let heads = Math.max(4, Math.floor((byHeads + 1023) / 1024))
  for (const next of [31, 63]) {
    if (byHeads < heads * 1024 && heads <= 16) break
    perTrack = next
    heads = 16
    byHeads = Math.floor(total / perTrack)
  }
  return { cylinders: Math.floor(byHeads / heads), heads, perTrack }
}

export function buildFooter(plan: { readonly kind: number; readonly size: number; readonly id: Uint8Array }): Uint8Array {
  const bytes = new Uint8Array(footerBytes)
  const fixed = plan.kind === kinds.fixed
  const { cylinders, heads, perTrack } = geometry(plan.size / 512)
  bytes.set(latin1(cookie))
  putU32be(bytes, 8, 2)
  putU32be(bytes, 12, 0x0001_0000)
  if (fixed) bytes.fill(0xff, 16, 24)
  else putBig(bytes, 16, footerBytes)
  // Readers take the size from here, and not from the geometry, only of makers they know.
  bytes.set(latin1('win '), 28)
  putU32be(bytes, 32, 0x000a_0000)
  bytes.set(latin1('Wi2k'), 36)
  putBig(bytes, 40, plan.size)
  putBig(bytes, 48, plan.size)
  putU16be(bytes, 56, cylinders)
  bytes[58] = heads
  bytes[59] = perTrack
  putU32be(bytes, 60, plan.kind)
  bytes.set(plan.id, 68)
  putU32be(bytes, 64, checksum(bytes, 64))
  return bytes
}

export interface HeaderPlan {
  readonly tablePosition: number
  readonly blocks: number
  readonly blockBytes: number
  readonly parent?: { readonly name: string; readonly id: Uint8Array; readonly locatorPosition: number } | undefined
}

/** @returns the header, and the text that stands at the parent's locator. */
export function buildHeader(plan: HeaderPlan): { header: Uint8Array; locator: Uint8Array } {
  const bytes = new Uint8Array(headerBytes)
  bytes.set(latin1(headerCookie))
  bytes.fill(0xff, 8, 16)
  putBig(bytes, 16, plan.tablePosition)
  putU32be(bytes, 24, 0x0001_0000)
  putU32be(bytes, 28, plan.blocks)
  putU32be(bytes, 32, plan.blockBytes)
  let locator = new Uint8Array(0)
  if (plan.parent !== undefined) {
    const { name, id, locatorPosition } = plan.parent
    bytes.set(id.subarray(0, 16), 40)
    bytes.set(putUtf16(name.replace(/^.*[\\/]/, '').slice(0, 255), true), 64)
    locator = new Uint8Array(putUtf16(/^(?:\/|\.\.?\/)/.test(name) ? name.replaceAll('/', '\\') : `.\\${name.replaceAll('/', '\\')}`, false))
    bytes.set(latin1('W2ru'), 576)
    putU32be(bytes, 580, 512)
    putU32be(bytes, 584, locator.length)
    putBig(bytes, 592, locatorPosition)
  }
  putU32be(bytes, 36, checksum(bytes, 36))
  return { header: bytes, locator }
}
