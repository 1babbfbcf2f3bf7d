/** Packets that leave the lab: reassembled, checked as a router checks them, and handed on by protocol. RFC 1812 §5, RFC 5508 §4 and §7. */
import type { Scheduler } from '../base/time.ts'
import type { Host } from '../stack/host.ts'
import type { Incoming } from '../stack/protocol.ts'
import { Malformed } from '../base/errors.ts'
import { inSubnet, subnetOf } from '../wire/address.ts'
import { addressSum4 } from '../wire/checksum.ts'
import * as icmp from '../wire/icmp.ts'
import * as ipv4 from '../wire/ipv4.ts'
import * as quoted from '../wire/quoted.ts'
import * as udp from '../wire/udp.ts'
import { Fragments } from '../stack/fragments.ts'
import { prohibited } from './complaints.ts'

export interface Handlers {
  datagram(datagram: udp.Parsed, incoming: Incoming): void
  echo(identifier: number, sequence: number, payload: Uint8Array, incoming: Incoming): void
  malformed(): void
}

export class Transition {
  readonly #host: Host
  readonly #handlers: Handlers
  readonly #fragments: Fragments

  constructor(host: Host, scheduler: Scheduler, handlers: Handlers) {
    this.#host = host
    this.#handlers = handlers
    // A datagram that never became whole is the guest's own loss: nobody beyond has seen any of it.
    this.#fragments = new Fragments(scheduler, `${host.name}.nat`, () => {})
  }

  /** `ip.transit`. */
  readonly take = (incoming: Incoming): boolean => {
    const { packet } = incoming
    // Only our own networks' addresses can be answered; others are forged (RFC 2827).
    if (!incoming.interface.addresses.some(({ address, prefix }) => inSubnet(subnetOf(address, prefix), packet.source))) return false
    if (packet.ttl <= 1) this.#host.ip.complain(incoming, { kind: 'time exceeded', code: icmp.timeExceeded.transit, mtu: 0 })
    else if (ipv4.isFragment(packet)) {
      const whole = this.#fragments.add(packet, incoming.bytes)
      if (whole !== undefined) this.#pass({ ...incoming, ...whole, trusted: false, segmentSize: 0 })
    } else this.#pass(incoming)
    return true
  }

  #pass(incoming: Incoming): void {
    try {
      this.#byProtocol(incoming)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.#handlers.malformed()
    }
  }

  #byProtocol(incoming: Incoming): void {
    const { packet, trusted } = incoming
    switch (packet.protocol) {
      case ipv4.protocols.tcp:
        return this.#host.tcp.receive(incoming)
      case ipv4.protocols.udp: {
        const datagram = udp.parse(packet.payload, trusted ? undefined : addressSum4(packet.source, packet.destination, packet.protocol))
        if (datagram.checksum === 'wrong') throw new Malformed('UDP checksum')
        return this.#handlers.datagram(datagram, incoming)
      }
      case ipv4.protocols.icmp:
        return this.#icmp(incoming)
      default:
        // What we can't carry is not silently lost.
        return this.#host.ip.complain(incoming, prohibited)
    }
  }

  #icmp(incoming: Incoming): void {
    const message = icmp.parse(incoming.packet.payload)
    if (message.checksum === 'wrong' && !incoming.trusted) throw new Malformed('ICMP checksum')
    if (message.kind === 'echo') return this.#handlers.echo(message.identifier, message.sequence, message.payload, incoming)
    if (message.kind === 'unreachable' || message.kind === 'time exceeded') this.#error(message, incoming)
  }

  /** An error about what we sent in somebody's place: it is for our own TCP (RFC 5508 §4.2 has it end here, since the connection does). */
  #error(message: Extract<icmp.Message, { kind: 'unreachable' | 'time exceeded' }>, { packet }: Incoming): void {
    const about = quoted.parse(message.quoted)
    if (about.source !== packet.destination || about.protocol !== ipv4.protocols.tcp) return
    const { ip } = this.#host
    if (message.kind === 'time exceeded') return ip.tellFailure('EHOSTUNREACH', message.quoted)
    if (message.code !== icmp.unreachable.fragmentationNeeded) return ip.tellFailure(message.code === icmp.unreachable.port ? 'ECONNREFUSED' : 'EHOSTUNREACH', message.quoted)
    ip.tellFailure('EMSGSIZE', message.quoted, ip.pathMtu.lower(about.destination, message.mtu, about.totalLength))
  }
}
