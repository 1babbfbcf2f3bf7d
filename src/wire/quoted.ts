/** The start of an IPv4 packet, as an ICMP error quotes it: a header, and of the transport as much as came along (RFC 792). */
import { u16be } from '../base/bytes.ts'
import { formatIpv4 } from './address.ts'
import type { Show } from './format.ts'
import * as ipv4 from './ipv4.ts'

/** `sourcePort` and `destinationPort` are there for TCP and UDP when their first four bytes are. */
export interface Quoted extends ipv4.Parsed {
  readonly sourcePort?: number
  readonly destinationPort?: number
}

/** @throws {Malformed} */
export function parse(bytes: Uint8Array): Quoted {
  const packet = ipv4.parseQuoted(bytes)
  const hasPorts = (packet.protocol === ipv4.protocols.udp || packet.protocol === ipv4.protocols.tcp) && packet.fragmentOffset === 0 && packet.payload.length >= 4
  return hasPorts ? { ...packet, sourcePort: u16be(packet.payload, 0), destinationPort: u16be(packet.payload, 2) } : packet
}

/** The quotation of a whole packet: its header and `count` bytes behind it. */
export function build(packet: ipv4.Draft & Pick<ipv4.Packet, 'payload'>, count = 8): Uint8Array {
  return ipv4.build(packet).subarray(0, ipv4.headerLengthOf(packet) + count)
}

export function format(packet: Quoted): string {
  const [from, to] = packet.sourcePort === undefined ? ['', ''] : [` port ${packet.sourcePort}`, ` port ${packet.destinationPort}`]
  return `quoting ${ipv4.protocolName(packet.protocol)} ${formatIpv4(packet.source)}${from} > ${formatIpv4(packet.destination)}${to}`
}

export const show: Show<Quoted> = ipv4.show
