/** NICs: who gets `eth0`, and every address that was left out. */
import { contains, derivedMac, isHost } from './addresses.ts'
import type { Path } from '../stack/service.ts'
import { formatIpv6, parseIpv6 } from '../wire/address.ts'
import { inSubnet6 } from '../wire/ipv6-address.ts'
import type { Reading } from './reading.ts'
import { latencyOf, type LooseLink } from './resolve-links.ts'
import type { NicText, NodeText } from './schema.ts'
import type { NetworkPlan, NicPlan, SimPlan } from './topology.ts'

/** NICs of each node, in the order of their numbers. Ends of links that named no NIC get theirs here. @throws {ConfigError} */
export function resolveNics(reading: Reading, nodes: ReadonlyMap<string, NodeText>, networks: readonly NetworkPlan[], links: readonly LooseLink[], sim: SimPlan): Map<string, NicPlan[]> {
  const macs = new MacTable(reading)
  const all = new Map<string, NicPlan[]>()
  for (const [node, text] of nodes) {
    const nics = new Map<string, NicPlan>()
    const ends = links.flatMap((link) => link.ends.filter((end) => end.node === node).map((end) => ({ end, latency: link.latency })))
    for (const { end, latency } of ends.filter((one) => one.end.nic !== '')) {
      if (nics.has(end.nic)) reading.fail(end.path, `${node}:${end.nic} already has a cable`)
      nics.set(end.nic, linked(end.nic, latency))
    }
    for (const [network, settings, path] of attachments(reading, node, text)) {
      const name = free(nics)
      nics.set(name, attached(reading, path, name, network, settings, networks, sim))
      if (settings?.mac !== undefined) macs.claim(path, settings.mac)
    }
    for (const { end, latency } of ends.filter((one) => one.end.nic === '')) {
      end.nic = free(nics)
      nics.set(end.nic, linked(end.nic, latency))
    }
    all.set(node, [...nics.values()].map((nic) => (text.nic === undefined ? nic : { model: text.nic, ...nic })).sort((a, b) => Number(a.name.slice(3)) - Number(b.name.slice(3))))
  }
  for (const [node, nics] of all) all.set(node, nics.map((nic) => (nic.mac === '' ? { ...nic, mac: macs.derive(node, nic.name) } : nic)))
  return all
}

/** An end of a link; its MAC is derived once all that are written are known. */
function linked(name: string, latency: NicPlan['latency']): NicPlan {
  return { name, mac: '', network: undefined, vlan: undefined, address: undefined, latency }
}

class MacTable {
  readonly #reading: Reading
  readonly #taken = new Set<string>()

  constructor(reading: Reading) {
    this.#reading = reading
  }

  claim(path: Path, mac: string): void {
    if (this.#taken.has(mac.toLowerCase())) this.#reading.fail([...path, 'mac'], `${mac} is another interface's already`)
    this.#taken.add(mac.toLowerCase())
  }

  derive(node: string, nic: string): string {
    for (let attempt = 0; ; attempt++) {
      const mac = derivedMac(this.#reading.seed, this.#reading.name, node, nic, attempt)
      if (this.#taken.has(mac)) continue
      this.#taken.add(mac)
      return mac
    }
  }
}

function attachments(reading: Reading, node: string, text: NodeText): [string, NicText | null, Path][] {
  const path: Path = ['nodes', node, 'networks']
  const written = text.networks ?? []
  const names = Object.keys(reading.text.networks ?? {})
  if (!Array.isArray(written)) {
    return Object.entries(written).map(([network, settings]) => {
      reading.known([...path, network], network, names, 'network', 'key')
      return [network, settings, [...path, network]]
    })
  }
  return written.map((network, index) => {
    reading.known([...path, index], network, names, 'network')
    return [network, null, [...path, index]]
  })
}

function attached(reading: Reading, path: Path, name: string, network: string, settings: NicText | null, networks: readonly NetworkPlan[], sim: SimPlan): NicPlan {
  const plan = networks.find((one) => one.name === network) as NetworkPlan
  const latency = settings?.latency === undefined ? plan.latency : latencyOf(reading, path, settings.latency, sim)
  if (settings?.vlan !== undefined && plan.mode === 'hub') reading.fail([...path, 'vlan'], 'a hub knows no VLANs', `take mode: hub out of networks.${network}`)
  return { name, mac: settings?.mac?.toLowerCase() ?? '', network, vlan: settings?.vlan, address: addressOf(reading, path, settings?.address, plan), ...sixOf(reading, path, settings?.address6, plan), latency, ...(settings?.mtu === undefined ? {} : { mtu: settings.mtu }), ...(settings?.model === undefined ? {} : { model: settings.model }) }
}

function addressOf(reading: Reading, path: Path, written: string | undefined, network: NetworkPlan): NicPlan['address'] {
  if (written === undefined) return undefined
  const [address, length] = written.split('/')
  const { subnet } = network
  if (length !== undefined) return { address, prefix: Number(length) }
  if (subnet === undefined) reading.fail([...path, 'address'], `${network.name} has no subnet; write the prefix length`, `address: ${address}/24`)
  if (!contains(subnet, address) || !isHost(subnet, address)) reading.fail([...path, 'address'], `${address} is no host's address in ${subnet.network}/${subnet.prefix}`)
  return { address, prefix: subnet.prefix }
}

function sixOf(reading: Reading, path: Path, address: string | undefined, { name, six }: NetworkPlan): Pick<NicPlan, 'six'> {
  if (address === undefined) return {}
  if (six === undefined) reading.fail([...path, 'address6'], `${name} has no IPv6`, `networks.${name}: subnet6: auto`, 'key')
  const { network, prefix } = six.subnet
  if (!inSubnet6({ network: parseIpv6(network), prefix }, parseIpv6(address)) || address === six.gateway) reading.fail([...path, 'address6'], `${address} is no host's address in ${network}/${prefix}`)
  return { six: [{ address: formatIpv6(parseIpv6(address)), prefix }] }
}

function free(nics: ReadonlyMap<string, NicPlan>): string {
  for (let number = 0; ; number++) if (!nics.has(`eth${number}`)) return `eth${number}`
}
