/** pcapng capture files, whole. IETF draft-ietf-opsawg-pcapng; for writing as packets come, see pcapng-blocks.ts. */
import { fromUtf8, need, u16be, u16le, u32be, u32le, u64be, u64le } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import type { Interface, Packet } from './pcapng-blocks.ts'
import { blockTypes, byteOrderMagic, interfaceBlock, options, packetBytes, sectionBlock, writePacket } from './pcapng-blocks.ts'

export interface Capture {
  readonly application: string | undefined
  readonly interfaces: readonly Interface[]
  readonly packets: readonly Packet[]
}

/** All sections of a file in one; either byte order, any time resolution; blocks of other kinds are passed over. @throws {Malformed} */
export function parse(bytes: Uint8Array): Capture {
  const reading: Reading = { application: undefined, order: little, firstInterface: 0, stamps: [], interfaces: [], packets: [] }
  need(bytes, 0, 28, 'pcapng section header')
  if (u32le(bytes, 0) !== blockTypes.section) throw new Malformed('not a pcapng file')
  for (let at = 0; at < bytes.length; ) {
    need(bytes, at, 12, 'pcapng block')
    // The section header's type reads the same in both orders, so that the order can be learnt from its body.
    if (u32le(bytes, at) === blockTypes.section) reading.order = orderOf(bytes, at)
    const length = reading.order.u32(bytes, at + 4)
    if (length < 12 || length % 4 !== 0) throw new Malformed(`pcapng block of ${length} bytes`)
    need(bytes, at, length, 'pcapng block')
    if (reading.order.u32(bytes, at + length - 4) !== length) throw new Malformed(`pcapng block at ${at} gives two lengths`)
    readBlock(reading, reading.order.u32(bytes, at), bytes.subarray(at + 8, at + length - 4))
    at += length
  }
  return { application: reading.application, interfaces: reading.interfaces, packets: reading.packets }
}

export function build(capture: Capture): Uint8Array {
  const heads = [sectionBlock(capture.application), ...capture.interfaces.map(interfaceBlock)]
  const size = [...heads.map((head) => head.length), ...capture.packets.map((packet) => packetBytes(packet.bytes.length, packet))].reduce((sum, length) => sum + length, 0)
  const bytes = new Uint8Array(size)
  let at = 0
  for (const head of heads) {
    bytes.set(head, at)
    at += head.length
  }
  for (const packet of capture.packets) at = writePacket(bytes, at, packet, packet.bytes, packet.originalLength)
  return bytes
}

export function format(capture: Capture): string {
  return `pcapng, ${capture.interfaces.length} interfaces, ${capture.packets.length} packets`
}

/** What a section's byte order makes of a field. */
interface Order {
  u16(bytes: Uint8Array, at: number): number
  u32(bytes: Uint8Array, at: number): number
  u64(bytes: Uint8Array, at: number): bigint
}

const little: Order = { u16: u16le, u32: u32le, u64: u64le }
const big: Order = { u16: u16be, u32: u32be, u64: u64be }

/** How an interface counts time: units a second, and seconds to add. */
interface Stamp {
  readonly unitsPerSecond: bigint
  readonly offsetSeconds: bigint
  readonly snapLength: number
}

interface Reading {
  application: string | undefined
  order: Order
  /** Interfaces are numbered from 0 in each section; this is the first one's place in the whole. */
  firstInterface: number
  readonly stamps: Stamp[]
  readonly interfaces: Interface[]
  readonly packets: Packet[]
}

function orderOf(bytes: Uint8Array, at: number): Order {
  need(bytes, at, 28, 'pcapng section header')
  if (u32le(bytes, at + 8) === byteOrderMagic) return little
  if (u32be(bytes, at + 8) === byteOrderMagic) return big
  throw new Malformed('pcapng section without its byte-order magic')
}

function readBlock(reading: Reading, type: number, body: Uint8Array): void {
  if (type === blockTypes.section) readSection(reading, body)
  else if (type === blockTypes.interface) readInterface(reading, body)
  else if (type === blockTypes.packet) readPacket(reading, body)
  else if (type === blockTypes.simplePacket) readSimplePacket(reading, body)
}

function readSection(reading: Reading, body: Uint8Array): void {
  need(body, 0, 16, 'pcapng section header')
  if (reading.order.u16(body, 4) !== 1) throw new Malformed(`pcapng version ${reading.order.u16(body, 4)}`)
  reading.firstInterface = reading.interfaces.length
  const application = readOptions(reading.order, body, 16).get(options.applicationOfSection)
  if (application !== undefined) reading.application ??= fromUtf8(application)
}

function readInterface(reading: Reading, body: Uint8Array): void {
  const { order } = reading
  need(body, 0, 8, 'pcapng interface')
  const found = readOptions(order, body, 8)
  const name = found.get(options.nameOfInterface)
  const resolution = found.get(options.resolutionOfInterface)?.[0] ?? 6
  const offset = found.get(options.offsetOfInterface)
  // The top bit chooses between powers of two and of ten (§4.2, if_tsresol).
  const unitsPerSecond = resolution >= 0x80 ? 1n << BigInt(resolution & 0x7f) : 10n ** BigInt(resolution)
  reading.interfaces.push({ name: name === undefined ? '' : fromUtf8(name), linkType: order.u16(body, 0) })
  reading.stamps.push({
    unitsPerSecond,
    offsetSeconds: offset?.length === 8 ? BigInt.asIntN(64, order.u64(offset, 0)) : 0n,
    snapLength: order.u32(body, 4),
  })
}

function readPacket(reading: Reading, body: Uint8Array): void {
  const { order } = reading
  need(body, 0, 20, 'pcapng packet')
  const place = placeOf(reading, order.u32(body, 0))
  const length = order.u32(body, 12)
  need(body, 20, length, 'pcapng packet data')
  const { unitsPerSecond, offsetSeconds } = reading.stamps[place]
  const units = (BigInt(order.u32(body, 4)) << 32n) | BigInt(order.u32(body, 8))
  const found = readOptions(order, body, 20 + ((length + 3) & ~3))
  const flags = found.get(options.flagsOfPacket)
  const comment = found.get(options.comment)
  reading.packets.push({
    interface: place,
    time: Number(offsetSeconds * 1_000_000_000n + (units * 1_000_000_000n) / unitsPerSecond),
    flags: flags?.length === 4 ? order.u32(flags, 0) : 0,
    comment: comment === undefined ? undefined : fromUtf8(comment),
    bytes: body.subarray(20, 20 + length),
    originalLength: order.u32(body, 16),
  })
}

/** No time stamp, no options, always the first interface (§4.4). */
function readSimplePacket(reading: Reading, body: Uint8Array): void {
  need(body, 0, 4, 'pcapng simple packet')
  const place = placeOf(reading, 0)
  const originalLength = reading.order.u32(body, 0)
  const { snapLength } = reading.stamps[place]
  const length = snapLength === 0 ? originalLength : Math.min(originalLength, snapLength)
  need(body, 4, length, 'pcapng packet data')
  reading.packets.push({ interface: place, time: 0, flags: 0, comment: undefined, bytes: body.subarray(4, 4 + length), originalLength })
}

function placeOf(reading: Reading, number: number): number {
  const place = reading.firstInterface + number
  if (place >= reading.interfaces.length) throw new Malformed(`pcapng packet of interface ${number}, which was not described`)
  return place
}

/** The first of each code. */
function readOptions(order: Order, body: Uint8Array, from: number): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  for (let at = from; at < body.length; ) {
    need(body, at, 4, 'pcapng option')
    const code = order.u16(body, at)
    const length = order.u16(body, at + 2)
    if (code === options.end) break
    need(body, at + 4, length, 'pcapng option')
    if (!found.has(code)) found.set(code, body.subarray(at + 4, at + 4 + length))
    at += 4 + ((length + 3) & ~3)
  }
  return found
}
