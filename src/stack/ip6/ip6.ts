/**
 * IPv6: packets in, routed and cut, out. RFC 8200; overlapping fragments RFC 5722, atomic ones RFC 6946, path MTU RFC 8201, zones RFC 4007.
 *
 * Theory of operation
 *
 * It stands beside `Ip` (ip.ts) and is built like it: a packet to be sent stands in a buffer behind `headroom6` bytes, the headers are
 * written in front of it, packets to our own addresses come back one nanosecond later. Each interface that speaks IPv6 has a `Link6`
 * (link6.ts) with parts that know nothing of one another: addresses.ts (whose they are, and for how long), neighbours.ts (link addresses),
 * listeners.ts (groups), autoconfigure.ts (what routers say), advertiser.ts (what we say as one).
 *
 * Addresses carry their zone (zone.ts), so nothing above this file asks on which link fe80::1 is: they are zoned where a packet comes in,
 * and `bare` where it goes out. Checksums are of bare addresses.
 *
 * Where a packet goes is looked up once and remembered by destination (`#ways`, RFC 4861's destination cache) until anything about
 * addresses or routes changes.
 *
 * Bounds, for hostile peers: neighbours, those that are asked for, packets that wait (neighbours.ts), addresses (addresses.ts), routers,
 * prefixes (autoconfigure.ts), groups (listeners.ts), fragments (reassembly.ts), errors a second (icmp6.ts), ways remembered (here).
 */
import type { Log } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { Scheduler } from '../../base/time.ts'
import type { Offload } from '../../link/port.ts'
import type { Subnet6 } from '../../wire/ipv6-address.ts'
import type { Interface } from '../interface.ts'
import type { Owed } from '../ip.ts'
import type { FailureCode } from '../protocol.ts'
import type { Soon } from '../soon.ts'
import type { Ipv6Config } from './link6.ts'
import type { Complaint6, Incoming6, Ip6Protocol, Say6 } from './protocol6.ts'
import { putU16be } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { seconds } from '../../base/time.ts'
import { unreachable } from '../../wire/icmpv6.ts'
import * as ipv6 from '../../wire/ipv6.ts'
import { allNodes, equalIpv6, inSubnet6, isAnyIpv6, isLoopbackIpv6, isMulticastIpv6, keyOf, subnetOf6 } from '../../wire/ipv6-address.ts'
import * as quoted6 from '../../wire/quoted6.ts'
import { isMappedIpv4 } from '../../wire/address.ts'
import { linkHeadroom } from '../interface.ts'
import { leastMtu6, PathMtu } from '../path-mtu.ts'
import { Reassembly } from '../reassembly.ts'
import { cutApart, examine, isFragment, problems, protocolAt } from './headers.ts'
import { Link6 } from './link6.ts'
import { bare, isLinkScoped, zoned, zoneOf } from './zone.ts'

/** Bytes in front of the transport's in a buffer to be sent. */
export const headroom6 = linkHeadroom + ipv6.headerBytes
export const largestPacket6 = 65_535

export interface Outgoing6 {
  readonly protocol: number
  /** Our address to send from; picked by RFC 6724 when not given. */
  readonly source?: Uint8Array | undefined
  readonly destination: Uint8Array
  readonly link?: Link6 | undefined
  readonly hardware?: Uint8Array | undefined
  /** A packet beyond the path's MTU is not sent, and not cut. */
  readonly dontFragment?: boolean | undefined
  readonly hopLimit?: number | undefined
  readonly owed?: Owed | undefined
}

/** The way a packet would take. */
export interface Way6 {
  /** Undefined for our own addresses. */
  readonly link: Link6 | undefined
  readonly nextHop: Uint8Array
  readonly source: Uint8Array
}

export interface Route6 {
  readonly to: Subnet6
  /** The next router; undefined when the network is on the link itself. */
  readonly via: Uint8Array | undefined
  readonly link: Link6
}

/** Takes packets that are for none of our addresses; e.g. NAT. @returns whether it took this one. */
export type Transit6 = (incoming: Incoming6) => boolean

export interface Ip6Parts {
  readonly name: string
  readonly scheduler: Scheduler
  readonly random: Random
  readonly log: Log | undefined
  readonly soon: Soon
}

/** The first fragment, taken apart, and as it came. */
interface FirstFragment {
  readonly head: Uint8Array
  readonly bytes: Uint8Array
  readonly incoming: Incoming6
}

const mostWays = 1024
/** Of the transport, as much as says whether an error may answer it. */
const quotedBytes = 8

export class Ip6 {
  readonly pathMtu: PathMtu<string>
  readonly counters = { received: 0, malformed: 0, notForUs: 0, noRoute: 0, tooBig: 0 }
  readonly soon: Soon
  /** Set by the host: sends an ICMPv6 error about a packet. */
  complain: (about: Incoming6, complaint: Complaint6, evenToGroups?: boolean) => void = () => {}
  /** Set by the host: sends a message of discovery. */
  say: Say6 = () => {}
  transit: Transit6 | undefined
  readonly #parts: Ip6Parts
  readonly #random: Random
  readonly #links: Link6[] = []
  readonly #protocols = new Map<number, Ip6Protocol>()
  readonly #fragments: Reassembly<FirstFragment>
  readonly #ways = new Map<string, Way6>()
  readonly #own = new Map<string, Link6>()
  #static: readonly Route6[] = []
  #routes: readonly Route6[] = []
  #zones = 0

  constructor(parts: Ip6Parts) {
    this.#parts = parts
    this.soon = parts.soon
    this.#random = parts.random.fork('ip6')
    this.pathMtu = new PathMtu(parts.scheduler, leastMtu6)
    // "If insufficient fragments are received … within 60 seconds" (RFC 8200 §4.5).
    this.#fragments = new Reassembly(parts.scheduler, `${parts.name}.fragments6`, seconds(60), ({ incoming, bytes }) => this.complain({ ...incoming, bytes }, { kind: 'time exceeded', code: 1, value: 0 }))
  }

  get links(): readonly Link6[] {
    return this.#links
  }

  get routes(): readonly Route6[] {
    return this.#routes
  }

  /** Lets an interface speak IPv6. It begins at once. */
  add(on: Interface, config: Ipv6Config): Link6 {
    const { name, scheduler, random, log } = this.#parts
    const link = new Link6({
      interface: on, zone: ++this.#zones, config, name: `${name}.${on.name}`, scheduler, random, log,
      above: { packet: (...args) => this.#packet(...args), unresolved: (packets, by) => this.#unresolved(packets, by), changed: () => this.#changed(), say: (...args) => this.say(...args) },
    })
    this.#links.push(link)
    on.six = link
    link.start()
    return link
  }

  remove(on: Interface): void {
    const at = this.#links.findIndex((link) => link.interface === on)
    if (at < 0) return
    this.#links[at].close()
    this.#links.splice(at, 1)
    on.six = undefined
    this.#static = this.#static.filter(({ link }) => link.interface !== on)
    this.#changed()
  }

  /** A route of the user's own, beside those of addresses and routers. */
  addRoute(route: Route6): void {
    this.#static = [...this.#static, route]
    this.#changed()
  }

  register(protocol: Ip6Protocol): void {
    this.#protocols.set(protocol.number, protocol)
  }

  linkNamed(name: string): Link6 | undefined {
    return this.#links.find((link) => link.interface.name === name)
  }

  linkOf(zone: number): Link6 | undefined {
    return this.#links.find((link) => link.zone === zone)
  }

  hasRoute(destination: Uint8Array): boolean {
    return this.#route(destination, undefined) !== undefined
  }

  owns(address: Uint8Array): boolean {
    return this.#own.has(keyOf(address)) || isLoopbackIpv6(address)
  }

  /** Undefined when there is no route, or no address to send from. */
  way(to: Pick<Outgoing6, 'destination' | 'source' | 'link'>): Way6 | undefined {
    const { destination, source } = to
    if (this.owns(destination)) return { link: undefined, nextHop: destination, source: source ?? destination }
    const by = to.link ?? this.linkOf(zoneOf(destination)) ?? (source === undefined ? undefined : this.#own.get(keyOf(source)))
    const way = this.#wayBy(destination, by, to.link !== undefined)
    if (way === undefined || source === undefined) return way?.source.length === 0 ? undefined : way
    return { ...way, source }
  }

  #wayBy(destination: Uint8Array, by: Link6 | undefined, only: boolean): Way6 | undefined {
    const key = String.fromCharCode(by?.zone ?? 0, only ? 1 : 0) + keyOf(destination)
    const known = this.#ways.get(key)
    if (known !== undefined) return known
    const hop = isMulticastIpv6(destination) ? this.#groupHop(destination, by) : this.#hop(destination, by, only)
    if (hop === undefined) return undefined
    // No bytes: there is no address of ours to speak from (yet).
    const way = { ...hop, source: hop.link.sourceFor(destination) ?? new Uint8Array(0) }
    if (this.#ways.size >= mostWays) this.#ways.delete(this.#ways.keys().next().value as string)
    this.#ways.set(key, way)
    return way
  }

  #groupHop(destination: Uint8Array, by: Link6 | undefined): { readonly link: Link6; readonly nextHop: Uint8Array } | undefined {
    const link = by ?? this.#routes.find(({ to }) => to.prefix === 0)?.link ?? this.#links[0]
    return link === undefined ? undefined : { link, nextHop: destination }
  }

  #hop(destination: Uint8Array, by: Link6 | undefined, only: boolean): { readonly link: Link6; readonly nextHop: Uint8Array } | undefined {
    if (isLinkScoped(destination)) {
      // Without a zone it means something where there is one link only.
      const link = by ?? (zoneOf(destination) === 0 && this.#links.length === 1 ? this.#links[0] : undefined)
      return link === undefined ? undefined : { link, nextHop: zoned(destination, link.zone) }
    }
    const route = (by === undefined ? undefined : this.#route(destination, by)) ?? (only ? undefined : this.#route(destination, undefined))
    if (route !== undefined) return { link: route.link, nextHop: route.via ?? destination }
    return only && by !== undefined ? { link: by, nextHop: destination } : undefined
  }

  /** The longest prefix; of several routers one that is known to be there (RFC 4861 §6.3.6). */
  #route(destination: Uint8Array, by: Link6 | undefined): Route6 | undefined {
    const fits = this.#routes.filter((route) => (by === undefined || route.link === by) && inSubnet6(route.to, destination))
    if (fits.length === 0) return undefined
    const best = fits.filter(({ to }) => to.prefix === fits[0].to.prefix)
    return best.find(({ via, link }) => via === undefined || link.neighbours.mayReach(via)) ?? best[0]
  }

  /**
   * Sends what stands in `buffer` behind `headroom6` bytes; the buffer is gone.
   * @returns undefined, or why it couldn't be sent.
   */
  send(buffer: Uint8Array, outgoing: Outgoing6): FailureCode | undefined {
    const way = this.way(outgoing)
    if (way === undefined) {
      this.counters.noRoute++
      return 'ENETUNREACH'
    }
    const { dontFragment = false, hopLimit = isMulticastIpv6(outgoing.destination) ? 1 : (way.link?.hopLimit ?? 64), owed, destination } = outgoing
    const draft = { protocol: outgoing.protocol, source: bare(way.source), destination: bare(destination), hopLimit }
    if (way.link === undefined) {
      ipv6.write(buffer, linkHeadroom, draft, buffer.length - headroom6)
      this.soon.do(() => this.#loop(buffer.subarray(linkHeadroom), way.source, destination, owed?.segmentSize ?? 0))
      return undefined
    }
    const mtu = Math.min(way.link.mtu, this.pathMtu.to(keyOf(destination)))
    const largest = owed === undefined || owed.segmentSize === 0 ? buffer.length - linkHeadroom : ipv6.headerBytes + owed.headerLength + owed.segmentSize
    if (largest <= mtu) {
      ipv6.write(buffer, linkHeadroom, draft, buffer.length - headroom6)
      way.link.send(buffer, way.nextHop, outgoing.hardware, owed && offloadOf(owed))
      return undefined
    }
    if (dontFragment) {
      this.counters.tooBig++
      return 'EMSGSIZE'
    }
    this.#sendCut(buffer.subarray(headroom6), draft, way, mtu, outgoing.hardware)
    return undefined
  }

  /** RFC 8200 §4.5; identifications are not to be guessed (RFC 7739). */
  #sendCut(payload: Uint8Array, draft: Omit<ipv6.Draft, 'payload'>, { link, nextHop }: Way6, mtu: number, hardware: Uint8Array | undefined): void {
    const identification = this.#random.below(0x1_0000_0000)
    const step = (mtu - ipv6.headerBytes - 8) & ~7
    for (let at = 0; at < payload.length; at += step) {
      const part = payload.subarray(at, at + step)
      const fragment = ipv6.fragmentExtension({ offset: at, more: at + part.length < payload.length, identification })
      const packet = ipv6.build({ ...draft, extensions: [fragment], payload: part })
      const buffer = new Uint8Array(linkHeadroom + packet.length)
      buffer.set(packet, linkHeadroom)
      link?.send(buffer, nextHop, hardware)
    }
  }

  #packet(bytes: Uint8Array, link: Link6, group: boolean, offload: Offload | undefined): void {
    this.counters.received++
    const packet = ipv6.parse(bytes)
    const { source, destination } = checked(packet, link.zone)
    if (this.#own.has(keyOf(source))) throw new Malformed('IPv6 source is our own')
    const whole = bytes.subarray(0, ipv6.headerBytes + (bytes[4] << 8) + bytes[5])
    const segmentSize = offload?.segmentation === 'udp' || offload?.segmentation === 'tcp6' ? offload.segmentSize : 0
    const incoming = { packet: { ...packet, source, destination }, bytes: whole, link, group: group || isMulticastIpv6(destination), trusted: offload?.checksum !== undefined, segmentSize }
    if (isMulticastIpv6(destination) ? isHeard(link, destination) : this.owns(destination)) return this.#local(incoming)
    if (!incoming.group && this.transit?.(incoming) === true) return
    this.counters.notForUs++
  }

  /** Headers, then fragments, then the protocol. */
  #local(incoming: Incoming6): void {
    const { packet } = incoming
    const verdict = examine(packet)
    if (verdict === 'drop') return
    if (verdict !== 'fine') return this.complain(incoming, verdict, verdict.evenToGroups)
    if (isFragment(packet)) return this.#fragment(incoming)
    const protocol = this.#protocols.get(packet.protocol)
    if (protocol !== undefined) return protocol.receive(incoming)
    if (packet.protocol !== ipv6.extensions.none) this.complain(incoming, { kind: 'parameter problem', code: problems.nextHeader, value: protocolAt(packet) })
  }

  #fragment(incoming: Incoming6): void {
    const whole = this.reassemble(incoming)
    // A fragment within a fragment is nobody's honest packet.
    if (whole !== undefined && whole.packet.fragment === undefined) this.#local(whole)
  }

  /** Takes a fragment. @returns the packet it completed. */
  reassemble(incoming: Incoming6): Incoming6 | undefined {
    const { packet, bytes } = incoming
    const { fragment } = packet
    if (fragment === undefined) return undefined
    const cut = cutApart(packet, bytes)
    // "If the length of a fragment … is not a multiple of 8 octets and the M flag is 1": its length is pointed at (RFC 8200 §4.5).
    if (fragment.more && cut.payload.length % 8 !== 0) {
      this.complain(incoming, { kind: 'parameter problem', code: problems.field, value: 4 })
      return undefined
    }
    const source = keyOf(packet.source)
    const whole = this.#fragments.add({
      key: source + keyOf(packet.destination) + fragment.identification, source, offset: fragment.offset, more: fragment.more, payload: cut.payload,
      head: () => ({ head: cut.head, bytes: bytes.slice(), incoming: { ...incoming, packet: { ...packet, extensions: [], payload: packet.payload.slice(0, quotedBytes) } } }),
    })
    return whole && this.#rebuilt(whole.head, whole.payload, incoming.link)
  }

  #rebuilt({ head, bytes, incoming }: FirstFragment, payload: Uint8Array, link: Link6): Incoming6 | undefined {
    if (head.length - ipv6.headerBytes + payload.length > largestPacket6) return undefined
    const all = new Uint8Array(head.length + payload.length)
    all.set(head)
    all.set(payload, head.length)
    putU16be(all, 4, all.length - ipv6.headerBytes)
    const { source, destination } = incoming.packet
    return { packet: { ...ipv6.parse(all), source, destination }, bytes, link, group: incoming.group, trusted: false, segmentSize: 0 }
  }

  #loop(bytes: Uint8Array, source: Uint8Array, destination: Uint8Array, segmentSize: number): void {
    const [first] = this.#links
    const link = this.#own.get(keyOf(destination)) ?? first
    if (link !== undefined) this.#local({ packet: { ...ipv6.parse(bytes), source, destination }, bytes, link, group: false, trusted: true, segmentSize })
  }

  #unresolved(packets: readonly Uint8Array[], by: Link6): void {
    for (const bytes of packets) this.soon.do(() => this.#undelivered(bytes, by))
  }

  #undelivered(bytes: Uint8Array, link: Link6): void {
    const packet = ipv6.parse(bytes)
    const source = zoned(packet.source, link.zone)
    if (this.owns(source)) return this.tellFailure('EHOSTUNREACH', bytes, link)
    this.complain({ packet: { ...packet, source, destination: zoned(packet.destination, link.zone) }, bytes, link, group: false, trusted: false, segmentSize: 0 }, { kind: 'unreachable', code: unreachable.address, value: 0 })
  }

  /** Tells the transport that `code` happened to the packet that `bytes` begin, which left by `link`. @throws {Malformed} */
  tellFailure(code: FailureCode, bytes: Uint8Array, link: Link6, mtu = 0): void {
    const packet = quoted6.parse(bytes)
    if ((packet.fragment?.offset ?? 0) > 0) return
    const quoted = { ...packet, source: zoned(packet.source, link.zone), destination: zoned(packet.destination, link.zone) }
    this.#protocols.get(packet.protocol)?.failed({ code, quoted, mtu })
  }

  #changed(): void {
    this.#ways.clear()
    this.#own.clear()
    const routes = [...this.#static]
    for (const link of this.#links) {
      for (const { address, prefix, origin } of link.addresses.usable) {
        this.#own.set(keyOf(address), link)
        if (origin === 'fixed' || origin === 'leased') routes.push({ to: subnetOf6(address, prefix), via: undefined, link })
      }
      for (const to of link.routing?.onLink ?? []) routes.push({ to, via: undefined, link })
      for (const via of link.routing?.routers ?? []) routes.push({ to: everywhere, via, link })
    }
    routes.sort((a, b) => b.to.prefix - a.to.prefix)
    this.#routes = routes
  }
}

const everywhere: Subnet6 = { network: new Uint8Array(16), prefix: 0 }

const isHeard = (link: Link6, destination: Uint8Array): boolean => equalIpv6(bare(destination), allNodes) || link.listeners.has(bare(destination))

/** Addresses with their zones. @throws {Malformed} for those that can't have been on a wire (RFC 4291 §2.5.2, §2.5.3, §2.7; RFC 4942 §2.2). */
function checked({ source, destination }: ipv6.Parsed, zone: number): { readonly source: Uint8Array; readonly destination: Uint8Array } {
  if (isMulticastIpv6(source) || isLoopbackIpv6(source) || isMappedIpv4(source)) throw new Malformed('IPv6 source that nobody can have')
  if (isLoopbackIpv6(destination) || isAnyIpv6(destination) || isMappedIpv4(destination)) throw new Malformed('IPv6 destination that nobody can have')
  if (zoneOf(source) !== 0 || zoneOf(destination) !== 0) throw new Malformed('IPv6 address of link scope with bits in its middle')
  return { source: zoned(source, zone), destination: zoned(destination, zone) }
}

const offloadOf = ({ checksumOffset, headerLength, segmentSize }: Owed): Offload => ({
  checksum: { start: headroom6, offset: checksumOffset },
  segmentation: segmentSize > 0 ? 'tcp6' : 'none',
  segmentSize,
  headerLength: headroom6 + headerLength,
})
