/** IPv6 packets that leave the lab: as transition.ts. RFC 4443 has the errors, RFC 4291 §2.5.6 what no router passes on. */
import type { Incoming6 } from '../stack/ip6/protocol6.ts'
import type { Stack6 } from '../stack/ip6/stack6.ts'
import type { GuestDatagram, GuestEcho } from './inside.ts'
import { Malformed } from '../base/errors.ts'
import { addressSum6 } from '../wire/checksum.ts'
import * as icmpv6 from '../wire/icmpv6.ts'
import { inSubnet6, isLinkLocalIpv6, keyOf, subnetOf6 } from '../wire/ipv6-address.ts'
import * as quoted6 from '../wire/quoted6.ts'
import * as udp from '../wire/udp.ts'
import { isFragment } from '../stack/ip6/headers.ts'
import { icmp6Number } from '../stack/ip6/icmp6.ts'
import type { Complaint6 } from '../stack/ip6/protocol6.ts'

export interface Handlers6 {
  datagram(datagram: GuestDatagram, incoming: Incoming6): void
  echo(echo: GuestEcho, incoming: Incoming6): void
  malformed(): void
}

export const prohibited6: Complaint6 = { kind: 'unreachable', code: icmpv6.unreachable.prohibited, value: 0 }

export class Transition6 {
  readonly #six: Stack6
  readonly #handlers: Handlers6

  constructor(six: Stack6, handlers: Handlers6) {
    this.#six = six
    this.#handlers = handlers
  }

  /** `Ip6.transit`. */
  readonly take = (incoming: Incoming6): boolean => {
    const { packet, link } = incoming
    if (isLinkLocalIpv6(packet.source) || isLinkLocalIpv6(packet.destination)) {
      this.#six.ip.complain(incoming, { kind: 'unreachable', code: icmpv6.unreachable.beyondScope, value: 0 })
      return true
    }
    // Only our own networks' addresses can be answered; others are forged (RFC 2827).
    if (!link.addresses.usable.some(({ address, prefix, origin }) => origin === 'fixed' && inSubnet6(subnetOf6(address, prefix), packet.source))) return false
    if (packet.hopLimit <= 1) this.#six.ip.complain(incoming, { kind: 'time exceeded', code: 0, value: 0 })
    else this.#pass(incoming)
    return true
  }

  #pass(incoming: Incoming6): void {
    try {
      const whole = isFragment(incoming.packet) ? this.#six.ip.reassemble(incoming) : incoming
      if (whole !== undefined) this.#byProtocol(whole)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.#handlers.malformed()
    }
  }

  #byProtocol(incoming: Incoming6): void {
    const { packet, trusted, segmentSize } = incoming
    const { source, destination, protocol, payload } = packet
    if (protocol === 6) return this.#six.tcp.receive(incoming)
    const sum = trusted ? undefined : addressSum6(source, destination, protocol)
    if (protocol === 17) {
      const datagram = udp.parse(payload, sum)
      if (datagram.checksum === 'wrong' || (datagram.checksum === 'absent' && !trusted)) throw new Malformed('UDP checksum')
      return this.#handlers.datagram({ source, sourcePort: datagram.sourcePort, destination, destinationPort: datagram.destinationPort, payload: datagram.payload, ttl: packet.hopLimit - 1, segmentSize }, incoming)
    }
    if (protocol !== icmp6Number) return this.#six.ip.complain(incoming, prohibited6)
    const message = icmpv6.parse(payload, sum)
    if (message.checksum === 'wrong') throw new Malformed('ICMPv6 checksum')
    if (message.kind === 'echo') return this.#handlers.echo({ source, destination, identifier: message.identifier, sequence: message.sequence, payload: message.payload, ttl: packet.hopLimit - 1 }, incoming)
    if ('quoted' in message) this.#error(message, incoming)
  }

  /** An error about what we sent in somebody's place: it is for our own TCP. */
  #error(message: Extract<icmpv6.Message, { readonly quoted: Uint8Array }>, { packet, link }: Incoming6): void {
    const about = quoted6.parse(message.quoted)
    if (keyOf(about.source) !== keyOf(packet.destination) || about.protocol !== 6) return
    const { ip } = this.#six
    if (message.kind === 'packet too big') {
      if (message.mtu >= 1280) ip.tellFailure('EMSGSIZE', message.quoted, link, ip.pathMtu.lower(keyOf(about.destination), message.mtu, Number.POSITIVE_INFINITY))
    } else ip.tellFailure(message.kind === 'unreachable' && message.code === icmpv6.unreachable.port ? 'ECONNREFUSED' : 'EHOSTUNREACH', message.quoted, link)
  }
}
