/** TCP over our IPv6. RFC 9293 §3.9.2, RFC 8200 §8.1. */
import type { Complaint, Owed } from '../ip.ts'
import type { Ip6 } from '../ip6/ip6.ts'
import type { Complaint6, Failure6, Incoming6, Ip6Protocol } from '../ip6/protocol6.ts'
import type { FailureCode } from '../protocol.ts'
import type { Address, Family, Reach } from './family.ts'
import type { Tcp } from './tcp.ts'
import { u32be } from '../../base/bytes.ts'
import { unreachable } from '../../wire/icmpv6.ts'
import * as ipv6 from '../../wire/ipv6.ts'
import { anyIpv6, equalIpv6, isAnyIpv6, isMulticastIpv6, keyOf } from '../../wire/ipv6-address.ts'
import { headroom6, largestPacket6 } from '../ip6/ip6.ts'
import { formatZoned, parseZoned } from '../ip6/text.ts'
import { addressSum } from '../ip6/zone.ts'

const six = (address: Address): Uint8Array => address as Uint8Array
const protocol = 6

export class Family6 implements Family, Ip6Protocol {
  readonly version = 6
  readonly number = protocol
  readonly headroom = headroom6
  readonly headerBytes = ipv6.headerBytes
  readonly any = anyIpv6
  readonly #ip6: Ip6
  readonly #tcp: Tcp

  constructor(ip6: Ip6, above: Tcp) {
    this.#ip6 = ip6
    this.#tcp = above
  }

  receive(incoming: Incoming6): void {
    // "silently discard … a segment … addressed to a … multicast address" (RFC 9293 §3.9.2.3).
    if (incoming.group) return
    const { packet, trusted, segmentSize } = incoming
    this.#tcp.arrive({ family: this, local: packet.destination, remote: packet.source, bytes: packet.payload, trusted, segmentSize, complain: (complaint) => this.#ip6.complain(incoming, translated(complaint)) })
  }

  failed({ code, quoted }: Failure6): void {
    this.#tcp.hearFailure(this, quoted.source, quoted.destination, code, quoted.payload)
  }

  parse(text: string): Uint8Array {
    return parseZoned(text, this.#ip6)
  }

  format(address: Address): string {
    return formatZoned(six(address), this.#ip6)
  }

  equal(a: Address, b: Address): boolean {
    return equalIpv6(six(a), six(b))
  }

  words(address: Address): readonly number[] {
    const bytes = six(address)
    return [u32be(bytes, 0), u32be(bytes, 4), u32be(bytes, 8), u32be(bytes, 12)]
  }

  owns(address: Address): boolean {
    return this.#ip6.owns(six(address))
  }

  isSingle(address: Address): boolean {
    return !isAnyIpv6(six(address)) && !isMulticastIpv6(six(address))
  }

  addressSum(local: Address, remote: Address): number {
    return addressSum(six(local), six(remote), protocol)
  }

  reach(remote: Address, local: Address | undefined): Reach | undefined {
    const way = this.#ip6.way({ destination: six(remote), source: local === undefined ? undefined : six(local) })
    if (way === undefined) return undefined
    const { link } = way
    // What never leaves this host needs no sum, and is as large as a packet can be.
    if (link === undefined) return { local: way.source, linkMtu: largestPacket6, pathMtu: largestPacket6, offload: true }
    return { local: way.source, linkMtu: link.mtu, pathMtu: Math.min(link.mtu, this.#ip6.pathMtu.to(keyOf(six(remote)))), offload: link.interface.offload }
  }

  send(buffer: Uint8Array, local: Address, remote: Address, owed: Owed | undefined): FailureCode | undefined {
    return this.#ip6.send(buffer, { protocol, source: six(local), destination: six(remote), dontFragment: true, owed })
  }
}

/** What ICMP says of an unreachable destination, as ICMPv6 says it: by RFC 792's codes (RFC 7915 §4.2 has the table). */
export function translated({ kind, code, mtu }: Complaint): Complaint6 {
  if (kind === 'time exceeded') return { kind, code, value: 0 }
  if (code === 4) return { kind: 'packet too big', code: 0, value: mtu }
  const prohibited = code === 9 || code === 10 || code === 13
  return { kind, code: code === 3 ? unreachable.port : prohibited ? unreachable.prohibited : code === 1 || code === 7 ? unreachable.address : unreachable.noRoute, value: 0 }
}
