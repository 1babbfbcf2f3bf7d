/** The DHCPv6 service point: sockets, groups, relays and the bindings around the state machine. RFC 8415. */
import type { Instant } from '../../src/base/time.ts'
import type { InterfaceView, ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import type { Arrival, UdpSocket } from '../../src/stack/sockets.ts'
import type { Exchange, Message, Option, Relayed } from '../../src/wire/dhcpv6.ts'
import type { Asker } from './asker.ts'
import type { Binding } from './bindings.ts'
import type { Dhcpv6Config } from './config.ts'
import type { Link } from './server.ts'
import { Malformed } from '../../src/base/errors.ts'
import { formatTime } from '../../src/base/time.ts'
import { formatIpv6, formatMac, parseIpv6 } from '../../src/wire/address.ts'
import { build, clientPort, codes, duidOf, groups, isRelayed, option, parse, serverPort, types } from '../../src/wire/dhcpv6.ts'
import { inSubnet6, isAnyIpv6, isLinkLocalIpv6, type Subnet6, subnetOf6 } from '../../src/wire/ipv6-address.ts'
import { readAsker } from './asker.ts'
import { Journal } from '../journal.ts'
import { bindingForm } from './binding-journal.ts'
import { Bindings } from './bindings.ts'
import { parseConfig } from './config.ts'
import { addressPool, prefixPool, usualRange } from './pools.ts'
import { Dhcpv6Server } from './server.ts'

export const dhcp6: ServiceKind<Dhcpv6Config> = { kind: 'dhcp6', parse: parseConfig, create: (config, room) => new Dhcpv6Service(config, room) }

/** §7.6: HOP_COUNT_LIMIT. */
const mostRelays = 8

/** A message with the relays that it came by, the server's neighbour first. */
interface Heard {
  readonly message: Exchange
  readonly relays: readonly Relayed[]
}

class Dhcpv6Service implements ServicePoint {
  readonly #config: Dhcpv6Config
  readonly #room: ServiceRoom
  readonly #socket: UdpSocket
  readonly #bindings: Bindings
  readonly #journal: Journal<Binding> | undefined
  readonly #servers = new Map<string, Dhcpv6Server>()
  readonly #counters = { heard: 0, answered: 0, ignored: 0, malformed: 0 }

  constructor(config: Dhcpv6Config, room: ServiceRoom) {
    this.#config = config
    this.#room = room
    this.#bindings = new Bindings(room.scheduler)
    this.#journal = config.journal === undefined ? undefined : new Journal(room.journal(config.journal), room.scheduler, bindingForm)
    if (this.#journal !== undefined) {
      this.#bindings.restore(this.#journal.restore((lines) => room.log.warn('dhcp6.journal', `${lines} lines of ${config.journal} can't be read and are passed over`, { lines })))
      this.#bindings.changed = (binding) => this.#journal?.record(binding, () => this.#bindings.all)
    }
    this.#socket = room.sockets.bind({ address: '::', port: serverPort }, (payload, arrival) => this.#hear(payload, arrival))
    for (const { name, ipv6 } of room.interfaces) {
      if (ipv6 === undefined) continue
      this.#socket.join(groups.relaysAndServers, name)
      this.#socket.join(groups.servers, name)
    }
  }

  close(): void {
    this.#socket.close()
    this.#journal?.close()
  }

  inspect(): ReturnType<NonNullable<ServicePoint['inspect']>> {
    const row = ({ what, owner, status, expires }: Binding): Record<string, string> => ({ address: what, client: owner, status, expires: Number.isFinite(expires) ? formatTime(expires as Instant) : 'never' })
    return { leases: this.#bindings.all.map(row).sort((a, b) => (a['address'] < b['address'] ? -1 : 1)), counters: [{ ...this.#counters }] }
  }

  #hear(payload: Uint8Array, arrival: Arrival): void {
    this.#counters.heard++
    try {
      const heard = unwrap(parse(payload))
      const on = this.#room.interfaces.find(({ name }) => name === arrival.interface)
      if (heard === undefined || on === undefined) return void this.#counters.ignored++
      this.#answer(heard, arrival, on)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.#counters.malformed++
    }
  }

  #answer({ message, relays }: Heard, arrival: Arrival, on: InterfaceView): void {
    const peer = relays.at(-1)?.peer ?? parseIpv6(bare(arrival.from.address))
    const asker = readAsker(message, relays, peer)
    const link = this.#linkOf(relays, on)
    const unicast = relays.length === 0 && !arrival.to.address.startsWith('ff')
    const answer = link === undefined ? undefined : this.#serverOf(on).answer(message, asker, link, unicast)
    if (answer === undefined) return void this.#counters.ignored++
    this.#counters.answered++
    const bytes = relays.reduceRight<Uint8Array>((inner, relay) => build(wrapped(relay, inner)), build(answer))
    // A relay that isn't at its usual port says so (RFC 8357).
    const port = relays.length === 0 ? clientPort : option(relays[0].options, codes.relayPort) === undefined ? serverPort : arrival.from.port
    this.#socket.send(bytes, { address: arrival.from.address, port }, { interface: arrival.interface })
  }

  /** By the relay nearest to the client that names the link; else the one it came by. */
  #linkOf(relays: readonly Relayed[], on: InterfaceView): Link | undefined {
    const { scopes, delegation, range } = this.#config
    const prefixes = delegation === undefined ? undefined : prefixPool(delegation)
    const named = relays.map(({ link }) => link).findLast((link) => !isAnyIpv6(link) && !isLinkLocalIpv6(link))
    const scope = named === undefined ? undefined : scopes.find(({ subnet }) => inSubnet6(subnet, named))
    if (scope !== undefined) return { addresses: addressPool(scope.range), prefixes, onLink: (address) => inSubnet6(scope.subnet, address) }
    const own = subnetsOf(on)
    if (named !== undefined && !own.some((subnet) => inSubnet6(subnet, named))) {
      this.#room.log.warn('dhcp6.link', `a relay asks for the link of ${formatIpv6(named)}, of which nothing is known`, { link: formatIpv6(named) })
      return undefined
    }
    const used = range === 'auto' ? (own.length === 0 ? undefined : usualRange(own[0])) : range
    const onLink = (address: Uint8Array): boolean => own.some((subnet) => inSubnet6(subnet, address)) || (used !== undefined && addressPool(used).has(formatIpv6(address)))
    return { addresses: used === undefined ? undefined : addressPool(used), prefixes, onLink }
  }

  #serverOf(on: InterfaceView): Dhcpv6Server {
    const known = this.#servers.get(on.name)
    if (known !== undefined) return known
    const { scheduler: clock, log } = this.#room
    const server = new Dhcpv6Server({
      config: this.#config, duid: duidOf(this.#room.interfaces[0].mac), bindings: this.#bindings, clock, log,
      reserved: (asker) => this.#reserved(asker), kept: () => this.#kept(), own: () => ownAddress(on),
    })
    this.#servers.set(on.name, server)
    return server
  }

  #reserved({ mac, duid }: Asker): Uint8Array | undefined {
    const { hosts } = this.#config
    const node = mac === undefined ? undefined : this.#room.nodes.find(({ macs }) => macs.some((each) => formatMac(each) === mac))
    return hosts.get(`duid:${duid}`) ?? (mac === undefined ? undefined : hosts.get(mac)) ?? (node === undefined ? undefined : hosts.get(node.name.toLowerCase()))
  }

  #kept(): ReadonlySet<string> {
    const own = this.#room.interfaces.flatMap(({ ipv6 }) => ipv6?.map(({ address }) => bare(address)) ?? [])
    return new Set([...own, ...[...this.#config.hosts.values()].map(formatIpv6)])
  }
}

/** @throws {Malformed} @returns undefined for what is not for a server. */
function unwrap(first: Message): Heard | undefined {
  const relays: Relayed[] = []
  let message = first
  while (isRelayed(message)) {
    const inner = option(message.options, codes.relayMessage)
    if (message.type !== types.relayForward || inner === undefined || relays.length === mostRelays) return undefined
    relays.push(message)
    message = parse(inner)
  }
  return { message, relays }
}

/** §19.3: the same ends, the interface id if there was one, and what goes on. */
function wrapped({ hops, link, peer, options }: Relayed, inner: Uint8Array): Relayed {
  const id = options.filter(({ code }) => code === codes.interfaceId)
  const carried: Option = { code: codes.relayMessage, data: inner }
  return { type: types.relayReply, hops, link, peer, options: [...id, carried] }
}

const bare = (address: string): string => address.split('%')[0]

function subnetsOf({ ipv6 }: InterfaceView): Subnet6[] {
  return (ipv6 ?? []).map(({ address, prefix }) => subnetOf6(parseIpv6(bare(address)), prefix)).filter(({ network }) => !isLinkLocalIpv6(network))
}

function ownAddress({ ipv6 }: InterfaceView): Uint8Array | undefined {
  const addresses = (ipv6 ?? []).map(({ address }) => parseIpv6(bare(address)))
  return addresses.find((address) => !isLinkLocalIpv6(address)) ?? addresses[0]
}
