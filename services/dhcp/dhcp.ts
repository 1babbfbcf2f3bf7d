/** The DHCP service point: sockets around the state machine. */
import type { Instant } from '../../src/base/time.ts'
import type { InterfaceView, ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import type { Arrival, UdpSocket } from '../../src/stack/sockets.ts'
import type { DhcpConfig, Host, Range } from './config.ts'
import type { Reply } from './server.ts'
import type { Site } from './reply.ts'
import { hex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { formatTime } from '../../src/base/time.ts'
import { ServiceConfigError } from '../../src/stack/service.ts'
import { broadcastOf, formatIpv4, formatSubnet4, inSubnet, parseIpv4, parseMac, subnetOf } from '../../src/wire/address.ts'
import { clientPort, fit, parse, serverPort } from '../../src/wire/dhcp.ts'
import { hintFor } from '../near.ts'
import { parseConfig } from './config.ts'
import { LeaseTable } from './lease-table.ts'
import { DhcpServer } from './server.ts'

export const dhcp: ServiceKind<DhcpConfig> = { kind: 'dhcp', parse: parseConfig, create: (config, room) => new DhcpService(config, room) }

class DhcpService implements ServicePoint {
  readonly #room: ServiceRoom
  readonly #site: Site
  readonly #table: LeaseTable
  readonly #server: DhcpServer
  readonly #socket: UdpSocket
  #malformed = 0

  constructor(config: DhcpConfig, room: ServiceRoom) {
    this.#room = room
    this.#site = siteOf(room.interfaces, config)
    const range = checkRange(config, this.#site)
    const hosts = hostsByMac(config, room, this.#site)
    const nodes = new Map(room.nodes.flatMap((node) => node.macs.map((mac) => [hex(mac, ':'), node.name] as const)))
    const kept = new Set([this.#site.address, ...(config.router ?? []), ...config.hosts.flatMap((host) => host.address ?? [])])
    this.#table = new LeaseTable([range], kept, room.scheduler)
    const parts = { config, site: this.#site, table: this.#table, clock: room.scheduler, log: room.log }
    this.#server = new DhcpServer({ ...parts, nodeOf: (mac) => nodes.get(mac), hostOf: (mac) => hosts.get(mac) })
    this.#socket = room.sockets.bind({ address: '0.0.0.0', port: serverPort }, (payload, arrival) => this.#hear(payload, arrival))
  }

  close(): void {
    this.#socket.close()
  }

  inspect(): ReturnType<NonNullable<ServicePoint['inspect']>> {
    const leases = this.#table.leases.map((lease) => ({
      address: formatIpv4(lease.address),
      mac: lease.mac,
      name: lease.name,
      status: this.#table.live(lease) || lease.status === 'released' ? lease.status : 'expired',
      expires: Number.isFinite(lease.expires) ? formatTime(lease.expires as Instant) : 'never',
    }))
    return { leases, counters: [{ malformed: this.#malformed }] }
  }

  #hear(payload: Uint8Array, arrival: Arrival): void {
    if (arrival.interface !== this.#site.interface) return
    try {
      const reply = this.#server.answer(parse(payload))
      if (reply !== undefined) this.#send(reply)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.#malformed++
      if (this.#malformed === 1) this.#room.log.warn('dhcp.malformed', `a message from ${arrival.from.address} is dropped: ${error.message}`, { from: arrival.from.address })
    }
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
  const sites = interfaces.flatMap(({ name, ipv4, mtu }) => (ipv4 === undefined ? [] : [{ interface: name, address: parseIpv4(ipv4.address), prefix: ipv4.prefix, mtu }]))
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

function hostsByMac(config: DhcpConfig, room: ServiceRoom, site: Site): Map<string, Host> {
  const hosts = new Map<string, Host>()
  const owners = new Map<number, string>()
  for (const host of config.hosts) {
    const path = ['hosts', host.who]
    for (const mac of macsOf(host.who, room)) hosts.set(mac, host)
    if (host.address === undefined) continue
    if (!inSubnet(subnetOf(site.address, site.prefix), host.address)) throw new ServiceConfigError(`${formatIpv4(host.address)} is not in ${formatSubnet4(subnetOf(site.address, site.prefix))}`, path)
    if (host.address === site.address) throw new ServiceConfigError(`${formatIpv4(host.address)} is the address of the service point itself`, path)
    const other = owners.get(host.address)
    if (other !== undefined) throw new ServiceConfigError(`${formatIpv4(host.address)} is already given to ${other}`, path)
    owners.set(host.address, host.who)
  }
  return hosts
}

function macsOf(who: string, room: ServiceRoom): readonly string[] {
  if (who.includes(':')) {
    try {
      return [hex(parseMac(who), ':')]
    } catch {
      throw new ServiceConfigError(`found "${who}", expected a MAC such as 02:00:00:00:00:01 or the name of a node`, ['hosts', who])
    }
  }
  const node = room.nodes.find((each) => each.name === who)
  if (node === undefined) throw new ServiceConfigError(`there is no node "${who}" in this lab`, ['hosts', who], hintFor(who, room.nodes.map((each) => each.name)))
  return node.macs.map((mac) => hex(mac, ':'))
}
