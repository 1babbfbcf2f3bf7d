/**
 * The blocks of a pcapng file, and how they are written one by one: pcapng.ts has whole files.
 * IETF draft-ietf-opsawg-pcapng: §4.1 section header, §4.2 interface description, §4.3 enhanced packet, §3.5 options.
 */
import { putU16le, putU32le, utf8 } from '../base/bytes.ts'

/** LINKTYPE_ETHERNET and LINKTYPE_RAW (bare IP packets). */
export const linkTypes = { ethernet: 1, raw: 101 } as const

export const blockTypes = { section: 0x0a0d0d0a, interface: 1, simplePacket: 3, packet: 6 } as const
export const byteOrderMagic = 0x1a2b3c4d

/** Option codes: the first two of any block, the others of the block in their name. */
export const options = { end: 0, comment: 1, applicationOfSection: 4, nameOfInterface: 2, resolutionOfInterface: 9, offsetOfInterface: 14, flagsOfPacket: 2 } as const

/** Bits of epb_flags (§4.3.1). */
export const packetFlags = { in: 1, out: 2, checksumOwed: 1 << 9, segmentationOwed: 1 << 11 } as const

/** No frame in a lab is longer: a super-frame's 64 KiB and its headers. */
export const snapLength = 262_144

export interface Interface {
  readonly name: string
  readonly linkType: number
}

export interface PacketHead {
  /** Index into the capture's interfaces. */
  readonly interface: number
  /** Nanoseconds since the capture's zero; exact up to 2^53. */
  readonly time: number
  /** `packetFlags`; 0 writes none. */
  readonly flags: number
  readonly comment: string | undefined
}

export interface Packet extends PacketHead {
  readonly bytes: Uint8Array
  /** What the packet measured before it was cut to the snap length. */
  readonly originalLength: number
}

/** A section header block of unknown section length, as a stream needs it. */
export function sectionBlock(application: string | undefined): Uint8Array {
  const text = utf8(application ?? '')
  const bytes = new Uint8Array(28 + (application === undefined ? 0 : optionBytes(text.length) + 4))
  putU32le(bytes, 8, byteOrderMagic)
  putU16le(bytes, 12, 1)
  bytes.fill(0xff, 16, 24)
  if (application !== undefined) putOption(bytes, 24, options.applicationOfSection, text)
  return frameBlock(bytes, 0, bytes.length, blockTypes.section)
}

/** An interface description block, nanosecond stamps. */
export function interfaceBlock({ name, linkType }: Interface): Uint8Array {
  const text = utf8(name)
  const bytes = new Uint8Array(20 + optionBytes(text.length) + optionBytes(1) + 4)
  putU16le(bytes, 8, linkType)
  putU32le(bytes, 12, snapLength)
  const at = putOption(bytes, 16, options.nameOfInterface, text)
  putOption(bytes, at, options.resolutionOfInterface, Uint8Array.of(9))
  return frameBlock(bytes, 0, bytes.length, blockTypes.interface)
}

/** How many bytes `writePacket` will write. */
export function packetBytes(length: number, { flags, comment }: Pick<PacketHead, 'flags' | 'comment'>): number {
  const notes = (flags === 0 ? 0 : 8) + (comment === undefined ? 0 : optionBytes(utf8(comment).length))
  return 32 + pad(length) + (notes === 0 ? 0 : notes + 4)
}

/** Writes an enhanced packet block at `at`. @returns the offset behind it. */
export function writePacket(into: Uint8Array, at: number, head: PacketHead, bytes: Uint8Array, originalLength: number = bytes.length): number {
  const data = at + 28
  putU32le(into, at + 8, head.interface)
  putU32le(into, at + 12, Math.floor(head.time / 0x1_0000_0000))
  putU32le(into, at + 16, head.time % 0x1_0000_0000)
  putU32le(into, at + 20, bytes.length)
  putU32le(into, at + 24, originalLength)
  into.set(bytes, data)
  let end = data + pad(bytes.length)
  into.fill(0, data + bytes.length, end)
  if (head.flags !== 0) {
    putU16le(into, end, options.flagsOfPacket)
    putU16le(into, end + 2, 4)
    putU32le(into, end + 4, head.flags)
    end += 8
  }
  if (head.comment !== undefined) end = putOption(into, end, options.comment, utf8(head.comment))
  if (head.flags !== 0 || head.comment !== undefined) {
    putU32le(into, end, options.end)
    end += 4
  }
  frameBlock(into, at, end + 4, blockTypes.packet)
  return end + 4
}

/** Type in front, length in front and behind. @param end behind the block, its last length included. */
function frameBlock(bytes: Uint8Array, at: number, end: number, type: number): Uint8Array {
  putU32le(bytes, at, type)
  putU32le(bytes, at + 4, end - at)
  putU32le(bytes, end - 4, end - at)
  return bytes
}

function putOption(into: Uint8Array, at: number, code: number, value: Uint8Array): number {
  const end = at + optionBytes(value.length)
  putU16le(into, at, code)
  putU16le(into, at + 2, value.length)
  into.set(value, at + 4)
  into.fill(0, at + 4 + value.length, end)
  return end
}

const pad = (length: number): number => (length + 3) & ~3
const optionBytes = (length: number): number => 4 + pad(length)
