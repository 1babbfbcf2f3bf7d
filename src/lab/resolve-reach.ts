/** Tests that are tried from the lab's own host: which network it stands on, and with which address. */
import type { Path } from '../stack/service.ts'
import { contains, derivedMac, isIpv6, lastHost } from './addresses.ts'
import { formatIpv6, parseIpv6 } from '../wire/address.ts'
import { inSubnet6 } from '../wire/ipv6-address.ts'
import type { Ground } from './faults/places.ts'
import type { Reading } from './reading.ts'
import type { Assertion } from './resolve-tests.ts'
import type { TestText } from './schema.ts'
import type { Reach } from './tests/reach-tests.ts'
import type { AddressPlan, HostPlan, NetworkPlan, TestPlan } from './topology.ts'

/** Of the prober on `network`. */
export const proberName = (network: string): string => `probe.${network}`

/** @throws {ConfigError} */
export function reachPlan(reading: Reading, path: Path, text: TestText, ground: Ground, networks: readonly NetworkPlan[]): Assertion {
  const reach = reachOf(reading, path, text)
  const named = reach.kind === 'dns' ? reach.server : reach.target
  const node = ground.machines.find(({ name }) => name === named) ?? ground.hosts.find(({ name }) => name === named)
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(named) && !isIpv6(named) && node === undefined && named !== '') reading.known([...path, reach.kind], named, [...ground.machines, ...ground.hosts].map(({ name }) => name), 'node')
  const network = networkOf(reading, path, text, networks, node?.nics[0]?.network ?? networks.find((network) => lies(named, network))?.name)
  if (isIpv6(named) && networks.find(({ name }) => name === network)?.six === undefined) reading.fail([...path, reach.kind === 'dns' ? 'server' : reach.kind], `${network} has no IPv6`, `networks.${network}: subnet6: auto`)
  const fixed = node?.nics[0]?.address?.address ?? named
  if (reach.kind !== 'dns') return { kind: 'reach', network, reach: { ...reach, target: fixed } }
  const server = fixed !== '' ? fixed : ground.hosts.find(({ name }) => name === network)?.nics[0]?.address?.address
  if (server === undefined) return reading.fail(path, 'needs "server"', 'server: 10.0.0.1', 'key')
  return { kind: 'reach', network, reach: { ...reach, server } }
}

/** The hosts that reachability is tried from: one on each network that a test needs. @throws {ConfigError} */
export function probers(reading: Reading, tests: readonly TestPlan[], networks: readonly NetworkPlan[], ground: Ground): HostPlan[] {
  const wanted = [...new Set(tests.flatMap((test) => (test.kind === 'reach' ? [test.network] : [])))]
  return wanted.map((name) => {
    const { subnet, latency, six } = networks.find((network) => network.name === name) as NetworkPlan
    if (subnet === undefined) return reading.fail(['networks', name], 'a test is tried from here, and that needs a subnet', 'subnet: 10.0.0.0/24')
    const taken = new Set(ground.hosts.flatMap(({ nics }) => nics.map((nic) => nic.address?.address)))
    const nic = { name: 'eth0', mac: derivedMac(reading.seed, reading.name, proberName(name), 'eth0'), network: name, vlan: undefined, address: { address: lastHost(subnet, taken), prefix: subnet.prefix }, latency, ...probing(six) }
    return { name: proberName(name), nics: [nic], services: [] }
  })
}

/** Where the gateway's advertisements make it no address, one of its own: which is no EUI-64 of a MAC. */
function probing(six: NetworkPlan['six']): { readonly six?: readonly AddressPlan[] } {
  if (six === undefined || six.advertising?.autonomous === true) return {}
  const address = parseIpv6(six.subnet.network).slice()
  if (six.subnet.prefix > 96) address[15] |= 0x70
  else address.set([0xff, 0xfe, 0, 0x70], 12)
  return { six: [{ address: formatIpv6(address), prefix: six.subnet.prefix }] }
}

function reachOf(reading: Reading, path: Path, text: TestText): Reach {
  if (text.ping !== undefined) return { kind: 'ping', target: text.ping }
  if (text.dns !== undefined) return { kind: 'dns', server: text.server ?? '', name: text.dns, answer: text.answer }
  if (text.tcp !== undefined) {
    const [, target, port] = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(text.tcp) ?? reading.fail([...path, 'tcp'], `found "${text.tcp}", expected node:port, address:port or [address]:port`)
    return { kind: 'tcp', target: plain(target), port: Number(port) }
  }
  const [, target, port = '80', page = '/'] = /^http:\/\/(\[[^\]]+\]|[^:/]+)(?::(\d{1,5}))?(\/\S*)?$/.exec(text.http ?? '') ?? reading.fail([...path, 'http'], `found "${text.http}", expected a URL like http://node1/index.html`)
  return { kind: 'http', target: plain(target), port: Number(port), path: page, status: text.status ?? 200, body: text.body }
}

/** An IPv6 address without the brackets that set it apart from its port. */
const plain = (target: string): string => target.replace(/^\[|\]$/g, '')

function lies(address: string, { subnet, six }: NetworkPlan): boolean {
  if (isIpv6(address)) return six !== undefined && inSubnet6({ network: parseIpv6(six.subnet.network), prefix: six.subnet.prefix }, parseIpv6(address))
  return subnet !== undefined && /^\d/.test(address) && contains(subnet, address)
}

function networkOf(reading: Reading, path: Path, { via }: TestText, networks: readonly NetworkPlan[], guess: string | undefined): string {
  const names = networks.map(({ name }) => name)
  if (via !== undefined) reading.known([...path, 'via'], via, names, 'network')
  const found = via ?? guess ?? (names.length === 1 ? names[0] : undefined)
  return found ?? reading.fail(path, 'does not say on which network it is tried', `via: ${names[0] ?? 'lan'}`, 'key')
}
