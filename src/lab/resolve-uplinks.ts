/** Uplinks: which words go with which type, and the addresses of a tunnel's two ends. */
import type { Path } from '../stack/service.ts'
import { contains, firstHost, isHost, overlap, subnetOf } from './addresses.ts'
import type { Reading } from './reading.ts'
import { latencyOf } from './resolve-links.ts'
import type { UplinkText } from './schema.ts'
import { list } from './suggest.ts'
import type { AddressPlan, HostPlan, NetworkPlan, SimPlan, SocketPlan, Subnet, TcpPlan, UplinkPlan } from './topology.ts'

const everywhere = ['network', 'type', 'mtu', 'latency']
const words: Readonly<Record<string, readonly string[]>> = {
  tap: ['ifname', 'bridge', 'host_address'],
  tun: ['ifname', 'address', 'host_address'],
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
      if (text.bridge !== undefined && hostAddress !== undefined) reading.fail([...path, 'host_address'], 'a port of a bridge has no address of its own', 'give it to the bridge', 'key')
      return { type: 'tap', ifname: text.ifname, bridge: text.bridge, hostAddress }
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
  return { type: 'tun', ifname: text.ifname, gateway: gateway.name, address, hostAddress, subnet }
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
