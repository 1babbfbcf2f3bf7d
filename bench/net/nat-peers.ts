/**
 * NAT against its peers: a namespace with a TAP, the NAT, iperf3 and an echo server on the loopback of another namespace. Needs root, slirp4netns,
 * passt and iperf3.
 *
 *   npx tsx bench/net/nat-peers.ts [seconds] [rounds]
 *   npx tsx bench/net/nat-peers.ts [seconds] [rounds] dns      questions a second, of dnsperf to dnsmasq
 *
 * The competitors take turns within each round; medians are of rounds. Both namespaces use cubic, or reno where they may not.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Netns, type Started } from '../../test/peers/netns.ts'
import { summary } from '../summary.ts'

const seconds = process.argv[2] ?? '2'
const rounds = Number(process.argv[3] ?? 5)
/** Seconds at the beginning of each transfer that don't count: TCP's slow start, and V8's compilers. */
const warmUp = '1'

interface Competitor {
  readonly name: string
  /** The host's loopback, as the client sees it. */
  readonly address: string
  start(host: Netns, client: Netns): Promise<Started>
}

const netloom: Competitor = {
  name: 'netloom, MTU 1500',
  address: '10.0.0.1',
  start: async (host, client) => {
    const file = join(host.folder, 'lab.yaml')
    writeFileSync(file, 'name: out\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, nat: true, host_loopback: true } }\nuplinks: { home: { network: lan, type: tap, ifname: nl0 } }\n')
    // As it ships where it was built (npm run build): tsx adds its own calls to every function.
    const up = existsSync('dist/src/cli/main.js') ? host.start('node', 'dist/src/cli/main.js', 'up', file) : host.lab('up', file)
    await up.until('the lab is not up', () => existsSync(join(host.folder, 'run', 'out.sock')) && host.attempt('ip', 'link', 'show', 'up', 'dev', 'nl0').status === 0)
    host.run('ip', 'link', 'set', 'nl0', 'netns', client.name)
    client.run('ip', 'addr', 'add', '10.0.0.10/24', 'dev', 'nl0')
    client.run('ip', 'link', 'set', 'nl0', 'up')
    client.run('ip', 'route', 'add', 'default', 'via', '10.0.0.1')
    return up
  },
}

const slirp = (mtu: number): Competitor => ({
  name: `slirp4netns, MTU ${mtu}`,
  address: '10.0.2.2',
  start: async (host, client) => {
    const started = host.start('slirp4netns', '--configure', `--mtu=${mtu}`, '--netns-type=path', `/run/netns/${client.name}`, 'tap0')
    await started.until('slirp4netns is not up', () => client.attempt('ip', 'route').text.includes('default'))
    return started
  },
})

const pasta: Competitor = {
  name: 'pasta, MTU 65520',
  address: '192.0.2.254',
  start: async (host, client) => {
    // It copies the interface that leads out, so there must be one; this one leads nowhere.
    host.run('ip', 'tuntap', 'add', 'outer', 'mode', 'tap')
    host.run('ip', 'addr', 'add', '192.0.2.2/24', 'dev', 'outer')
    host.run('ip', 'link', 'set', 'outer', 'up')
    host.run('ip', 'route', 'add', 'default', 'via', '192.0.2.254')
    const started = host.start('pasta', '-f', '-4', '--runas', '0', '--config-net', '-t', 'none', '-u', 'none', '-T', 'none', '-U', 'none', '--netns', `/run/netns/${client.name}`)
    await started.until('pasta is not up', () => client.attempt('ip', 'route').text.includes('default'))
    return started
  },
}

interface Figures {
  readonly up: number
  readonly down: number
  readonly roundTrip: number
  readonly connects: number
  /** Thousands of datagrams of 64 bytes a second that arrived. */
  readonly udpUp: number
  readonly udpDown: number
}

/** What the kernel lets a namespace choose: BBR halves the large figures. @returns the choice. */
function settle(netns: Netns): string {
  for (const word of ['cubic', 'reno']) if (netns.attempt('sysctl', '-q', '-w', `net.ipv4.tcp_congestion_control=${word}`).status === 0) return word
  return netns.run('sysctl', '-n', 'net.ipv4.tcp_congestion_control').trim()
}

let control = ''

/** Questions a second that a dnsmasq on the host's loopback answered. */
async function questions({ address, start }: Competitor): Promise<number> {
  const [host, client] = [new Netns(), new Netns()]
  try {
    const nat = await start(host, client)
    host.start('dnsmasq', '-k', '--port=5353', '--no-resolv', '--no-hosts', '--address=/lab.test/10.1.1.1', '--listen-address=127.0.0.1', '--bind-interfaces', '-C', '/dev/null', '--user=root')
    const file = join(client.folder, 'questions')
    writeFileSync(file, Array.from({ length: 1000 }, (_, at) => `n${at}.lab.test A\n`).join(''))
    const text = client.run('dnsperf', '-s', address, '-p', '5353', '-d', file, '-l', seconds)
    await nat.stop()
    return Number(/Queries per second:\s+([\d.]+)/.exec(text)?.[1])
  } finally {
    await client.close()
    await host.close()
  }
}

async function measure({ address, start }: Competitor): Promise<Figures> {
  const [host, client] = [new Netns(), new Netns()]
  try {
    control = [host, client].map(settle).join(', ')
    const nat = await start(host, client)
    const iperf = host.start('iperf3', '-s', '--forceflush', '-B', '127.0.0.1')
    await iperf.says('listening')
    const echo = host.start('node', '--import', 'tsx', 'bench/net/nat-server.ts')
    await echo.says('}')
    const rate = (...words: string[]): number => {
      const report = JSON.parse(client.run('iperf3', '-c', address, '-t', seconds, '-O', warmUp, '-J', ...words)) as { end: { sum_received: { bits_per_second: number } } }
      return report.end.sum_received.bits_per_second / 1e9
    }
    const datagrams = (...words: string[]): number => {
      const report = JSON.parse(client.run('iperf3', '-c', address, '-u', '-l', '64', '-b', '0', '-t', seconds, '-J', ...words)) as { end: { sum: { packets: number; lost_packets: number; seconds: number } } }
      const { packets, lost_packets: lost, seconds: taken } = report.end.sum
      return (packets - lost) / taken / 1000
    }
    const { echo: port } = JSON.parse(echo.text) as { echo: number }
    const figures = { up: rate(), down: rate('-R'), udpUp: datagrams(), udpDown: datagrams('-R'), ...(JSON.parse(client.run('node', '--import', 'tsx', 'bench/net/nat-client.ts', address, String(port), seconds)) as Pick<Figures, 'roundTrip' | 'connects'>) }
    await nat.stop()
    return figures
  } finally {
    await client.close()
    await host.close()
  }
}

const competitors = [netloom, slirp(1500), slirp(65_520), pasta]
if (process.argv[4] === 'dns') {
  const rates = new Map<string, number[]>(competitors.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) for (const each of competitors) rates.get(each.name)?.push(await questions(each))
  for (const [name, all] of rates) process.stdout.write(`${name.padEnd(24)} ${summary(all).median.toFixed(0).padStart(6)} questions a second\n`)
  process.exit()
}
const taken = new Map<string, Figures[]>(competitors.map(({ name }) => [name, []]))
for (let round = 0; round < rounds; round++) {
  for (const each of competitors) {
    try {
      taken.get(each.name)?.push(await measure(each))
    } catch (error) {
      process.stderr.write(`${each.name}, round ${round + 1}: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}\n`)
    }
  }
}
process.stdout.write(`medians of ${rounds}, congestion control ${control}; Gbit/s up, down; µs round trip; connections a second; thousand datagrams of 64 bytes a second up, down\n`)
for (const [name, all] of taken) {
  const median = (key: keyof Figures): number => (all.length === 0 ? Number.NaN : summary(all.map((one) => one[key])).median)
  process.stdout.write(`${name.padEnd(24)} ${median('up').toFixed(2).padStart(6)} ${median('down').toFixed(2).padStart(6)} ${median('roundTrip').toFixed(0).padStart(6)} ${median('connects').toFixed(0).padStart(7)} ${median('udpUp').toFixed(0).padStart(6)} ${median('udpDown').toFixed(0).padStart(6)}\n`)
}
