/** Uplinks: which words go with which type, and the addresses of a tunnel's two ends. */
import type { Path } from '../stack/service.ts'
import { contains, firstHost, isHost, overlap, subnetOf } from './addresses.ts'
import type { Reading } from './reading.ts'
import { latencyOf } from './resolve-links.ts'
import type { UplinkText } from './schema.ts'
import { list } from './suggest.ts'
import { formatIpv6, parseIpv6 } from '../wire/address.ts'
import { equalIpv6, formatSubnet6, inSubnet6, isMulticastIpv6, subnetOf6 } from '../wire/ipv6-address.ts'
import type { AddressPlan, HostPlan, NetworkPlan, SimPlan, SocketPlan, Subnet, TcpPlan, TunnelSixPlan, UplinkPlan } from './topology.ts'

const everywhere = ['network', 'type', 'mtu', 'latency']
const words: Readonly<Record<string, readonly string[]>> = {
  tap: ['ifname', 'bridge', 'host_address', 'host_address6'],
  tun: ['ifname', 'address', 'host_address', 'address6', 'host_address6'],
  nic: ['ifname'],
  'qemu in mode stream': ['mode', 'listen', 'connect'],
  'qemu in mode dgram': ['mode', 'local', 'remote'],
  udp: ['local', 'remote'],
}
const usualMtu = 1500

/** @throws {ConfigError} */
export function resolveUplinks(reading: Reading, networks: readonly NetworkPlan[], gateways: readonly HostPlan[], sim: SimPlan): UplinkPlan[] {
  const names = networks.map((network) => network.name)
  return Object.entries(reading.text.uplinks ?? {}).map(([name, text]): UplinkPlan => {
    const path: Path = ['uplinks', name]
    reading.known([...path, 'network'], text.network, names, 'network')
    for (const taken of [...names, ...Object.keys(reading.text.nodes ?? {})]) {
      if (taken === name) reading.fail(path, 'a network or node has the same name', 'rename one of them: capture and inspect take any', 'key')
    }
    const network = networks.find((one) => one.name === text.network) as NetworkPlan
    refuseStrays(reading, path, text)
    const common = { name, network: text.network, latency: text.latency === undefined ? network.latency : latencyOf(reading, path, text.latency, sim), mtu: text.mtu ?? usualMtu }
    return { ...common, ...kind(reading, path, text, network, gateways) }
  })
}

type Kind = { [Type in UplinkPlan['type']]: Omit<Extract<UplinkPlan, { type: Type }>, 'name' | 'network' | 'latency' | 'mtu'> }[UplinkPlan['type']]

function kind(reading: Reading, path: Path, text: UplinkText, network: NetworkPlan, gateways: readonly HostPlan[]): Kind {
  const hostAddress = text.host_address === undefined ? undefined : addressOf(reading, [...path, 'host_address'], text.host_address)
  switch (text.type) {
    case 'tap':
      for (const word of ['host_address', 'host_address6'] as const) {
        if (text.bridge !== undefined && text[word] !== undefined) reading.fail([...path, word], 'a port of a bridge has no address of its own', 'give it to the bridge', 'key')
      }
      return { type: 'tap', ifname: text.ifname, bridge: text.bridge, hostAddress, hostAddress6: text.host_address6 === undefined ? undefined : addressOf6(reading, [...path, 'host_address6'], text.host_address6) }
    case 'tun':
      return tunnel(reading, path, text, network, gateways, hostAddress)
    case 'nic':
      return { type: 'nic', ifname: text.ifname ?? reading.fail(path, 'type: nic needs the name of an interface', 'ifname: eth1', 'key') }
    case 'qemu':
      return text.mode === 'dgram' ? datagrams(reading, path, text) : stream(reading, path, text)
    case 'udp':
      return datagrams(reading, path, text)
  }
}

function refuseStrays(reading: Reading, path: Path, text: UplinkText): void {
  const type = text.type === 'qemu' ? `qemu in mode ${text.mode ?? 'stream'}` : text.type
  const fitting = words[type]
  for (const word of Object.keys(text)) {
    if (!everywhere.includes(word) && !fitting.includes(word)) reading.fail([...path, word], `does not go with type: ${type}`, `that one takes ${list(fitting, 'and')}`, 'key')
  }
}

function tunnel(reading: Reading, path: Path, text: UplinkText, network: NetworkPlan, gateways: readonly HostPlan[], hostAddress: AddressPlan | undefined): Kind {
  const gateway = gateways.find((one) => one.name === network.name)
  if (gateway === undefined) reading.fail(path, `a tunnel carries packets, so ${network.name} needs a gateway that forwards them`, `networks.${network.name}: gateway: 10.0.0.1`, 'key')
  const subnet = network.subnet as Subnet
  const address = addressOf(reading, [...path, 'address'], text.address ?? reading.fail(path, 'type: tun needs the gateway’s address on the tunnel', 'address: 10.99.0.2/30', 'key'))
  const tunnelNet = subnetOf(`${address.address}/${address.prefix}`)
  if (overlap(tunnelNet, subnet)) reading.fail([...path, 'address'], `${text.address} lies in the subnet of ${network.name}`, 'the tunnel needs one of its own: address: 10.99.0.2/30')
  if (hostAddress !== undefined && !contains(tunnelNet, hostAddress.address)) reading.fail([...path, 'host_address'], `${text.host_address} is not on the tunnel`, `e.g. ${firstHost(tunnelNet)}/${address.prefix}`)
  if (hostAddress?.address === address.address) reading.fail([...path, 'host_address'], 'both ends have the same address')
  return { type: 'tun', ifname: text.ifname, gateway: gateway.name, address, hostAddress, subnet, six: tunnelSix(reading, path, text, network) }
}

function tunnelSix(reading: Reading, path: Path, text: UplinkText, network: NetworkPlan): TunnelSixPlan | undefined {
  const { address6, host_address6 } = text
  if (address6 === undefined) {
    if (host_address6 !== undefined) reading.fail([...path, 'host_address6'], 'goes with address6 only', 'address6: fd00:99::2/64', 'key')
    return undefined
  }
  if (network.six === undefined) return reading.fail([...path, 'address6'], `${network.name} has no IPv6`, `networks.${network.name}: subnet6: auto`, 'key')
  const address = addressOf6(reading, [...path, 'address6'], address6)
  const { subnet } = network.six
  const tunnelNet = subnetOf6(parseIpv6(address.address), address.prefix)
  const lan = { network: parseIpv6(subnet.network), prefix: subnet.prefix }
  if (inSubnet6(tunnelNet, lan.network) || inSubnet6(lan, tunnelNet.network)) reading.fail([...path, 'address6'], `${address6} lies in the subnet6 of ${network.name}`, 'the tunnel needs one of its own: address6: fd00:99::2/64')
  const hostAddress = host_address6 === undefined ? undefined : addressOf6(reading, [...path, 'host_address6'], host_address6)
  if (hostAddress !== undefined && !inSubnet6(tunnelNet, parseIpv6(hostAddress.address))) reading.fail([...path, 'host_address6'], `${host_address6} is not on the tunnel`, `the tunnel is ${formatSubnet6(tunnelNet)}`)
  if (hostAddress?.address === address.address) reading.fail([...path, 'host_address6'], 'both ends have the same address')
  return { address, hostAddress, subnet }
}

function stream(reading: Reading, path: Path, { listen, connect }: UplinkText): Kind {
  if ((listen === undefined) === (connect === undefined)) reading.fail(path, 'type: qemu needs either listen or connect', 'listen: ./guest.sock', 'key')
  const side = listen === undefined ? 'connect' : 'listen'
  return { type: 'stream', side, at: socketOf(reading, [...path, side], (listen ?? connect) as number | string) }
}

function datagrams(reading: Reading, path: Path, { local, remote }: UplinkText): Kind {
  const end = (word: 'local' | 'remote', written: number | string | undefined): TcpPlan => {
    const at = socketOf(reading, [...path, word], written ?? reading.fail(path, `datagrams need "${word}"`, `${word}: 127.0.0.1:5001`, 'key'))
    if ('path' in at) reading.fail([...path, word], 'datagrams go over UDP only', `${word}: 127.0.0.1:5001, or mode: stream for a unix socket`)
    return at
  }
  return { type: 'dgram', local: end('local', local), remote: end('remote', remote) }
}

/** `5001`, `host:5001`, `[::1]:5001`, `./path`. A bare port is loopback's: who means every interface says 0.0.0.0. */
function socketOf(reading: Reading, path: Path, written: number | string): SocketPlan {
  if (typeof written === 'number') return { host: '127.0.0.1', port: written }
  if (written.includes('/')) return { path: written }
  const split = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(written)
  const port = Number(split?.[3])
  if (split === null || port < 1 || port > 65535) return reading.fail(path, `found "${written}", expected a port, "host:port" or ./path`)
  return { host: split[1] ?? split[2], port }
}

function addressOf(reading: Reading, path: Path, written: string): AddressPlan {
  const [address, length] = written.split('/')
  const prefix = Number(length)
  if (!isHost(subnetOf(written), address)) reading.fail(path, `${address} is the network's own address or its broadcast`)
  return { address, prefix }
}

function addressOf6(reading: Reading, path: Path, written: string): AddressPlan {
  const [text, length] = written.split('/')
  const address = parseIpv6(text)
  const prefix = Number(length)
  const { network } = subnetOf6(address, prefix)
  if (isMulticastIpv6(address)) reading.fail(path, `${text} is a group's`)
  if (prefix < 127 && equalIpv6(network, address)) reading.fail(path, `${text} is every router's there (RFC 4291 §2.6.1)`)
  return { address: formatIpv6(address), prefix }
}
