/** Hundreds of flows at once through NAT on this computer's sockets; bench/net/nat-many.ts does it with ten thousand. */
import { createServer, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Instant } from '../../../src/base/time.ts'
import { Timeline } from '../../../src/base/timeline.ts'
import { HostOutside } from '../../../src/host/nat/host-outside.ts'
import { Reactor } from '../../../src/host/reactor.ts'
import { cable } from '../../../src/link/cable.ts'
import { Nat } from '../../../src/nat/nat.ts'
import { Host } from '../../../src/stack/host.ts'
import type { TcpSocket } from '../../../src/stack/sockets.ts'
import { parseIpv4, parseMac } from '../../../src/wire/address.ts'

const flows = 400

it('opens them all, loses none, echoes each byte, and forgets them when they end', async ({ skip }) => {
  const reactor = Reactor.open(() => {}, () => ({ stop: () => {} }))
  if (reactor === undefined) return skip()
  const server = createServer((socket) => void socket.on('error', () => {}).pipe(socket))
  await new Promise<void>((listening) => void server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, listening))
  const { port } = server.address() as AddressInfo
  const time = new Timeline()
  const [near, far] = cable({ near: { name: 'guest', scheduler: time }, far: { name: 'gateway', scheduler: time } })
  const guest = new Host({ name: 'guest', scheduler: time, random: new SeededRandom('guest') })
  const gateway = new Host({ name: 'gateway', scheduler: time, random: new SeededRandom('gateway') })
  guest.addInterface({ name: 'eth0', port: near, mac: parseMac('02:00:00:00:00:10'), addresses: [{ address: parseIpv4('10.0.0.10'), prefix: 24 }] })
  gateway.addInterface({ name: 'eth0', port: far, mac: parseMac('02:00:00:00:00:01'), addresses: [{ address: parseIpv4('10.0.0.1'), prefix: 24 }] })
  const nat = new Nat({ name: 'lan', host: gateway, scheduler: time, gateway: '10.0.0.1', hostLoopback: true })
  const outside = new HostOutside((event) => void nat.enter((time.now + 1) as Instant, event), undefined, reactor)
  nat.connect(outside)
  const began = performance.now()
  /** Turns of the event loop until it holds, or half a minute has gone. */
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds() && performance.now() - began < 25_000) {
      reactor.drain()
      time.run(Math.max(time.now, Math.floor((performance.now() - began) * 1e6)) as Instant)
      await new Promise((turn) => void setImmediate(turn))
    }
  }
  const sockets: TcpSocket[] = []
  const heard: number[] = []
  let open = 0
  let closed = 0
  for (let at = 0; at < flows; at++) {
    const socket = guest.connect({ address: '10.0.0.1', port })
    socket.on('connect', () => void open++)
    socket.on('data', (bytes) => void heard.push(...bytes))
    socket.on('close', () => void closed++)
    socket.on('error', () => {})
    sockets.push(socket)
  }
  await until(() => open === flows)
  expect([open, nat.rows.filter(({ state }) => state === 'open').length]).toEqual([flows, flows])
  for (const [at, socket] of sockets.entries()) socket.write(Uint8Array.of(at & 0xff))
  await until(() => heard.length === flows)
  expect(heard.toSorted((a, b) => a - b)).toEqual(Array.from({ length: flows }, (_, at) => at & 0xff).toSorted((a, b) => a - b))
  expect(nat.counters).toMatchObject({ full: 0, dropped: 0, malformed: 0 })
  for (const socket of sockets) socket.end()
  await until(() => closed === flows && nat.rows.length === 0)
  expect([closed, nat.rows, gateway.tcp.memory.usedBytes]).toEqual([flows, [], 0])
  outside.close()
  reactor.close()
  await new Promise((done) => void server.close(done))
})
