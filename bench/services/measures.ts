/** What is measured: a client that is not ours where there is one, the servers that it is tried on, a figure of which more is better. */
import { join } from 'node:path'
import type { Netns } from '../../test/peers/netns.ts'

export interface Measure {
  readonly name: string
  readonly unit: string
  readonly servers: readonly string[]
  readonly take: (client: Netns, server: string, folder: string) => number
}

export const tftpBytes = 32 << 20
export const largeBytes = 512 << 20

/** MB/s of a command that moves `bytes`. */
function rate(client: Netns, bytes: number, command: readonly string[]): number {
  const began = performance.now()
  client.run(...command)
  return bytes / 1000 / (performance.now() - began)
}

const tftp = (window: number, servers: readonly string[]): Measure => ({
  name: `TFTP, blksize 1468, window ${window}`,
  unit: 'MB/s',
  servers,
  take: (client) => rate(client, tftpBytes, ['atftp', '--option', 'blksize 1468', ...(window === 1 ? [] : ['--option', `windowsize ${window}`]), '--get', '-r', 'tftp.bin', '-l', '/dev/null', '10.9.0.1']),
})

const nfs = (name: string, unit: string, work: string): Measure => ({
  name,
  unit,
  servers: ['ganesha'],
  take: (client, server, folder) => Number(client.run('node', '--import', 'tsx', 'bench/services/nfs-client.ts', '10.9.0.1', server === 'netloom' ? '/srv' : join(folder, 'rw-ganesha'), work).trim()),
})

/** The rates at which exchanges are offered, from the lowest. */
const rungs = [100, 250, 500, 1000, 2000, 4000, 8000]
let base = 0

/** Exchanges a second at the highest rate of which no more than one in a hundred is lost; each rung has clients of its own. */
function leases(client: Netns): number {
  let best = 0
  for (const rung of rungs) {
    const mac = (0x100000 + (base += 0x8000)).toString(16)
    const { text } = client.attempt('perfdhcp', '-4', '-l', 'bn0', '-r', String(rung), '-p', '2', '-R', '20000', '-W', '200000', '-b', `mac=52:54:00:${mac.slice(0, 2)}:${mac.slice(2, 4)}:${mac.slice(4)}`, '10.9.0.1')
    const [offers, acks] = [...text.matchAll(/sent packets: (\d+)\nreceived packets: (\d+)/g)].map(([, sent, received]) => ({ sent: Number(sent), received: Number(received) }))
    if (acks === undefined || offers.received < offers.sent * 0.99 || acks.received < acks.sent * 0.99 || offers.sent < rung * 1.6) return best
    best = Math.round(acks.received / 2)
  }
  return best
}

export const measures: readonly Measure[] = [
  tftp(1, ['dnsmasq', 'atftpd', 'tftpd-hpa']),
  tftp(16, ['atftpd']),
  tftp(64, ['atftpd']),
  { name: 'FTP, 512 MB down', unit: 'MB/s', servers: ['vsftpd'], take: (client) => rate(client, largeBytes, ['curl', '-sS', '-o', '/dev/null', 'ftp://10.9.0.1/large.bin']) },
  { name: 'HTTP, 512 MB', unit: 'MB/s', servers: ['nginx'], take: (client) => rate(client, largeBytes, ['curl', '-sS', '-o', '/dev/null', 'http://10.9.0.1/large.bin']) },
  nfs('NFS 3 GETATTR', '1/s', 'getattr'),
  nfs('NFS 3 READ of 4 KB', '1/s', 'read4k'),
  nfs('NFS 3 WRITE of 4 KB, unstable', '1/s', 'write4k'),
  nfs('NFS 3 CREATE and REMOVE, each', '1/s', 'create'),
  nfs('NFS 3 READ of 1 MB', 'MB/s', 'read1m'),
  nfs('NFS 3 WRITE of 1 MB, unstable', 'MB/s', 'write1m'),
  { name: 'DHCP, four messages', unit: '1/s', servers: ['dnsmasq', 'kea'], take: leases },
  { name: 'DNS, one name', unit: 'q/s', servers: ['dnsmasq'], take: (client, _server, folder) => Number(/Queries per second: +([\d.]+)/.exec(client.run('dnsperf', '-s', '10.9.0.1', '-d', join(folder, 'questions'), '-l', '3', '-c', '4'))?.[1]) },
]
