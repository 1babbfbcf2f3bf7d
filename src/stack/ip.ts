/**
 * IPv4: packets in, routed and cut, out. RFC 791, RFC 1122 §3, RFC 1812 where it forwards.
 *
 * A packet to be sent stands in a buffer behind `headroom` bytes, so that the headers are written in front of it and nothing is copied
 * but for fragments. Packets to our own addresses come back by the loopback, one nanosecond later.
 */
import type { Random } from '../base/random.ts'
import type { Scheduler } from '../base/time.ts'
import type { Offload } from '../link/port.ts'
import type { Interface, PacketSink } from './interface.ts'
import type { FailureCode, Incoming, IpProtocol } from './protocol.ts'
import type { Whole } from './fragments.ts'
import { Malformed } from '../base/errors.ts'
import { broadcastIpv4, isMulticastIpv4 } from '../wire/address.ts'
import * as ipv4 from '../wire/ipv4.ts'
import { quote, timeExceeded, unreachable } from '../wire/icmp.ts'
import * as quoted from '../wire/quoted.ts'
import { Fragments } from './fragments.ts'
import { linkHeadroom } from './interface.ts'
import { leastMtu4, PathMtu } from './path-mtu.ts'
import { RouteTable } from './routes.ts'
import { Soon } from './soon.ts'

/** Bytes in front of the transport's in a buffer to be sent. */
export const headroom = linkHeadroom + ipv4.headerBytes

export interface Outgoing {
  readonly protocol: number
  /** Our address to send from; picked by the route when not given. */
  readonly source?: number | undefined
  readonly destination: number
  readonly interface?: Interface | undefined
  readonly hardware?: Uint8Array | undefined
  readonly dontFragment?: boolean | undefined
  readonly ttl?: number | undefined
  readonly owed?: Owed | undefined
}

/** What a TCP segment leaves to the port (link/port.ts), on an interface with `offload`. Its checksum field holds the pseudo-header's sum. */
export interface Owed {
  /** Where the checksum stands in the transport header. */
  readonly checksumOffset: number
  /** Length of the transport header. */
  readonly headerLength: number
  /** Payload bytes of each segment to cut; 0: the packet is one segment. */
  readonly segmentSize: number
}

/** The way a packet to `destination` would take. */
export interface Way {
  readonly interface: Interface | undefined
  readonly nextHop: number
  readonly source: number
}

/** What may go wrong while an error message is asked for (RFC 792). */
export interface Complaint {
  readonly kind: 'unreachable' | 'time exceeded'
  readonly code: number
  readonly mtu: number
}

/** Takes packets that are for none of our addresses; e.g. NAT, or forwarding. @returns whether it took this one. */
export type Transit = (incoming: Incoming) => boolean

export interface IpParts {
  readonly name: string
  readonly scheduler: Scheduler
  readonly random: Random
}

export class Ip implements PacketSink {
  readonly routes = new RouteTable()
  readonly pathMtu: PathMtu<number>
  readonly counters = { received: 0, malformed: 0, notForUs: 0, noRoute: 0, tooBig: 0 }
  readonly soon: Soon
  /** Set by the host: sends an ICMP error about a packet. */
  complain: (about: Incoming, complaint: Complaint) => void = () => {}
  transit: Transit | undefined
  readonly #interfaces: Interface[] = []
  readonly #protocols = new Map<number, IpProtocol>()
  readonly #fragments: Fragments
  #identification: number

  constructor({ name, scheduler, random }: IpParts) {
    this.soon = new Soon(scheduler, `${name}.soon`)
    this.pathMtu = new PathMtu(scheduler, leastMtu4)
    this.#identification = random.fork('ip').below(0x1_0000)
    this.#fragments = new Fragments(scheduler, name, (first) => this.#expired(first))
  }

  get interfaces(): readonly Interface[] {
    return this.#interfaces
  }

  get identification(): number {
    return this.#identification
  }

  set identification(value: number) {
    this.#identification = value & 0xffff
  }

  add(added: Interface): void {
    this.#interfaces.push(added)
  }

  remove(gone: Interface): void {
    this.routes.remove((route) => route.interface === gone)
    this.#interfaces.splice(this.#interfaces.indexOf(gone), 1)
  }

  register(protocol: IpProtocol): void {
    this.#protocols.set(protocol.number, protocol)
  }

  owns(address: number): boolean {
    return address >>> 24 === 127 || this.#interfaces.some((each) => each.owns(address))
  }

  /** Undefined when there is no route. `interface` is undefined for our own addresses. */
  way(to: Pick<Outgoing, 'destination' | 'source' | 'interface'>): Way | undefined {
    const { destination } = to
    if (this.owns(destination)) return { interface: undefined, nextHop: destination, source: to.source ?? destination }
    const by = to.interface ?? (to.source === undefined || to.source === 0 ? undefined : this.#interfaces.find((each) => each.owns(to.source as number)))
    if (destination === broadcastIpv4 || isMulticastIpv4(destination)) {
      const out = by ?? this.routes.find(0)?.interface ?? this.#interfaces[0]
      return out === undefined ? undefined : { interface: out, nextHop: destination, source: to.source ?? out.sourceFor(destination) }
    }
    const route = (by === undefined ? undefined : this.routes.find(destination, by)) ?? (to.interface === undefined ? this.routes.find(destination) : undefined)
    if (route === undefined) return to.interface === undefined ? undefined : { interface: to.interface, nextHop: destination, source: to.source ?? to.interface.sourceFor(destination) }
    const nextHop = route.via ?? destination
    return { interface: route.interface, nextHop, source: to.source ?? route.interface.sourceFor(nextHop) }
  }

  /**
   * Sends what stands in `buffer` behind `headroom` bytes; the buffer is gone.
   * @returns undefined, or why it couldn't be sent.
   */
  send(buffer: Uint8Array, outgoing: Outgoing): FailureCode | undefined {
    const way = this.way(outgoing)
    if (way === undefined) {
      this.counters.noRoute++
      return 'ENETUNREACH'
    }
    const { dontFragment = false, ttl = isMulticastIpv4(outgoing.destination) ? 1 : 64 } = outgoing
    this.#identification = (this.#identification + 1) & 0xffff
    const draft = { protocol: outgoing.protocol, source: way.source, destination: outgoing.destination, ttl, dontFragment, identification: this.#identification }
    const payloadLength = buffer.length - headroom
    const { owed } = outgoing
    if (way.interface === undefined) {
      ipv4.write(buffer, linkHeadroom, draft, payloadLength)
      this.soon.do(() => this.#loop(buffer.subarray(linkHeadroom), owed?.segmentSize ?? 0))
      return undefined
    }
    const mtu = Math.min(way.interface.mtu, this.pathMtu.to(outgoing.destination))
    const largest = owed === undefined || owed.segmentSize === 0 ? buffer.length - linkHeadroom : ipv4.headerBytes + owed.headerLength + owed.segmentSize
    if (largest <= mtu) {
      ipv4.write(buffer, linkHeadroom, draft, payloadLength)
      way.interface.send(buffer, way.nextHop, outgoing.hardware, owed && offloadOf(owed))
      return undefined
    }
    if (dontFragment) {
      this.counters.tooBig++
      return 'EMSGSIZE'
    }
    this.#sendCut(buffer.subarray(headroom), draft, way, mtu, outgoing.hardware)
    return undefined
  }

  packet(bytes: Uint8Array, from: Interface, group: boolean, offload: Offload | undefined): void {
    this.counters.received++
    const packet = ipv4.parse(bytes)
    if (packet.checksum === 'wrong') throw new Malformed('IPv4 header checksum')
    if (martian(packet.source) || this.owns(packet.source)) throw new Malformed('IPv4 source is nobody else’s')
    const many = group || from.isBroadcast(packet.destination) || isMulticastIpv4(packet.destination)
    const incoming = { packet, bytes: bytes.subarray(0, packet.totalLength), interface: from, group: many, trusted: offload?.checksum !== undefined, segmentSize: offload?.segmentation === 'udp' || offload?.segmentation === 'tcp4' ? offload.segmentSize : 0 }
    if (this.#forUs(packet.destination, from)) return this.#local(incoming)
    if (!many && this.transit?.(incoming) === true) return
    this.counters.notForUs++
  }

  unresolved(packets: readonly Uint8Array[], by: Interface): void {
    for (const bytes of packets) this.soon.do(() => this.#undelivered(bytes, by))
  }

  /** Tells the transport that `code` happened to the packet that `bytes` begin. */
  tellFailure(code: FailureCode, bytes: Uint8Array, mtu = 0): void {
    const packet = quoted.parse(bytes)
    if (packet.fragmentOffset === 0) this.#protocols.get(packet.protocol)?.failed({ code, quoted: packet, mtu })
  }

  /** All we own, broadcasts, 224.0.0.1; on an interface without an address anything, as its DHCP client needs (RFC 2131 §4.1). */
  #forUs(destination: number, from: Interface): boolean {
    return this.owns(destination) || from.isBroadcast(destination) || destination === 0xe000_0001 || from.addresses.length === 0
  }

  #local(incoming: Incoming): void {
    const { packet } = incoming
    if (ipv4.isFragment(packet)) {
      const whole = this.#fragments.add(packet, incoming.bytes)
      if (whole !== undefined) this.#deliver({ ...incoming, ...whole, trusted: false, segmentSize: 0 })
      return
    }
    this.#deliver(incoming)
  }

  #deliver(incoming: Incoming): void {
    const protocol = this.#protocols.get(incoming.packet.protocol)
    if (protocol === undefined) this.complain(incoming, { kind: 'unreachable', code: unreachable.protocol, mtu: 0 })
    else protocol.receive(incoming)
  }

  #loop(bytes: Uint8Array, segmentSize: number): void {
    const packet = ipv4.parse(bytes)
    const [by] = this.#interfaces
    if (by !== undefined) this.#local({ packet, bytes, interface: by, group: false, trusted: true, segmentSize })
  }

  /** Fragments in order, each but the last a multiple of 8 bytes (RFC 791 §2.3). */
  #sendCut(payload: Uint8Array, draft: ipv4.Draft, way: Way, mtu: number, hardware: Uint8Array | undefined): void {
    const step = (mtu - ipv4.headerBytes) & ~7
    for (let at = 0; at < payload.length; at += step) {
      const part = payload.subarray(at, at + step)
      const buffer = new Uint8Array(headroom + part.length)
      buffer.set(part, headroom)
      ipv4.write(buffer, linkHeadroom, { ...draft, fragmentOffset: at, moreFragments: at + part.length < payload.length }, part.length)
      way.interface?.send(buffer, way.nextHop, hardware)
    }
  }

  #undelivered(bytes: Uint8Array, by: Interface): void {
    const packet = ipv4.parse(bytes)
    if (this.owns(packet.source)) return this.tellFailure('EHOSTUNREACH', bytes)
    this.complain({ packet, bytes, interface: by, group: false, trusted: false, segmentSize: 0 }, { kind: 'unreachable', code: unreachable.host, mtu: 0 })
  }

  #expired({ packet, bytes }: Whole): void {
    const by = this.#interfaces.find((each) => each.owns(packet.destination))
    if (by !== undefined) this.complain({ packet, bytes: quote(bytes), interface: by, group: false, trusted: false, segmentSize: 0 }, { kind: 'time exceeded', code: timeExceeded.reassembly, mtu: 0 })
  }
}

const offloadOf = ({ checksumOffset, headerLength, segmentSize }: Owed): Offload => ({
  checksum: { start: headroom, offset: checksumOffset },
  segmentation: segmentSize > 0 ? 'tcp4' : 'none',
  segmentSize,
  headerLength: headroom + headerLength,
})

/** Addresses that can't have sent anything: loopback, multicast, class E and broadcast (RFC 1122 §3.2.1.3). */
function martian(source: number): boolean {
  return source >>> 24 === 127 || source >>> 28 >= 0xe
}

