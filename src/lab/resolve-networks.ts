/** Networks: subnets from the pool, gateways, and the service points that live there. */
import { contains, derivedMac, firstHost, isHost, overlap, pooledSubnet, subnetOf } from './addresses.ts'
import type { Reading } from './reading.ts'
import type { NetworkText } from './schema.ts'
import type { HostPlan, NatPlan, NetworkPlan, ServicePlan, SimPlan, SixPlan, Subnet } from './topology.ts'
import { latencyOf } from './resolve-links.ts'
import { resolveSix } from './resolve-six.ts'
import type { Subnet6 } from '../wire/ipv6-address.ts'

/** The keys of a network that are service points. */
export const serviceWords = ['dhcp', 'dhcp6', 'tftp', 'dns', 'ntp', 'syslog', 'http', 'ftp', 'nfs', 'node'] as const

/** @throws {ConfigError} */
export function resolveNetworks(reading: Reading, sim: SimPlan): { networks: NetworkPlan[]; gateways: HostPlan[] } {
  const written = Object.entries(reading.text.networks ?? {})
  const taken = explicitSubnets(reading, written)
  const taken6: { name: string; subnet: Subnet6 }[] = []
  const networks: NetworkPlan[] = []
  const gateways: HostPlan[] = []
  for (const [name, text] of written) {
    const services = servicesOf(reading, ['networks', name], text)
    const six = resolveSix(reading, name, text, taken6)
    const served = services.length > 0 || six !== undefined || text?.gateway !== undefined || text?.nat === true
    const subnet = text?.subnet !== undefined ? subnetOf(text.subnet) : served ? pooled(reading, name, taken) : undefined
    const latency = latencyOf(reading, ['networks', name], text?.latency, sim)
    const host = served ? withSix(gateway(reading, name, text, subnet as Subnet, services, latency), six) : undefined
    const nat = withGateway6(natOf(reading, name, text, host), six)
    networks.push({ name, mode: text?.mode ?? 'switch', subnet, latency, nat, ...(six === undefined ? {} : { six }) })
    if (host !== undefined) gateways.push(nat === undefined ? host : { ...host, services: services.map((service) => (service.kind === 'dhcp' ? leadOut(service, nat.gateway) : service)) })
  }
  return { networks, gateways }
}

const withGateway6 = (nat: NatPlan | undefined, six: SixPlan | undefined): NatPlan | undefined => (nat === undefined || six === undefined ? nat : { ...nat, gateway6: six.gateway })

function natOf(reading: Reading, name: string, text: NetworkText | null, host: HostPlan | undefined): NatPlan | undefined {
  if (text?.nat === true) return { gateway: host?.nics[0].address?.address as string, hostLoopback: text.host_loopback ?? false }
  if (text?.host_loopback === true) reading.fail(['networks', name, 'host_loopback'], 'goes with nat: true only', undefined, 'key')
  return undefined
}

function withSix(host: HostPlan, six: SixPlan | undefined): HostPlan {
  if (six === undefined) return host
  return { ...host, nics: host.nics.map((nic) => ({ ...nic, six: [{ address: six.gateway, prefix: six.subnet.prefix }] })) }
}

/** Leases lead to the gateway where they don't say otherwise: it is the router, and answers DNS. */
function leadOut(service: ServicePlan, address: string): ServicePlan {
  return { ...service, config: { router: address, dns: address, ...(service.config as Record<string, unknown>) } }
}

/** The service points written under `path`, each checked by its own kind. */
export function servicesOf(reading: Reading, path: readonly string[], text: Readonly<Record<string, unknown>> | null | undefined): ServicePlan[] {
  return serviceWords
    .filter((word) => text?.[word] !== undefined)
    .map((word) => {
      const at = [...path, word]
      return { name: `${path.at(-1) as string}.${word}`, path: at, ...reading.service(at) }
    })
}

function explicitSubnets(reading: Reading, written: readonly (readonly [string, NetworkText | null])[]): Subnet[] {
  const taken: { name: string; subnet: Subnet }[] = []
  for (const [name, text] of written) {
    if (text?.subnet === undefined) continue
    const subnet = subnetOf(text.subnet)
    if (subnet.network !== text.subnet.split('/')[0]) reading.fail(['networks', name, 'subnet'], `"${text.subnet}" has host bits set`, `did you mean "${subnet.network}/${subnet.prefix}"?`)
    const other = taken.find((one) => overlap(one.subnet, subnet))
    if (other !== undefined) reading.fail(['networks', name, 'subnet'], `${text.subnet} overlaps the subnet of ${other.name}`)
    taken.push({ name, subnet })
  }
  return taken.map((one) => one.subnet)
}

function pooled(reading: Reading, name: string, taken: Subnet[]): Subnet {
  const gateway = reading.text.networks?.[name]?.gateway
  const subnet = gateway === undefined ? pooledSubnet(taken) : subnetOf(`${gateway}/24`)
  if (subnet === undefined) reading.fail(['networks', name], 'no free subnet is left in 10.77.0.0/16', 'give it one: subnet: 10.0.0.0/24')
  taken.push(subnet)
  return subnet
}

function gateway(reading: Reading, name: string, text: NetworkText | null, subnet: Subnet, services: ServicePlan[], latency: NetworkPlan['latency']): HostPlan {
  const address = text?.gateway ?? firstHost(subnet)
  if (!contains(subnet, address)) reading.fail(['networks', name, 'gateway'], `${address} is not in ${subnet.network}/${subnet.prefix}`, `e.g. ${firstHost(subnet)}`)
  if (!isHost(subnet, address)) reading.fail(['networks', name, 'gateway'], `${address} is the network's own or its broadcast address`, `e.g. ${firstHost(subnet)}`)
  const mac = derivedMac(reading.seed, reading.name, name, 'gateway')
  return { name, services, nics: [{ name: 'eth0', mac, network: name, vlan: undefined, address: { address, prefix: subnet.prefix }, latency }] }
}
