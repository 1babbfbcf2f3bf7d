/**
 * NAT by itself: a client on our stack, a cable, the gateway with NAT, sockets of this computer, a server in another process on its loopback.
 * Everything of ours runs in this process, the client too, so the figures are of both ends of the inner connection together.
 *
 *   npx tsx bench/net/nat.ts [seconds] [flows]
 *
 * Each figure is a median of five, with the least and the most.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { SeededRandom } from '../../src/base/random.ts'
import { type Instant, microseconds } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { HostOutside } from '../../src/host/nat/host-outside.ts'
import { cable } from '../../src/link/cable.ts'
import { Nat } from '../../src/nat/nat.ts'
import { Host } from '../../src/stack/host.ts'
import type { TcpSocket } from '../../src/stack/sockets.ts'
import { parseIpv4, parseMac } from '../../src/wire/address.ts'
import { summary } from '../summary.ts'

const spanMs = Number(process.argv[2] ?? 2) * 1000
const mostFlows = Number(process.argv[3] ?? 10_000)
const rounds = 5
/** Flows opened at once while many are. */
const opening = 500

interface Ports {
  readonly sink: number
  readonly source: number
  readonly echo: number
  readonly udp: number
}

const time = new Timeline()
const [near, far] = cable({ latency: microseconds(1), near: { name: 'client', scheduler: time }, far: { name: 'gateway', scheduler: time } })
const client = new Host({ name: 'client', scheduler: time, random: new SeededRandom('client') })
const gateway = new Host({ name: 'gateway', scheduler: time, random: new SeededRandom('gateway') })
client.addInterface({ name: 'eth0', port: near, mac: parseMac('02:00:00:00:00:10'), offload: true, addresses: [{ address: parseIpv4('10.0.0.10'), prefix: 24 }] })
gateway.addInterface({ name: 'eth0', port: far, mac: parseMac('02:00:00:00:00:01'), offload: true, addresses: [{ address: parseIpv4('10.0.0.1'), prefix: 24 }] })
const nat = new Nat({ name: 'lan', host: gateway, scheduler: time, gateway: '10.0.0.1', hostLoopback: true })

/** Time follows the clock; what is due runs when something came in, and between turns of the event loop. */
const began = performance.now()
const advance = (): void => time.run(Math.max(time.now, Math.floor((performance.now() - began) * 1e6)) as Instant)
const outside = new HostOutside((event) => void nat.enter(time.now, event))
nat.connect(outside)
let running = true
const turn = (): void => {
  advance()
  if (running) setImmediate(turn)
}

const server = fork(fileURLToPath(new URL('nat-server.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
const ports = await new Promise<Ports>((resolve) => void server.once('message', (message) => resolve(message as Ports)))
turn()

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds))
const dial = (port: number): TcpSocket => client.connect({ address: '10.0.0.1', port }, { noDelay: true })
const memory = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 2 ** 20
}

function connected(port: number): Promise<TcpSocket> {
  return new Promise((resolve, reject) => {
    const socket = dial(port)
    socket.on('connect', () => resolve(socket))
    socket.on('error', reject)
  })
}

/** Gbit/s of what leaves the inner connection. */
async function up(): Promise<number> {
  const socket = await connected(ports.sink)
  const block = new Uint8Array(256 * 1024)
  const more = (): void => {
    while (socket.write(block));
  }
  socket.on('drain', more)
  const carried = (): number => nat.rows.find((row) => row.state === 'open')?.sent ?? 0
  more()
  await sleep(spanMs / 4)
  const [from, start] = [carried(), performance.now()]
  await sleep(spanMs)
  const rate = ((carried() - from) * 8) / (performance.now() - start) / 1e6
  socket.resetAndDestroy()
  await sleep(100)
  return rate
}

async function down(): Promise<number> {
  const socket = await connected(ports.source)
  let bytes = 0
  socket.on('data', (piece) => void (bytes += piece.length))
  await sleep(spanMs / 4)
  const [from, start] = [bytes, performance.now()]
  await sleep(spanMs)
  const rate = ((bytes - from) * 8) / (performance.now() - start) / 1e6
  socket.resetAndDestroy()
  await sleep(100)
  return rate
}

/** Microseconds from a byte to its echo. */
async function latency(): Promise<number> {
  const socket = await connected(ports.echo)
  let heard: (() => void) | undefined
  socket.on('data', () => heard?.())
  const byte = Uint8Array.of(1)
  const times: number[] = []
  for (const end = performance.now() + spanMs / 2; performance.now() < end; ) {
    const start = performance.now()
    await new Promise<void>((resolve) => {
      heard = resolve
      socket.write(byte)
    })
    times.push((performance.now() - start) * 1000)
  }
  socket.resetAndDestroy()
  return summary(times).median
}

/** Connections a second, each with one byte echoed, 16 at a time. */
async function connects(): Promise<number> {
  let count = 0
  const end = performance.now() + spanMs
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const socket = await connected(ports.echo)
      await new Promise<void>((resolve) => {
        socket.on('data', () => resolve())
        socket.write(Uint8Array.of(1))
      })
      await new Promise<void>((resolve) => {
        socket.on('close', resolve)
        socket.end()
        socket.resume()
      })
      count++
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
  return count / (spanMs / 1000)
}

/** UDP datagrams of 64 bytes echoed, in thousands a second, 64 on their way. */
async function datagrams(): Promise<number> {
  let heard = 0
  const payload = new Uint8Array(64)
  const to = { address: '10.0.0.1', port: ports.udp }
  const socket = client.bind({ address: '0.0.0.0', port: 0 }, () => {
    heard++
    socket.send(payload, to)
  })
  for (let at = 0; at < 64; at++) socket.send(payload, to)
  await sleep(spanMs)
  socket.close()
  return heard / spanMs
}

/** Opens so many flows, has each echo a byte, and says how long that took and what each holds. */
async function many(): Promise<void> {
  global.gc?.()
  const before = memory()
  const start = performance.now()
  const sockets: TcpSocket[] = []
  let failed = 0
  for (let at = 0; at < mostFlows; at += opening) {
    const some = await Promise.allSettled(Array.from({ length: Math.min(opening, mostFlows - at) }, () => connected(ports.echo)))
    for (const one of some) {
      if (one.status === 'fulfilled') sockets.push(one.value)
      else failed++
    }
  }
  const opened = performance.now()
  let echoed = 0
  await Promise.race([sleep(30_000), new Promise<void>((resolve) => {
    for (const socket of sockets) {
      socket.on('data', () => void (++echoed === sockets.length && resolve()))
      socket.write(Uint8Array.of(1))
    }
  })])
  const done = performance.now()
  await sleep(500)
  global.gc?.()
  const held = memory() - before
  const rss = process.memoryUsage().rss / 2 ** 20
  process.stdout.write(`${sockets.length} flows opened at ${Math.round((sockets.length * 1000) / (opened - start))}/s, ${failed} failed; ${echoed} echoed in ${Math.round(done - opened)} ms; ${held.toFixed(0)} MB more held, both ends: ${((held * 1024) / sockets.length).toFixed(1)} KB each; RSS ${rss.toFixed(0)} MB\n`)
  for (const socket of sockets) socket.resetAndDestroy()
}

async function measure(name: string, unit: string, once: () => Promise<number>): Promise<void> {
  const values: number[] = []
  for (let round = 0; round < rounds; round++) values.push(await once())
  const { least, median, most } = summary(values)
  const text = (value: number): string => value.toFixed(value < 100 ? 2 : 0)
  process.stdout.write(`${name.padEnd(28)} ${text(median)} ${unit} (${text(least)} to ${text(most)})\n`)
}

await measure('TCP up', 'Gbit/s', up)
await measure('TCP down', 'Gbit/s', down)
await measure('round trip of a byte', 'µs', latency)
await measure('connect, echo, close', '/s', connects)
await measure('UDP of 64 bytes, echoed', 'thousand/s', datagrams)
await many()
running = false
outside.close()
server.disconnect()
