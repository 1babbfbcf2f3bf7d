/** IPv6 and its extension headers. RFC 8200. */
import { need, putU16be, putU32be, u16be, u32be } from '../base/bytes.ts'
import { assert, Malformed } from '../base/errors.ts'
import { formatIpv6 } from './address.ts'
import { addressSum6 } from './checksum.ts'
import type { Cargo, Show } from './format.ts'

export const headerBytes = 40

/** Next-header numbers of extension headers (RFC 8200 §4), and of none. */
export const extensions = { hopByHop: 0, routing: 43, fragment: 44, none: 59, destination: 60 } as const

export interface Extension {
  /** One of `extensions`. */
  readonly kind: number
  /** Everything behind its next-header and length octets; of a fragment header its last six bytes. */
  readonly body: Uint8Array
}

export interface Fragment {
  /** In bytes; a multiple of 8. */
  readonly offset: number
  readonly more: boolean
  readonly identification: number
}

export interface Packet {
  /** Differentiated services and ECN, 8 bits. */
  readonly trafficClass: number
  readonly flowLabel: number
  readonly hopLimit: number
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly extensions: readonly Extension[]
  /** The upper-layer protocol, behind all extension headers. */
  readonly protocol: number
  readonly payload: Uint8Array
}

export interface Parsed extends Packet {
  /** What a fragment header among the extensions says. Behind a fragment's offset other than 0 `protocol` is the whole packet's. */
  readonly fragment: Fragment | undefined
}

/** What `build` asks for; the rest is: class and label 0, hop limit 64, no extensions. */
export type Draft = Partial<Packet> & Pick<Packet, 'protocol' | 'source' | 'destination' | 'payload'>

/** More extension headers than any honest packet carries. */
const mostExtensions = 8

/** Padding behind the packet is cut off. Jumbograms (RFC 2675) are not taken. @throws {Malformed} */
export function parse(bytes: Uint8Array): Parsed {
  need(bytes, 0, headerBytes, 'IPv6 header')
  const length = headerBytes + u16be(bytes, 4)
  if (length > bytes.length) throw new Malformed(`IPv6 packet of ${length} bytes, ${bytes.length} there`)
  return parseQuoted(bytes)
}

/** A packet whose end may be missing, as an ICMPv6 error quotes it (RFC 4443 §2.4). @throws {Malformed} */
export function parseQuoted(bytes: Uint8Array): Parsed {
  need(bytes, 0, headerBytes, 'IPv6 header')
  if (bytes[0] >>> 4 !== 6) throw new Malformed(`IP version ${bytes[0] >>> 4} where 6 belongs`)
  const end = Math.min(bytes.length, headerBytes + u16be(bytes, 4))
  const chain = parseChain(bytes, end)
  return {
    trafficClass: (u16be(bytes, 0) >>> 4) & 0xff,
    flowLabel: u32be(bytes, 0) & 0xf_ffff,
    hopLimit: bytes[7],
    source: bytes.subarray(8, 24),
    destination: bytes.subarray(24, 40),
    extensions: chain.extensions,
    fragment: chain.fragment,
    protocol: chain.protocol,
    payload: bytes.subarray(chain.at, end),
  }
}

interface Chain {
  readonly extensions: readonly Extension[]
  readonly fragment: Fragment | undefined
  readonly protocol: number
  readonly at: number
}

function parseChain(bytes: Uint8Array, end: number): Chain {
  const found: Extension[] = []
  let fragment: Fragment | undefined
  let protocol = bytes[6]
  let at = headerBytes
  // What follows a fragment header with an offset is the middle of something: no header begins there.
  while (isExtension(protocol) && (fragment?.offset ?? 0) === 0) {
    if (protocol === extensions.hopByHop && found.length > 0) throw new Malformed('IPv6 hop-by-hop options not in front')
    if (found.length === mostExtensions) throw new Malformed(`more than ${mostExtensions} IPv6 extension headers`)
    if (at + 8 > end) throw new Malformed('IPv6 extension header beyond the end')
    const length = protocol === extensions.fragment ? 8 : (bytes[at + 1] + 1) * 8
    if (at + length > end) throw new Malformed('IPv6 extension header beyond the end')
    found.push({ kind: protocol, body: bytes.subarray(at + 2, at + length) })
    if (protocol === extensions.fragment) fragment = parseFragment(bytes, at, end)
    protocol = bytes[at]
    at += length
  }
  return { extensions: found, fragment, protocol, at }
}

function parseFragment(bytes: Uint8Array, at: number, end: number): Fragment {
  const word = u16be(bytes, at + 2)
  const offset = word & 0xfff8
  // The reassembled packet's length must fit its field (RFC 8200 §4.5).
  if (offset + end - at - 8 > 65_535) throw new Malformed('IPv6 fragment ends beyond 65535 bytes')
  return { offset, more: (word & 1) === 1, identification: u32be(bytes, at + 4) }
}

const isExtension = (kind: number): boolean => kind === extensions.hopByHop || kind === extensions.routing || kind === extensions.fragment || kind === extensions.destination

export function build(packet: Draft): Uint8Array {
  const chain = packet.extensions ?? []
  const extensionBytes = chain.reduce((sum, { body }) => sum + body.length + 2, 0)
  const bytes = new Uint8Array(headerBytes + extensionBytes + packet.payload.length)
  write(bytes, 0, { ...packet, protocol: chain[0]?.kind ?? packet.protocol }, extensionBytes + packet.payload.length)
  let at = headerBytes
  for (const [place, { kind, body }] of chain.entries()) {
    assert((body.length + 2) % 8 === 0 && (kind !== extensions.fragment || body.length === 6), `IPv6 extension ${kind} of ${body.length + 2} bytes`)
    bytes[at] = chain[place + 1]?.kind ?? packet.protocol
    bytes[at + 1] = kind === extensions.fragment ? 0 : (body.length + 2) / 8 - 1
    bytes.set(body, at + 2)
    at += body.length + 2
  }
  bytes.set(packet.payload, at)
  return bytes
}

/** Writes the 40 bytes of the fixed header at `at`. `protocol` is the next header's. */
export function write(into: Uint8Array, at: number, packet: Omit<Draft, 'payload' | 'extensions'>, payloadLength: number): void {
  assert(payloadLength <= 65_535, `IPv6 payload of ${payloadLength} bytes`)
  putU32be(into, at, ((6 << 28) | ((packet.trafficClass ?? 0) << 20) | (packet.flowLabel ?? 0)) >>> 0)
  putU16be(into, at + 4, payloadLength)
  into[at + 6] = packet.protocol
  into[at + 7] = packet.hopLimit ?? 64
  into.set(packet.source, at + 8)
  into.set(packet.destination, at + 24)
}

/** The extension that makes a packet a fragment. */
export function fragmentExtension({ offset, more, identification }: Fragment): Extension {
  assert((offset & 7) === 0, `IPv6 fragment offset ${offset}`)
  const body = new Uint8Array(6)
  putU16be(body, 0, offset | (more ? 1 : 0))
  putU32be(body, 2, identification)
  return { kind: extensions.fragment, body }
}

export function format(packet: Parsed): string {
  const { fragment } = packet
  const notes = [
    packet.extensions.length > 0 ? `extensions ${packet.extensions.map(({ kind }) => kind).join(' ')}` : '',
    fragment === undefined ? '' : `fragment ${fragment.offset}+${packet.payload.length}${fragment.more ? ' more' : ' last'} id ${fragment.identification}`,
  ].filter((note) => note !== '')
  return [`${formatIpv6(packet.source)} > ${formatIpv6(packet.destination)} hops ${packet.hopLimit}`, ...notes].join(', ')
}

export const show: Show<Parsed> = { source: formatIpv6, destination: formatIpv6 }

/** Nothing for a fragment, but an atomic one (RFC 6946). */
export function carries(packet: Parsed): Cargo | undefined {
  if (packet.protocol === extensions.none) return undefined
  if (packet.fragment !== undefined && (packet.fragment.more || packet.fragment.offset > 0)) return undefined
  return { space: 'ip', numbers: [packet.protocol], bytes: packet.payload, addressSum: addressSum6(packet.source, packet.destination, packet.protocol) }
}
