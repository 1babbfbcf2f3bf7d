/** The lab as a service point sees it: nodes with the addresses they have at the moment, and the link, asked for an address. */
import { milliseconds } from '../base/time.ts'
import type { Host } from '../stack/host.ts'
import type { NodeView, ServicePoint, ServiceRoom } from '../stack/service.ts'
import { formatIpv6, formatMac, parseIpv4, parseMac } from '../wire/address.ts'
import { isLinkLocalIpv6 } from '../wire/ipv6-address.ts'
import type { Topology } from './topology.ts'

/** @param services by `network.kind`; asked each time, since they come and change. */
/** @param running the service hosts: what they know of IPv6. */
export function nodeViews({ machines, hosts }: Pick<Topology, 'machines' | 'hosts'>, services: ReadonlyMap<string, ServicePoint>, running: ReadonlyMap<string, Host> = new Map()): readonly NodeView[] {
  const leased = machines.map(({ name, nics }): NodeView => ({
    name,
    macs: nics.map((nic) => parseMac(nic.mac)),
    get addresses() {
      const macs = nics.map((nic) => nic.mac.toLowerCase())
      return [...addressesOf(macs, services), ...spokenWith(macs, running)]
    },
  }))
  const fixed = hosts.map(({ name, nics }): NodeView => ({
    name, 
    macs: nics.map((nic) => parseMac(nic.mac)),
    get addresses() {
      return [...nics.flatMap((nic) => nic.address?.address ?? []), ...ownSix(running.get(name))]
    },
  }))
  return [...leased, ...fixed]
}

/** Only DHCP is asked: a service that shows what it knows of the nodes would ask itself. */
function addressesOf(macs: readonly string[], services: ReadonlyMap<string, ServicePoint>): readonly string[] {
  return [...services].filter(([name]) => name.endsWith('.dhcp')).flatMap(([, service]) => {
    const rows = service.inspect?.()['leases'] ?? []
    return rows.filter((row) => row['status'] === 'bound' && macs.includes(String(row['mac']))).map((row) => String(row['address']))
  })
}

/** Of a service host, beside link-local ones: those mean nothing to who asks for a name. */
export function ownSix(host: Host | undefined): readonly string[] {
  return (host?.six?.ip.links ?? []).flatMap(({ addresses }) => addresses.usable.filter(({ origin }) => origin !== 'link-local').map(({ address }) => formatIpv6(address)))
}

/** Addresses at which any service host's neighbour has one of these MACs. */
export function spokenWith(macs: readonly string[], hosts: ReadonlyMap<string, Host>): readonly string[] {
  const found = new Set<string>()
  for (const { six } of hosts.values()) {
    for (const { neighbours } of six?.ip.links ?? []) {
      for (const { address, mac } of neighbours.entries) if (mac !== undefined && !isLinkLocalIpv6(address) && macs.includes(formatMac(mac))) found.add(formatIpv6(address))
    }
  }
  return [...found]
}

/** A probe that goes out on the interfaces of `host`. On one that isn't there nobody answers. */
export function probeOf(host: Host): ServiceRoom['probe'] {
  return (name, address, tell) => {
    const on = host.ip.interfaces.find((each) => each.name === name)
    if (on === undefined) host.ip.soon.do(() => tell(undefined))
    else host.probe(on, parseIpv4(address), tell, probeCount, probeWait)
  }
}

/** A client waits two seconds and more for its offer (RFC 2131 §4.1); one question, answered on the link at once if at all, must do. */
const probeCount = 1
const probeWait = milliseconds(500)
