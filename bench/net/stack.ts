/**
 * Our TCP by itself: two hosts of ours over a cable in one process, both ends counted together.
 *
 *   node --expose-gc --import tsx bench/net/stack.ts [flows]
 *
 * Gbit/s and CPU seconds for a GB with and without super-frames, medians of five; memory of so many idle connections, both ends.
 */
import { SeededRandom } from '../../src/base/random.ts'
import { type Instant, microseconds, milliseconds } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { cable } from '../../src/link/cable.ts'
import { Host } from '../../src/stack/host.ts'
import type { TcpSocket } from '../../src/stack/sockets.ts'
import { parseIpv4, parseMac } from '../../src/wire/address.ts'
import { summary } from '../summary.ts'

const flows = Number(process.argv[2] ?? 10_000)
const rounds = 5

interface Pair {
  readonly time: Timeline
  readonly near: Host
  readonly far: Host
}

function pair(offload: boolean): Pair {
  const time = new Timeline()
  const ports = cable({ latency: microseconds(10), near: { name: 'a', scheduler: time }, far: { name: 'b', scheduler: time } })
  const [near, far] = ports.map((port, at) => {
    const host = new Host({ name: port.name, scheduler: time, random: new SeededRandom(port.name) })
    host.addInterface({ name: 'eth0', port, mac: parseMac(`02:00:00:00:00:0${at + 1}`), offload, addresses: [{ address: parseIpv4(`10.0.0.${at + 1}`), prefix: 24 }] })
    return host
  })
  return { time, near, far }
}

/** Sends so many bytes. @returns Gbit/s of the computer's time, and CPU seconds for a GB. */
function transfer(offload: boolean, bytes: number): { readonly rate: number; readonly cpu: number } {
  const { time, near, far } = pair(offload)
  const got = { bytes: 0 }
  far.listen({ address: '0.0.0.0', port: 80 }, (socket) => void socket.on('data', (piece) => void (got.bytes += piece.length)))
  const socket = near.connect({ address: '10.0.0.2', port: 80 })
  const block = new Uint8Array(256 * 1024)
  const pour = (): void => {
    while (socket.write(block));
  }
  socket.on('connect', pour)
  socket.on('drain', pour)
  const [began, used] = [performance.now(), process.cpuUsage()]
  while (got.bytes < bytes) time.run((time.now + milliseconds(1)) as Instant)
  const { user, system } = process.cpuUsage(used)
  const rate = (got.bytes * 8) / (performance.now() - began) / 1e6
  return { rate, cpu: (user + system) / 1e6 / (got.bytes / 1e9) }
}

/** KB of each connection at rest, both ends. */
function idle(): number {
  const { time, near, far } = pair(false)
  const kept: TcpSocket[] = []
  far.listen({ address: '0.0.0.0', port: 80 }, (socket) => void kept.push(socket.on('data', (piece) => void socket.write(piece)) as TcpSocket))
  const memory = (): number => {
    global.gc?.()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return (heapUsed + arrayBuffers) / 1024
  }
  const before = memory()
  for (let at = 0; at < flows; at++) {
    const socket = near.connect({ address: '10.0.0.2', port: 80 })
    socket.on('connect', () => void socket.write(Uint8Array.of(1)))
    socket.on('data', () => {})
    kept.push(socket)
    if (at % 100 === 99) time.run((time.now + milliseconds(100)) as Instant)
  }
  time.run((time.now + milliseconds(1000)) as Instant)
  const open = near.tcp.connections.filter(({ state }) => state === 'ESTABLISHED').length
  if (open !== flows) throw new Error(`${open} of ${flows} connections are open`)
  const each = (memory() - before) / flows
  for (const socket of kept) socket.resetAndDestroy()
  return each
}

for (const [name, offload, bytes] of [['super-frames', true, 4e9], ['MTU 1500', false, 4e8]] as const) {
  transfer(offload, bytes / 8)
  const all = Array.from({ length: rounds }, () => transfer(offload, bytes))
  const rate = summary(all.map((one) => one.rate))
  const cpu = summary(all.map((one) => one.cpu))
  process.stdout.write(`${name.padEnd(14)} ${rate.median.toFixed(1)} Gbit/s (${rate.least.toFixed(1)} to ${rate.most.toFixed(1)}), ${cpu.median.toFixed(2)} CPU s/GB (${cpu.least.toFixed(2)} to ${cpu.most.toFixed(2)})\n`)
}
process.stdout.write(`${flows} idle connections: ${idle().toFixed(1)} KB each, both ends\n`)
