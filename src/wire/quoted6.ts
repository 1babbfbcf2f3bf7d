/** The start of an IPv6 packet, as an ICMPv6 error quotes it: its headers, and of the transport as much as came along. RFC 4443 §2.4. */
import { u16be } from '../base/bytes.ts'
import { formatIpv6 } from './address.ts'
import type { Show } from './format.ts'
import { protocolName, protocols } from './ipv4.ts'
import * as ipv6 from './ipv6.ts'

/** `sourcePort` and `destinationPort` are there for TCP and UDP when their first four bytes are. */
export interface Quoted extends ipv6.Parsed {
  readonly sourcePort?: number
  readonly destinationPort?: number
}

/** @throws {Malformed} */
export function parse(bytes: Uint8Array): Quoted {
  const packet = ipv6.parseQuoted(bytes)
  const hasPorts = (packet.protocol === protocols.udp || packet.protocol === protocols.tcp) && (packet.fragment?.offset ?? 0) === 0 && packet.payload.length >= 4
  return hasPorts ? { ...packet, sourcePort: u16be(packet.payload, 0), destinationPort: u16be(packet.payload, 2) } : packet
}

/** The quotation of a whole packet: as much of it as keeps the error within the least MTU, 1280 bytes. A copy. */
export function build(packet: ipv6.Draft): Uint8Array {
  return ipv6.build(packet).slice(0, 1280 - ipv6.headerBytes - 8)
}

export function format(packet: Quoted): string {
  const [from, to] = packet.sourcePort === undefined ? ['', ''] : [` port ${packet.sourcePort}`, ` port ${packet.destinationPort}`]
  return `quoting ${protocolName(packet.protocol)} ${formatIpv6(packet.source)}${from} > ${formatIpv6(packet.destination)}${to}`
}

export const show: Show<Quoted> = ipv6.show
