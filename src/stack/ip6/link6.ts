/**
 * The IPv6 side of one interface: its addresses, neighbours, groups and routers, and the messages between them. RFC 4861 (discovery),
 * RFC 4862 (addresses), RFC 7217 (stable identifiers), RFC 2464 (Ethernet).
 *
 * Redirects are not followed: a lab's networks have one router each, and a redirect is what an attacker sends (RFC 6583 §2 in spirit).
 */
import type { Log } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { Scheduler } from '../../base/time.ts'
import type { Offload } from '../../link/port.ts'
import type { Message } from '../../wire/icmpv6.ts'
import type { Option } from '../../wire/nd-options.ts'
import type { Interface, InterfaceSix } from '../interface.ts'
import type { AddressLink, OwnAddress } from './addresses.ts'
import type { Advertisement } from './advertiser.ts'
import type { Configured } from './autoconfigure.ts'
import type { NeighbourLink } from './neighbours.ts'
import type { Incoming6, Say6 } from './protocol6.ts'
import { concat, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/sha256.ts'
import { formatIpv6, formatMac, multicastMac6 } from '../../wire/address.ts'
import { types as etherTypes } from '../../wire/ethernet.ts'
import { allMldRouters, allNodes, allRouters, anyIpv6, eui64, isAnyIpv6, isLinkLocalIpv6, isMulticastIpv6, linkLocalPrefix, solicitedNode, withIdentifier } from '../../wire/ipv6-address.ts'
import { linkHeadroom } from '../interface.ts'
import { Addresses } from './addresses.ts'
import { Advertiser } from './advertiser.ts'
import { Autoconfigure } from './autoconfigure.ts'
import { Listeners } from './listeners.ts'
import { Neighbours } from './neighbours.ts'
import { selectSource } from './select.ts'
import { bare, zoned } from './zone.ts'

export interface Ipv6Config {
  /** Beside the link-local one. */
  readonly addresses?: readonly { readonly address: Uint8Array; readonly prefix: number }[]
  /** Listens to routers, and makes addresses of what they announce. Default: yes, unless it advertises itself. */
  readonly autoconfigure?: boolean
  /** It is a router, and says this. */
  readonly advertise?: Advertisement
  /** Interface identifiers made of the MAC (RFC 4291), or of a secret of the host's (RFC 7217). Default `eui-64`: who looks for a host knows it by its MAC. */
  readonly identifiers?: 'eui-64' | 'stable'
  /** How often an address is asked for before it is ours (RFC 4862 §5.1); default 1, 0 for none. */
  readonly probes?: number
}

/** What the link needs of its host. */
export interface Link6Parts {
  readonly interface: Interface
  /** The number of the interface: its zone. */
  readonly zone: number
  readonly config: Ipv6Config
  /** In front of the names of alarms. */
  readonly name: string
  readonly scheduler: Scheduler
  readonly random: Random
  readonly log: Log | undefined
  readonly above: Above
}

export interface Above {
  /** @param group whether the link address was a multicast one. */
  packet(bytes: Uint8Array, from: Link6, group: boolean, offload: Offload | undefined): void
  unresolved(packets: readonly Uint8Array[], by: Link6): void
  /** Addresses or routes of a link are other ones. */
  changed(): void
  /** Sends an ICMPv6 message by this link. */
  say: Say6
}

export class Link6 implements InterfaceSix, NeighbourLink, AddressLink, Configured {
  readonly interface: Interface
  readonly zone: number
  readonly addresses: Addresses
  readonly neighbours: Neighbours
  readonly listeners: Listeners
  readonly routing: Autoconfigure | undefined
  readonly advertiser: Advertiser | undefined
  /** Of the link's own address; undefined where the link has none (TUN). */
  readonly mac: Uint8Array | undefined
  readonly counters = { ignored: 0, redirects: 0, conflicts: 0 }
  /** Hears what the routers here say of DHCPv6: the flags M and O (RFC 4861 §4.2). */
  hearFlags: ((managed: boolean, other: boolean) => void) | undefined
  /** Largest packet, in bytes: the interface's, or what a router says. */
  mtu: number
  hopLimit = 64
  readonly #config: Ipv6Config
  readonly #above: Above
  readonly #secret: Uint8Array
  readonly #log: Log | undefined
  #attempts = 0

  constructor({ interface: on, zone, config, name, scheduler, random, log, above }: Link6Parts) {
    this.interface = on
    this.zone = zone
    this.mac = on.arp === undefined ? undefined : on.mac
    this.mtu = on.mtu
    this.#config = config
    this.#above = above
    this.#log = log
    const own = random.fork(`ip6 ${on.name}`)
    this.#secret = own.bytes(16)
    this.neighbours = new Neighbours(this, `${name}.neighbours`, scheduler)
    this.listeners = new Listeners(`${name}.mld`, scheduler, own.fork('mld'), (records) => this.#above.say(this, { kind: 'listener report', records }, { destination: allMldRouters, routerAlert: true, hopLimit: 1 }))
    this.addresses = new Addresses(this, `${name}.addresses`, scheduler, own.fork('addresses'), { probes: this.mac === undefined ? 0 : (config.probes ?? 1), retransTimer: () => this.neighbours.retransTimer })
    const listens = config.autoconfigure ?? config.advertise === undefined
    this.routing = listens ? new Autoconfigure(this, `${name}.routers`, scheduler, own.fork('routers')) : undefined
    this.advertiser = config.advertise === undefined ? undefined : new Advertiser(config.advertise, this.mac, `${name}.advertiser`, scheduler, own.fork('advertiser'), (message, to) => this.say(message, to))
  }

  /** Begins to speak: the link-local address first. */
  start(): void {
    this.listeners.join(allNodes)
    if (this.advertiser !== undefined) this.listeners.join(allRouters)
    this.addresses.add(this.addressIn(linkLocalPrefix.network), 64, 'link-local')
    for (const { address, prefix } of this.#config.addresses ?? []) this.addresses.add(zoned(address, this.zone), prefix, 'fixed')
  }

  get linkMtu(): number {
    return this.interface.mtu
  }

  /** Ours and usable; undefined until it is. */
  get linkLocal(): Uint8Array | undefined {
    return this.addresses.usable.find(({ origin }) => origin === 'link-local')?.address
  }

  /** Our address to speak to `destination` from (RFC 6724). */
  sourceFor(destination: Uint8Array): Uint8Array | undefined {
    return selectSource(destination, this.addresses.usable)?.address
  }

  /** EUI-64, or F(prefix, interface, counter, secret) of RFC 7217 §5. */
  addressIn(network: Uint8Array): Uint8Array {
    const stable = (): Uint8Array => sha256(concat(network, utf8(this.interface.name), Uint8Array.of(this.#attempts), this.#secret)).subarray(0, 8)
    const identifier = this.#config.identifiers === 'stable' || this.mac === undefined ? stable() : eui64(this.mac)
    return zoned(withIdentifier(network, identifier), this.zone)
  }

  // What comes in.

  packet(bytes: Uint8Array, group: boolean, offload: Offload | undefined): void {
    this.#above.packet(bytes, this, group, offload)
  }

  /** A message of neighbour discovery or MLD, whose checksum is right. */
  discover(message: Message, { packet }: Incoming6): void {
    const { source, destination, hopLimit } = packet
    if (message.kind === 'listener query') {
      // RFC 3810 §6.2: only what a router on this link sent.
      if (hopLimit === 1 && isLinkLocalIpv6(source)) return this.listeners.heard(message)
      return this.#ignore()
    }
    // "The IP Hop Limit field has a value of 255, i.e., the packet could not possibly have been forwarded by a router" (RFC 4861 §6.1, §7.1).
    if (hopLimit !== 255) return this.#ignore()
    switch (message.kind) {
      case 'neighbor solicitation':
        return this.#solicited(message, source, destination)
      case 'neighbor advertisement':
        return this.#advertised(message, destination)
      case 'router solicitation':
        return this.#routerSolicited(message.options, source)
      case 'router advertisement':
        if (!isLinkLocalIpv6(source)) return this.#ignore()
        return this.routing?.heard(source, message)
      case 'redirect':
        this.counters.redirects++
        return
      default:
    }
  }

  #solicited(message: Extract<Message, { kind: 'neighbor solicitation' }>, source: Uint8Array, destination: Uint8Array): void {
    const target = zoned(message.target, this.zone)
    const mac = macOf(message.options, 'source mac')
    const anonymous = isAnyIpv6(source)
    // §7.1.1: duplicate address detection asks at the group, and has no link address to tell.
    if (isMulticastIpv6(target) || (anonymous && (mac !== undefined || !isMulticastIpv6(destination)))) return this.#ignore()
    const own = this.addresses.find(target)
    if (own === undefined || own.state === 'duplicated') return
    // "If the source address … is the unspecified address, [somebody else] is performing Duplicate Address Detection" (RFC 4862 §5.4.3).
    if (own.state === 'tentative') return anonymous ? void this.addresses.conflict(target) : undefined
    if (!anonymous && mac !== undefined) this.neighbours.heard(source, mac)
    this.#advertise(target, anonymous ? allNodes : source, !anonymous)
  }

  #advertise(target: Uint8Array, to: Uint8Array, solicited: boolean): void {
    const options: Option[] = this.mac === undefined ? [] : [{ kind: 'target mac', mac: this.mac }]
    this.#above.say(this, { kind: 'neighbor advertisement', router: this.advertiser !== undefined, solicited, override: true, target: bare(target), options }, { destination: to, source: target, hopLimit: 255 })
  }

  #advertised(message: Extract<Message, { kind: 'neighbor advertisement' }>, destination: Uint8Array): void {
    const target = zoned(message.target, this.zone)
    // §7.1.2.
    if (isMulticastIpv6(target) || (message.solicited && isMulticastIpv6(destination))) return this.#ignore()
    const mac = macOf(message.options, 'target mac')
    const own = this.addresses.find(target)
    if (own === undefined) return this.neighbours.advertised(target, { mac, router: message.router, solicited: message.solicited, override: message.override })
    if (this.addresses.conflict(target) || own.state === 'duplicated') return
    this.counters.conflicts++
    this.#log?.warn('nd.conflict', `${mac === undefined ? 'somebody' : formatMac(mac)} also claims ${formatIpv6(message.target)}`, { address: formatIpv6(message.target), mac: mac === undefined ? '' : formatMac(mac) })
  }

  #routerSolicited(options: readonly Option[], source: Uint8Array): void {
    if (this.advertiser === undefined) return
    const mac = macOf(options, 'source mac')
    // §6.1.1.
    if (isAnyIpv6(source) && mac !== undefined) return this.#ignore()
    if (mac !== undefined) this.neighbours.heard(source, mac, false)
    this.advertiser.solicited()
  }

  #ignore(): void {
    this.counters.ignored++
  }

  // What goes out.

  /** Sends a packet that stands in `buffer` behind `linkHeadroom` bytes. The buffer is gone. */
  send(buffer: Uint8Array, nextHop: Uint8Array, hardware?: Uint8Array, offload?: Offload): void {
    if (this.mac === undefined) return this.interface.sendFramed(buffer, offload)
    if (hardware !== undefined) return this.sendResolved(buffer, hardware, offload)
    if (isMulticastIpv6(nextHop)) return this.sendResolved(buffer, multicastMac6(nextHop), offload)
    this.neighbours.send(buffer, nextHop, offload)
  }

  sendResolved(buffer: Uint8Array, mac: Uint8Array, offload?: Offload): void {
    this.interface.sendFramed(buffer, offload, { mac, type: etherTypes.ipv6 })
  }

  /** A message of discovery, from our link-local address. */
  say(message: Message, to: Uint8Array): void {
    const source = this.linkLocal
    if (source !== undefined) this.#above.say(this, message, { destination: to, source, hopLimit: 255 })
  }

  solicit(target: Uint8Array, to: Uint8Array | undefined): void {
    const source = this.sourceFor(target)
    if (source === undefined || this.mac === undefined) return
    const destination = to === undefined ? solicitedNode(target) : target
    this.#above.say(this, { kind: 'neighbor solicitation', target: bare(target), options: [{ kind: 'source mac', mac: this.mac }] }, { destination, source, hopLimit: 255, hardware: to })
  }

  unresolved(buffers: readonly Uint8Array[]): void {
    this.#above.unresolved(buffers.map((buffer) => buffer.subarray(linkHeadroom)), this)
  }

  // What becomes of addresses and routers.

  probe(address: Uint8Array): void {
    this.#above.say(this, { kind: 'neighbor solicitation', target: bare(address), options: [] }, { destination: solicitedNode(address), source: anyIpv6, hopLimit: 255 })
  }

  listen(address: Uint8Array, on: boolean): void {
    if (on) this.listeners.join(solicitedNode(address))
    else this.listeners.leave(solicitedNode(address))
  }

  changed(): void {
    this.#above.changed()
  }

  ready(own: OwnAddress): void {
    if (own.origin !== 'link-local') return
    this.routing?.start()
    this.advertiser?.start()
  }

  /** RFC 4862 §5.4.5; another identifier may be tried where it isn't the hardware's (RFC 7217 §6: three times). */
  taken(own: OwnAddress): void {
    this.#log?.warn('nd.duplicate', `${formatIpv6(bare(own.address))} on ${this.interface.name} is somebody else's already`, { address: formatIpv6(bare(own.address)) })
    if (this.#config.identifiers !== 'stable' || own.origin === 'fixed' || own.origin === 'leased' || this.#attempts >= 3) return
    this.#attempts++
    this.addresses.remove(own.address)
    const network = own.address.slice()
    network.fill(0, 8)
    this.addresses.add(this.addressIn(network), own.prefix, own.origin)
  }

  routerLost(address: Uint8Array): void {
    this.routing?.lost(address)
  }

  limits(mtu: number, hopLimit: number): void {
    this.mtu = mtu
    this.hopLimit = hopLimit
  }

  rerouted(): void {
    this.#above.changed()
  }

  told(managed: boolean, other: boolean): void {
    this.hearFlags?.(managed, other)
  }

  /** So that nothing of it rings any more. */
  close(): void {
    this.advertiser?.stop()
  }
}

function macOf(options: readonly Option[], kind: 'source mac' | 'target mac'): Uint8Array | undefined {
  for (const option of options) if (option.kind === kind && 'mac' in option) return option.mac
  return undefined
}
