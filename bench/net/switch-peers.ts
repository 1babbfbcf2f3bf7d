/**
 * TAP to TAP through our switch, against vde_switch (package vde2) and the kernel's bridge: iperf3 between two namespaces. Needs root.
 *
 *   npx tsx bench/net/switch-peers.ts [seconds] [rounds]
 *
 * The competitors take turns within each round. TCP in Gbit/s; datagrams of 64 bytes that arrived, in thousands a second.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Netns } from '../../test/peers/netns.ts'
import { summary } from '../summary.ts'

const seconds = process.argv[2] ?? '2'
const rounds = Number(process.argv[3] ?? 5)
const taps = ['sw0', 'sw1'] as const

/** Makes TAPs sw0 and sw1 in the host's namespace and joins them; each goes to a client's afterwards. */
type Join = (host: Netns) => Promise<void>

async function ready(host: Netns, holds: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 500; turn++) {
    if (holds()) return
    await new Promise((resolve) => void setTimeout(resolve, 20))
  }
  throw new Error(`${what} is not up: ${host.attempt('ip', 'link').text}`)
}

const netloom: Join = async (host) => {
  const file = join(host.folder, 'lab.yaml')
  writeFileSync(file, 'name: sw\nnetworks: { lan: {} }\nuplinks: { one: { network: lan, type: tap, ifname: sw0 }, two: { network: lan, type: tap, ifname: sw1 } }\n')
  const up = existsSync('dist/src/cli/main.js') ? host.start('node', 'dist/src/cli/main.js', 'up', file) : host.lab('up', file)
  await up.until('the lab is not up', () => existsSync(join(host.folder, 'run', 'sw.sock')) && taps.every((tap) => host.attempt('ip', 'link', 'show', 'up', 'dev', tap).status === 0))
}

const vde: Join = async (host) => {
  const socket = join(host.folder, 'vde')
  host.start('vde_switch', '-s', socket, '-M', join(host.folder, 'manage'))
  await ready(host, () => existsSync(join(socket, 'ctl')), 'vde_switch')
  for (const tap of taps) {
    host.start('vde_plug2tap', '-s', socket, tap)
    await ready(host, () => host.attempt('ip', 'link', 'show', 'dev', tap).status === 0, 'vde_plug2tap')
  }
}

/** The kernel's own: no TAP at all, but pairs of virtual Ethernets on a bridge. */
const bridge: Join = async (host) => {
  host.run('ip', 'link', 'add', 'br0', 'type', 'bridge')
  host.run('ip', 'link', 'set', 'br0', 'up')
  for (const tap of taps) {
    host.run('ip', 'link', 'add', tap, 'type', 'veth', 'peer', 'name', `${tap}b`)
    host.run('ip', 'link', 'set', `${tap}b`, 'master', 'br0')
    host.run('ip', 'link', 'set', `${tap}b`, 'up')
  }
}

async function measure(join: Join): Promise<{ readonly tcp: number; readonly udp: number }> {
  const [host, one, two] = [new Netns(), new Netns(), new Netns()]
  try {
    await join(host)
    for (const [at, client] of [one, two].entries()) {
      client.attempt('sysctl', '-q', '-w', 'net.ipv4.tcp_congestion_control=reno')
      host.run('ip', 'link', 'set', taps[at], 'netns', client.name)
      client.run('ip', 'addr', 'add', `10.9.0.${at + 1}/24`, 'dev', taps[at])
      client.run('ip', 'link', 'set', taps[at], 'up')
    }
    const server = two.start('iperf3', '-s', '--forceflush')
    await server.says('listening')
    const tcp = JSON.parse(one.run('iperf3', '-c', '10.9.0.2', '-t', seconds, '-J')) as { end: { sum_received: { bits_per_second: number } } }
    const udp = JSON.parse(one.run('iperf3', '-c', '10.9.0.2', '-u', '-l', '22', '-b', '0', '-t', seconds, '-J')) as { end: { sum: { packets: number; lost_packets: number; seconds: number } } }
    const { packets, lost_packets: lost, seconds: taken } = udp.end.sum
    return { tcp: tcp.end.sum_received.bits_per_second / 1e9, udp: (packets - lost) / taken / 1000 }
  } finally {
    await one.close()
    await two.close()
    await host.close()
  }
}

const competitors = { netloom, vde_switch: vde, 'kernel bridge, veth': bridge }
const taken = new Map<string, { tcp: number; udp: number }[]>(Object.keys(competitors).map((name) => [name, []]))
for (let round = 0; round < rounds; round++) {
  for (const [name, each] of Object.entries(competitors)) {
    try {
      taken.get(name)?.push(await measure(each))
    } catch (error) {
      process.stderr.write(`${name}, round ${round + 1}: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}\n`)
    }
  }
}
for (const [name, all] of taken) {
  if (all.length === 0) continue
  process.stdout.write(`${name.padEnd(22)} ${summary(all.map(({ tcp }) => tcp)).median.toFixed(2).padStart(6)} Gbit/s ${summary(all.map(({ udp }) => udp)).median.toFixed(0).padStart(5)} thousand frames of 64 bytes a second\n`)
}
