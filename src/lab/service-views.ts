/** The lab as a service point sees it: nodes with the addresses they have at the moment, and the link, asked for an address. */
import { milliseconds } from '../base/time.ts'
import type { Host } from '../stack/host.ts'
import type { NodeView, ServicePoint, ServiceRoom } from '../stack/service.ts'
import { parseIpv4, parseMac } from '../wire/address.ts'
import type { Topology } from './topology.ts'

/** @param services by `network.kind`; asked each time, since they come and change. */
export function nodeViews({ machines, hosts }: Pick<Topology, 'machines' | 'hosts'>, services: ReadonlyMap<string, ServicePoint>): readonly NodeView[] {
  const leased = machines.map(({ name, nics }): NodeView => ({
    name,
    macs: nics.map((nic) => parseMac(nic.mac)),
    get addresses() {
      return addressesOf(nics.map((nic) => nic.mac.toLowerCase()), services)
    },
  }))
  const fixed = hosts.map(({ name, nics }): NodeView => ({ name, macs: nics.map((nic) => parseMac(nic.mac)), addresses: nics.flatMap((nic) => nic.address?.address ?? []) }))
  return [...leased, ...fixed]
}

/** Only DHCP is asked: a service that shows what it knows of the nodes would ask itself. */
function addressesOf(macs: readonly string[], services: ReadonlyMap<string, ServicePoint>): readonly string[] {
  return [...services].filter(([name]) => name.endsWith('.dhcp')).flatMap(([, service]) => {
    const rows = service.inspect?.()['leases'] ?? []
    return rows.filter((row) => row['status'] === 'bound' && macs.includes(String(row['mac']))).map((row) => String(row['address']))
  })
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
