/** From a plan's IPv6 to what an interface of the stack is told. */
import { seconds } from '../base/time.ts'
import { type Advertisement, usualAdvertisement } from '../stack/ip6/advertiser.ts'
import type { Ipv6Config } from '../stack/ip6/link6.ts'
import { parseIpv6 } from '../wire/address.ts'
import type { HostPlan, NetworkPlan, NicPlan, SixPlan } from './topology.ts'

/** Undefined where the network has no IPv6. A network's gateway advertises; other hosts listen to it. */
export function sixOf(host: HostPlan, nic: NicPlan, networks: readonly NetworkPlan[]): Ipv6Config | undefined {
  const six = networks.find((network) => network.name === nic.network)?.six
  if (six === undefined) return undefined
  const addresses = (nic.six ?? []).map(({ address, prefix }) => ({ address: parseIpv6(address), prefix }))
  if (host.name !== nic.network) return { addresses }
  return { addresses, autoconfigure: false, ...(six.advertising === undefined ? {} : { advertise: advertisementOf(six, six.advertising) }) }
}

function advertisementOf({ subnet }: SixPlan, plan: NonNullable<SixPlan['advertising']>): Advertisement {
  const { lifetimeSeconds, managed, other, mtu, dns, autonomous, validSeconds, preferredSeconds, intervalSeconds } = plan
  const prefix = { network: parseIpv6(subnet.network), prefix: subnet.prefix, onLink: true, autonomous, validSeconds, preferredSeconds }
  return { ...usualAdvertisement, prefixes: [prefix], lifetimeSeconds, managed, other, mtu, dns: dns.map(parseIpv6), interval: seconds(intervalSeconds) }
}
