/** The DHCP service point: sockets around the state machine. */
import type { Instant } from '../../src/base/time.ts'
import type { InterfaceView, ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import type { Arrival, UdpSocket } from '../../src/stack/sockets.ts'
import type { DhcpConfig, Host, Range } from './config.ts'
import type { Client } from './client.ts'
import type { Outcome, Reply } from './server.ts'
import type { Message } from '../../src/wire/dhcp.ts'
import type { Site } from './reply.ts'
import { hex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { formatTime } from '../../src/base/time.ts'
import { ServiceConfigError } from '../../src/stack/service.ts'
import { broadcastOf, formatIpv4, formatSubnet4, inSubnet, parseIpv4, parseMac, subnetOf } from '../../src/wire/address.ts'
import { clientPort, fit, parse, serverPort, typeOf, types } from '../../src/wire/dhcp.ts'
import { hintFor } from '../near.ts'
import { readClient } from './client.ts'
import { parseConfig } from './config.ts'
import { Journal } from '../journal.ts'
import { leaseForm } from './lease-journal.ts'
import { type Lease, LeaseTable } from './lease-table.ts'
import { bootAnswer, proxyPort } from './proxy.ts'
import { DhcpServer } from './server.ts'

export const dhcp: ServiceKind<DhcpConfig> = { kind: 'dhcp', parse: parseConfig, create: (config, room) => new DhcpService(config, room) }

/** A network that is served: our own, or one behind a relay. */
interface Ground {
  readonly site: Site
  readonly table: LeaseTable
  readonly server: DhcpServer
}

class DhcpService implements ServicePoint {
  readonly #config: DhcpConfig
  readonly #room: ServiceRoom
  readonly #site: Site
  /** Our own network first. */
  readonly #grounds: readonly Ground[]
  readonly #journal: Journal<Lease> | undefined
  readonly #socket: UdpSocket
  readonly #bootSocket: UdpSocket
  #malformed = 0
  #open = true

  constructor(config: DhcpConfig, room: ServiceRoom) {
    this.#config = config
    this.#room = room
    this.#site = siteOf(room.interfaces, config)
    this.#grounds = this.#grow(config)
    this.#journal = config.journal === undefined ? undefined : new Journal(room.journal(config.journal), room.scheduler, leaseForm)
    this.#restore()
    this.#socket = room.sockets.bind({ address: '0.0.0.0', port: serverPort }, (payload, arrival) => this.#hear(payload, arrival, (message, client) => this.#answer(message, client)))
    this.#bootSocket = room.sockets.bind({ address: '0.0.0.0', port: proxyPort }, (payload, arrival) => this.#hear(payload, arrival, (message, client) => this.#boot(message, client, arrival)))
  }

  close(): void {
    this.#open = false
    this.#socket.close()
    this.#bootSocket.close()
    this.#journal?.close()
  }

  inspect(): ReturnType<NonNullable<ServicePoint['inspect']>> {
    const leases = this.#grounds.flatMap(({ table }) => table.leases.map((lease) => ({
      address: formatIpv4(lease.address),
      mac: lease.mac,
      name: lease.name,
      status: table.live(lease) || lease.status === 'released' ? lease.status : 'expired',
      expires: Number.isFinite(lease.expires) ? formatTime(lease.expires as Instant) : 'never',
    })))
    return { leases, counters: [{ malformed: this.#malformed }] }
  }

  #grow(config: DhcpConfig): Ground[] {
    const room = this.#room
    const nodes = new Map(room.nodes.flatMap((node) => node.macs.map((mac) => [hex(mac, ':'), node.name] as const)))
    const hosts = hostsByKey(config, room, this.#site)
    const hostOf = (client: Client): Host | undefined => hosts.get(`id:${client.id}`) ?? hosts.get(client.mac)
    const kept = [...(config.router ?? []), ...config.scopes.flatMap((scope) => scope.config.router ?? []), ...config.hosts.flatMap((host) => host.address ?? [])]
    const ground = (site: Site, range: Range, own: DhcpConfig): Ground => {
      const table = new LeaseTable([range], new Set([site.address, ...kept]), room.scheduler)
      table.changed = (lease) => this.#journal?.record(lease, () => this.#grounds.flatMap((each) => each.table.leases))
      const server = new DhcpServer({ config: own, site, table, clock: room.scheduler, log: room.log, nodeOf: (mac) => nodes.get(mac), hostOf })
      return { site, table, server }
    }
    return [ground(this.#site, checkRange(config, this.#site), config), ...config.scopes.map(({ subnet, range, config: own }) => ground({ ...this.#site, subnet }, range, own))]
  }

  /** Takes up the leases of an earlier run; those of networks that are no longer served are left out. */
  #restore(): void {
    const { log } = this.#room
    const leases = this.#journal?.restore((lines) => log.warn('dhcp.journal', `${lines} lines of the journal can't be read and are passed over`, { lines })) ?? []
    for (const { site, table } of this.#grounds) table.load(leases.filter((lease) => inSubnet(site.subnet, lease.address)))
    if (leases.length > 0) log.info('dhcp.journal', `leases are taken up from ${this.#config.journal}`, { leases: leases.length })
  }

  #hear(payload: Uint8Array, arrival: Arrival, answer: (message: Message, client: Client) => void): void {
    if (arrival.interface !== this.#site.interface) return
    try {
      const message = parse(payload)
      if (message.op === 'request') answer(message, readClient(message))
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.#malformed++
      if (this.#malformed === 1) this.#room.log.warn('dhcp.malformed', `a message from ${arrival.from.address} is dropped: ${error.message}`, { from: arrival.from.address })
    }
  }

  #answer(message: Message, client: Client): void {
    const { site, server } = this.#groundOf(message, client)
    if (!this.#config.proxy) return this.#settle(server.answer(message, client))
    const reply = typeOf(message) === types.discover ? bootAnswer(message, client, server.policyOf(message, client), site, this.#room.log) : undefined
    if (reply !== undefined) this.#send({ message: reply, maxBytes: 548, by: message.giaddr === 0 ? 'broadcast' : 'relay' })
  }

  /** Port 4011: the client has an address, and asks from it. */
  #boot(message: Message, client: Client, { from, to }: Arrival): void {
    const { site, server } = this.#groundOf(message, client)
    const reply = bootAnswer(message, client, server.policyOf(message, client), site, this.#room.log)
    if (reply !== undefined && from.address !== '0.0.0.0') this.#bootSocket.send(fit(reply).bytes, from, { source: to.address })
  }

  /** By the relay, else by the address the client has, our own network otherwise. */
  #groundOf({ giaddr, ciaddr }: Message, { link }: Client): Ground {
    const at = giaddr === 0 ? ciaddr : (link ?? giaddr)
    return this.#grounds.find(({ site }) => at !== 0 && inSubnet(site.subnet, at)) ?? this.#grounds[0]
  }

  #settle(outcome: Outcome): void {
    if (outcome === undefined || !this.#open) return
    if (!('told' in outcome)) return this.#send(outcome)
    this.#room.probe(this.#site.interface, formatIpv4(outcome.address), (taken) => this.#open && this.#settle(outcome.told(taken)))
  }

  #send({ message, maxBytes, by }: Reply): void {
    const { bytes, left } = fit(message, { maxBytes, overload: true })
    if (left.length > 0) this.#room.log.warn('dhcp.options-left', `no room for option ${left.join(', ')} in a reply of ${maxBytes} bytes`, { mac: hex(message.chaddr, ':'), options: left.join(',') })
    const options = { interface: this.#site.interface, source: formatIpv4(this.#site.address) }
    switch (by) {
      case 'relay':
        return this.#socket.send(bytes, { address: formatIpv4(message.giaddr), port: serverPort }, options)
      case 'address':
        return this.#socket.send(bytes, { address: formatIpv4(message.ciaddr === 0 ? message.yiaddr : message.ciaddr), port: clientPort }, options)
      case 'broadcast':
        return this.#socket.send(bytes, { address: '255.255.255.255', port: clientPort }, options)
      case 'hardware':
        return this.#socket.send(bytes, { address: formatIpv4(message.yiaddr), port: clientPort }, { ...options, hardware: message.chaddr })
    }
  }
}

/** The interface whose subnet holds the range; the first one with an address when there is no range. */
function siteOf(interfaces: readonly InterfaceView[], config: DhcpConfig): Site {
  const sites = interfaces.flatMap(({ name, ipv4, mtu }) => (ipv4 === undefined ? [] : [{ interface: name, address: parseIpv4(ipv4.address), prefix: ipv4.prefix, subnet: subnetOf(parseIpv4(ipv4.address), ipv4.prefix), mtu }]))
  if (sites.length === 0) throw new ServiceConfigError('DHCP needs a network with an IPv4 subnet', [])
  const { range } = config
  const site = range === undefined ? sites[0] : sites.find(({ address, prefix }) => inSubnet(subnetOf(address, prefix), range.first))
  if (site !== undefined) return site
  const subnets = sites.map(({ address, prefix }) => formatSubnet4(subnetOf(address, prefix))).join(', ')
  throw new ServiceConfigError(`the range starts at ${formatIpv4(range?.first ?? 0)}, which is not in ${subnets}`, ['range'])
}

/** The range of the lab file; else the hundred addresses from .100 on, or the upper half of a subnet too small for that. */
function checkRange({ range }: DhcpConfig, site: Site): Range {
  const subnet = subnetOf(site.address, site.prefix)
  const last = broadcastOf(subnet)
  if (range === undefined) {
    const first = subnet.network + (site.prefix <= 24 ? 100 : Math.max(1, 2 ** (31 - site.prefix)))
    return { first, last: Math.max(first, Math.min(last - 1, first + (site.prefix <= 24 ? 99 : 127))) }
  }
  if (!inSubnet(subnet, range.last)) throw new ServiceConfigError(`the range ends at ${formatIpv4(range.last)}, which is not in ${formatSubnet4(subnet)}`, ['range'])
  if (range.first === subnet.network || range.last === last) throw new ServiceConfigError(`${formatIpv4(range.first === subnet.network ? range.first : range.last)} is the subnet's own address or its broadcast address`, ['range'])
  return range
}

/** By MAC, or `id:` and the client id in hex. */
function hostsByKey(config: DhcpConfig, room: ServiceRoom, site: Site): Map<string, Host> {
  const hosts = new Map<string, Host>()
  const owners = new Map<number, string>()
  for (const host of config.hosts) {
    const path = ['hosts', host.who]
    for (const key of keysOf(host.who, room)) hosts.set(key, host)
    if (host.address === undefined) continue
    const subnets = [site.subnet, ...config.scopes.map((scope) => scope.subnet)]
    if (!subnets.some((subnet) => inSubnet(subnet, host.address as number))) throw new ServiceConfigError(`${formatIpv4(host.address)} is not in ${subnets.map(formatSubnet4).join(', ')}`, path)
    if (host.address === site.address) throw new ServiceConfigError(`${formatIpv4(host.address)} is the address of the service point itself`, path)
    const other = owners.get(host.address)
    if (other !== undefined) throw new ServiceConfigError(`${formatIpv4(host.address)} is already given to ${other}`, path)
    owners.set(host.address, host.who)
  }
  return hosts
}

function keysOf(who: string, room: ServiceRoom): readonly string[] {
  const id = /^id:((?:[0-9a-f]{2}:?)+)$/i.exec(who)
  if (id !== null) return [`id:${id[1].replaceAll(':', '').toLowerCase()}`]
  if (who.includes(':')) {
    try {
      return [hex(parseMac(who), ':')]
    } catch {
      throw new ServiceConfigError(`found "${who}", expected a MAC such as 02:00:00:00:00:01, a client id such as id:ff0102 or the name of a node`, ['hosts', who])
    }
  }
  const node = room.nodes.find((each) => each.name === who)
  if (node === undefined) throw new ServiceConfigError(`there is no node "${who}" in this lab`, ['hosts', who], hintFor(who, room.nodes.map((each) => each.name)))
  return node.macs.map((mac) => hex(mac, ':'))
}
