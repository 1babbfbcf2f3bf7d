/** IPv4. RFC 791; the identification's meaning RFC 6864, DSCP and ECN RFC 2474 and RFC 3168. */
import { need, putU16be, putU32be, u16be, u32be } from '../base/bytes.ts'
import { assert, Malformed } from '../base/errors.ts'
import { formatIpv4 } from './address.ts'
import { addressSum4, checksum, verify } from './checksum.ts'
import type { Verdict } from './checksum.ts'
import type { Cargo, Show } from './format.ts'
import { hex16 } from './format.ts'

/** Protocols that Netloom speaks (IANA protocol-numbers). */
export const protocols = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const

export function protocolName(protocol: number): string {
  return Object.entries(protocols).find(([, number]) => number === protocol)?.[0] ?? `protocol ${protocol}`
}

export const headerBytes = 20
export const largestPacket = 65_535

export interface Header {
  /** Differentiated services code point, 0 to 63. */
  readonly dscp: number
  /** Explicit congestion notification, 0 to 3. */
  readonly ecn: number
  readonly identification: number
  readonly dontFragment: boolean
  readonly moreFragments: boolean
  /** In bytes; a multiple of 8. */
  readonly fragmentOffset: number
  readonly ttl: number
  readonly protocol: number
  readonly source: number
  readonly destination: number
  /** The options as they stand, padded to a multiple of 4 bytes; at most 40. */
  readonly options: Uint8Array
}

export interface Packet extends Header {
  readonly payload: Uint8Array
}

export interface Parsed extends Packet {
  /** The header's own. */
  readonly checksum: Verdict
  /** What the packet says of its length, header included. Larger than what is there only in a quoted packet. */
  readonly totalLength: number
}

/** What `build` asks for; the rest is: no DSCP, ECN or options, identification 0, not a fragment, may be fragmented, ttl 64. */
export type Draft = Partial<Header> & Pick<Header, 'protocol' | 'source' | 'destination'>

/** Padding behind the packet is cut off. @throws {Malformed} */
export function parse(bytes: Uint8Array): Parsed {
  const packet = parseQuoted(bytes)
  if (packet.totalLength > bytes.length) throw new Malformed(`IPv4 packet of ${packet.totalLength} bytes, ${bytes.length} there`)
  // A fragment that reaches beyond the largest packet is the "ping of death".
  if (packet.fragmentOffset + packet.totalLength > largestPacket) throw new Malformed(`IPv4 fragment ends beyond ${largestPacket} bytes`)
  return packet
}

/** A packet whose end may be missing, as an ICMP error quotes it (RFC 792, RFC 1812 §4.3.2.3). @throws {Malformed} */
export function parseQuoted(bytes: Uint8Array): Parsed {
  need(bytes, 0, headerBytes, 'IPv4 header')
  if (bytes[0] >>> 4 !== 4) throw new Malformed(`IP version ${bytes[0] >>> 4} where 4 belongs`)
  const headerLength = (bytes[0] & 0xf) * 4
  const totalLength = u16be(bytes, 2)
  if (headerLength < headerBytes) throw new Malformed(`IPv4 header of ${headerLength} bytes`)
  need(bytes, 0, headerLength, 'IPv4 header')
  if (totalLength < headerLength) throw new Malformed(`IPv4 packet of ${totalLength} bytes with a header of ${headerLength}`)
  const fragment = u16be(bytes, 6)
  return {
    dscp: bytes[1] >>> 2,
    ecn: bytes[1] & 3,
    identification: u16be(bytes, 4),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    ttl: bytes[8],
    protocol: bytes[9],
    checksum: verify(bytes, 0, headerLength),
    source: u32be(bytes, 12),
    destination: u32be(bytes, 16),
    options: bytes.subarray(headerBytes, headerLength),
    totalLength,
    payload: bytes.subarray(headerLength, totalLength),
  }
}

export function build(packet: Draft & Pick<Packet, 'payload'>): Uint8Array {
  const headerLength = headerLengthOf(packet)
  const bytes = new Uint8Array(headerLength + packet.payload.length)
  write(bytes, 0, packet, packet.payload.length)
  bytes.set(packet.payload, headerLength)
  return bytes
}

export const headerLengthOf = (packet: Draft): number => headerBytes + (((packet.options?.length ?? 0) + 3) & ~3)

/** Writes a header with its checksum at `at`, for `payloadLength` bytes behind it. Options are padded with end-of-list. */
export function write(into: Uint8Array, at: number, packet: Draft, payloadLength: number): void {
  const headerLength = headerLengthOf(packet)
  const offset = packet.fragmentOffset ?? 0
  assert(headerLength <= 60, `IPv4 options of ${headerLength - headerBytes} bytes`)
  assert(headerLength + payloadLength <= largestPacket, `IPv4 packet of ${headerLength + payloadLength} bytes`)
  assert((offset & 7) === 0, `IPv4 fragment offset ${offset}`)
  into[at] = 0x40 | (headerLength >>> 2)
  into[at + 1] = ((packet.dscp ?? 0) << 2) | (packet.ecn ?? 0)
  putU16be(into, at + 2, headerLength + payloadLength)
  putU16be(into, at + 4, packet.identification ?? 0)
  putU16be(into, at + 6, (packet.dontFragment === true ? 0x4000 : 0) | (packet.moreFragments === true ? 0x2000 : 0) | (offset >>> 3))
  into[at + 8] = packet.ttl ?? 64
  into[at + 9] = packet.protocol
  putU16be(into, at + 10, 0)
  putU32be(into, at + 12, packet.source)
  putU32be(into, at + 16, packet.destination)
  into.fill(0, at + headerBytes, at + headerLength)
  if (packet.options !== undefined) into.set(packet.options, at + headerBytes)
  putU16be(into, at + 10, checksum(into, at, at + headerLength))
}

export const isFragment = (packet: Header): boolean => packet.moreFragments || packet.fragmentOffset > 0

export function format(packet: Parsed): string {
  const notes = [
    isFragment(packet) ? `fragment ${packet.fragmentOffset}+${packet.payload.length}${packet.moreFragments ? ' more' : ' last'} id ${packet.identification}` : '',
    packet.options.length > 0 ? `options ${packet.options.length} bytes` : '',
    packet.checksum === 'wrong' ? 'WRONG CHECKSUM' : '',
  ].filter((note) => note !== '')
  return [`${formatIpv4(packet.source)} > ${formatIpv4(packet.destination)} ttl ${packet.ttl}`, ...notes].join(', ')
}

export const show: Show<Parsed> = { identification: hex16, source: formatIpv4, destination: formatIpv4 }

/** Nothing for a fragment: its payload is not a whole message of the protocol. */
export function carries(packet: Parsed): Cargo | undefined {
  if (isFragment(packet)) return undefined
  return { space: 'ip', numbers: [packet.protocol], bytes: packet.payload, addressSum: addressSum4(packet.source, packet.destination, packet.protocol) }
}
