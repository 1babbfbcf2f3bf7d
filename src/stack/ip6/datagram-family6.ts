/** UDP over our IPv6. RFC 8200 §8.1. */
import type { ArrivingDatagram, DatagramFamily, Sending } from '../datagram-family.ts'
import type { FailureCode } from '../protocol.ts'
import type { Address } from '../tcp/family.ts'
import type { Udp } from '../udp.ts'
import type { Link6 } from './link6.ts'
import type { Ip6 } from './ip6.ts'
import type { Failure6, Incoming6, Ip6Protocol } from './protocol6.ts'
import { unreachable } from '../../wire/icmpv6.ts'
import { anyIpv6, equalIpv6, isMulticastIpv6 } from '../../wire/ipv6-address.ts'
import * as udp from '../../wire/udp.ts'
import { headroom6, largestPacket6 } from './ip6.ts'
import { formatZoned, parseZoned } from './text.ts'
import { addressSum, bare, zoned, zoneOf } from './zone.ts'

const six = (address: Address): Uint8Array => address as Uint8Array
const protocol = 17

/** A datagram for one of our addresses that nobody here hears. */
export interface Stranger {
  readonly source: Uint8Array
  readonly sourcePort: number
  readonly destination: Uint8Array
  readonly destinationPort: number
  readonly payload: Uint8Array
  readonly ttl: number
  readonly segmentSize: number
}

export class DatagramFamily6 implements DatagramFamily, Ip6Protocol {
  readonly version = 6
  readonly number = protocol
  readonly headroom = headroom6
  readonly any = anyIpv6
  readonly largestPayload = largestPacket6 - udp.headerBytes
  readonly mayLackChecksum = false
  /** Takes datagrams for our addresses that no socket hears: NAT does. @returns whether it took this one. */
  stranger: ((datagram: Stranger) => boolean) | undefined
  readonly #ip6: Ip6
  readonly #udp: Udp

  constructor(ip6: Ip6, above: Udp) {
    this.#ip6 = ip6
    this.#udp = above
  }

  receive(incoming: Incoming6): void {
    const { packet, link, trusted, group, segmentSize } = incoming
    const arriving: ArrivingDatagram = {
      family: this, source: packet.source, destination: packet.destination, bytes: packet.payload, trusted, group, segmentSize, interface: link.interface.name,
      stranger: ({ sourcePort, destinationPort, payload }) => this.stranger?.({ source: packet.source, sourcePort, destination: packet.destination, destinationPort, payload, ttl: packet.hopLimit - 1, segmentSize }) === true,
      refuse: () => this.#ip6.complain(incoming, { kind: 'unreachable', code: unreachable.port, value: 0 }),
    }
    this.#udp.arrive(arriving)
  }

  failed({ code, quoted: { source, destination, sourcePort, destinationPort } }: Failure6): void {
    if (sourcePort !== undefined && destinationPort !== undefined) this.#udp.hearFailure(this, code, { address: source, port: sourcePort }, { address: destination, port: destinationPort })
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

  mayBind(address: Address): boolean {
    return isMulticastIpv6(six(address)) || this.#ip6.owns(six(address))
  }

  addressSum(source: Address, destination: Address): number {
    return addressSum(six(source), six(destination), protocol)
  }

  sourceOf(sending: Sending): Uint8Array | undefined {
    return this.#ip6.way(this.#outgoing(sending))?.source
  }

  send(buffer: Uint8Array, sending: Sending): FailureCode | undefined {
    const { hardware, dontFragment } = sending
    return this.#ip6.send(buffer, { protocol, hardware, dontFragment, ...this.#outgoing(sending) })
  }

  join(group: Address, name: string | undefined): string | undefined {
    if (!isMulticastIpv6(six(group))) return 'EINVAL'
    const link = this.#linkOf(six(group), name)
    if (link === undefined) return 'ENODEV'
    return link.listeners.join(bare(six(group))) ? undefined : 'ENOBUFS'
  }

  leave(group: Address, name: string | undefined): void {
    this.#linkOf(six(group), name)?.listeners.leave(bare(six(group)))
  }

  #linkOf(group: Uint8Array, name: string | undefined): Link6 | undefined {
    if (name !== undefined) return this.#ip6.linkNamed(name)
    return this.#ip6.linkOf(zoneOf(group)) ?? this.#ip6.links[0]
  }

  #outgoing({ source, destination, interface: name }: Sending): { source: Uint8Array | undefined; destination: Uint8Array; link: Link6 | undefined } {
    const link = name === undefined ? undefined : this.#ip6.linkNamed(name)
    // The interface says the zone where the address does not.
    const to = link !== undefined && zoneOf(six(destination)) === 0 ? zoned(six(destination), link.zone) : six(destination)
    // What is sent to a group a socket may be bound to, but not come from it.
    return { source: source === undefined || isMulticastIpv6(six(source)) ? undefined : six(source), destination: to, link }
  }
}
