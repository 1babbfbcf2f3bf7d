/** Tables of a running lab, for people and programs: who has which lease, which station is where, who resolved whom, what passed which port. */
import { formatTime } from '../base/time.ts'
import { Hub } from '../link/hub.ts'
import { formatIpv4, formatIpv6, formatMac } from '../wire/address.ts'
import { bare } from '../stack/ip6/zone.ts'
import { ownSix, spokenWith } from './service-views.ts'
import type { Lab } from './lab.ts'

export type Row = Readonly<Record<string, string | number | boolean>>

/** Tables by name. Column names are a stable contract. */
export const tables: Readonly<Record<string, (lab: Lab) => Row[]>> = { leases, mac: stations, arp, neighbours, ports, uplinks, nat, code }

/** Every node with its state: what `ps` shows. */
export function nodes(lab: Lab): { node: string; kind: string; state: string; addresses: string; instructions: number }[] {
  const machines = [...lab.machines].map(([node, island]) => ({ node, kind: island.plan.kind, state: island.state, addresses: [...lab.leases(node), ...spokenWith(island.plan.nics.map((nic) => nic.mac.toLowerCase()), lab.hosts)].join(' '), instructions: island.machine.core.retired }))
  const hosts = lab.topology.hosts.map(({ name, nics }) => ({ node: name, kind: 'service', state: 'running', addresses: [...nics.map((nic) => nic.address?.address ?? ''), ...ownSix(lab.hosts.get(name))].join(' '), instructions: 0 }))
  return [...machines, ...hosts]
}

/** Tables that service points keep beside those above, by `service.table`. */
export function serviceTables(lab: Lab): Record<string, readonly Row[]> {
  const found: Record<string, readonly Row[]> = {}
  for (const [name, service] of lab.services) for (const [table, rows] of Object.entries(service.inspect?.() ?? {})) found[`${name}.${table}`] = rows
  return found
}

function leases(lab: Lab): Row[] {
  return [...lab.services].flatMap(([service, point]) => (point.inspect?.()['leases'] ?? []).map((row) => ({ service, ...row })))
}

function stations(lab: Lab): Row[] {
  return [...lab.backends].flatMap(([network, backend]) =>
    backend instanceof Hub ? [] : backend.stations().map(({ mac, vlan, port, age }) => ({ network, mac, vlan, port: port.replace(`${network}<`, ''), age: formatTime(age) })),
  )
}

function arp(lab: Lab): Row[] {
  return [...lab.hosts].flatMap(([host, { ip }]) =>
    ip.interfaces.flatMap(({ name, arp: cache }) => (cache?.entries ?? []).map(({ address, mac, status }) => ({ host, interface: name, address: formatIpv4(address), mac: mac === undefined ? '' : formatMac(mac), status: String(status) }))),
  )
}

/** Of IPv6; a state is RFC 4861's. */
function neighbours(lab: Lab): Row[] {
  return [...lab.hosts].flatMap(([host, { six }]) =>
    (six?.ip.links ?? []).flatMap((link) => link.neighbours.entries.map(({ address, mac, state, router }) => ({ host, interface: link.interface.name, address: formatIpv6(bare(address)), mac: mac === undefined ? '' : formatMac(mac), state: String(state), router }))),
  )
}

/** What each machine's harts keep of the guest's code. */
function code(lab: Lab): Row[] {
  return [...lab.machines].map(([node, { machine }]) => {
    const { live, compiled, codeBytes, decodedPages } = machine.core.statistics()
    return { node, regions: live, compiled, codeBytes, decodedPages }
  })
}

function ports(lab: Lab): Row[] {
  return lab.taps.map(({ place, up, sent }) => ({
    port: place.name,
    network: place.network ?? '',
    up,
    sentFrames: sent.frames,
    sentBytes: sent.bytes,
    dropped: sent.droppedFull + sent.droppedDown + sent.droppedLarge + sent.droppedUnheard,
  }))
}

/** Flows under way, and what was refused lately with the reason. */
function nat(lab: Lab): Row[] {
  return [...lab.nats].flatMap(([network, { rows }]) => rows.map((row) => ({ network, ...row })))
}

function uplinks(lab: Lab): Row[] {
  return [...lab.uplinks.values()].map(({ name, plan, connected, counters }) => ({ uplink: name, network: plan.network, type: plan.type, connected, ...counters }))
}
