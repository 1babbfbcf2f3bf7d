/** What came in through raw sockets, played back without any socket, is the same run: every frame at every instant. */
import { createHash } from 'node:crypto'
import { createServer, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Instant } from '../../../src/base/time.ts'
import { Timeline } from '../../../src/base/timeline.ts'
import { HostOutside } from '../../../src/host/nat/host-outside.ts'
import { Reactor } from '../../../src/host/reactor.ts'
import { cable } from '../../../src/link/cable.ts'
import type { Frame, Port } from '../../../src/link/port.ts'
import { Nat } from '../../../src/nat/nat.ts'
import type { OutsideEvent } from '../../../src/nat/outside.ts'
import { Host } from '../../../src/stack/host.ts'
import { parseIpv4, parseMac } from '../../../src/wire/address.ts'

interface Input {
  readonly time: Instant
  readonly event: OutsideEvent
}

const size = 400_000

/** A guest that sends `size` bytes to an echo server through NAT and hears them again, four times over. */
class Run {
  readonly time = new Timeline()
  readonly nat: Nat
  heard = 0
  closed = 0
  readonly #hash = createHash('sha256')

  constructor(port: number) {
    const [near, far] = cable({ near: { name: 'guest', scheduler: this.time }, far: { name: 'gateway', scheduler: this.time } })
    const guest = new Host({ name: 'guest', scheduler: this.time, random: new SeededRandom('guest') })
    const gateway = new Host({ name: 'gateway', scheduler: this.time, random: new SeededRandom('gateway') })
    guest.addInterface({ name: 'eth0', port: this.#heard(near), mac: parseMac('02:00:00:00:00:10'), offload: true, addresses: [{ address: parseIpv4('10.0.0.10'), prefix: 24 }] })
    gateway.addInterface({ name: 'eth0', port: this.#heard(far), mac: parseMac('02:00:00:00:00:01'), offload: true, addresses: [{ address: parseIpv4('10.0.0.1'), prefix: 24 }] })
    this.nat = new Nat({ name: 'lan', host: gateway, scheduler: this.time, gateway: '10.0.0.1', hostLoopback: true })
    for (let count = 0; count < 4; count++) this.#fetch(guest, port)
  }

  get digest(): string {
    return this.#hash.copy().digest('hex')
  }

  #fetch(guest: Host, port: number): void {
    const socket = guest.connect({ address: '10.0.0.1', port })
    socket.on('connect', () => socket.write(new SeededRandom('bytes').bytes(size)))
    let own = 0
    socket.on('data', (bytes) => {
      this.heard += bytes.length
      own += bytes.length
      if (own === size) socket.end()
    })
    socket.on('close', () => void this.closed++)
  }

  #heard(port: Port): Port {
    const send = (frame: Frame): void => {
      this.#hash.update(`${port.name} ${this.time.now} `)
      this.#hash.update(frame.bytes)
      port.send(frame)
    }
    return { name: port.name, medium: port.medium, frameMax: port.frameMax, send, listen: (sink) => port.listen(sink) }
  }
}

it('is the same run when it is played back', async ({ skip }) => {
  const server = createServer((socket) => void socket.on('error', () => {}).pipe(socket))
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const inputs: Input[] = []
  const live = new Run(port)
  let turning = true
  const reactor = Reactor.open(() => {}, () => ({ stop: () => {} }))
  if (reactor === undefined) return skip()
  const outside = new HostOutside((event) => {
    const time = (live.time.now + 1) as Instant
    inputs.push({ time, event: 'bytes' in event ? { ...event, bytes: event.bytes.slice() } : event })
    live.nat.enter(time, event)
  }, undefined, reactor)
  live.nat.connect(outside)
  const began = performance.now()
  while (turning) {
    reactor.drain()
    live.time.run(Math.max(live.time.now, Math.floor((performance.now() - began) * 1e6)) as Instant)
    turning = live.closed < 4 && performance.now() - began < 20_000
    await new Promise((turn) => void setImmediate(turn))
  }
  const end = live.time.now
  const first = live.digest
  expect([live.heard, live.closed]).toEqual([4 * size, 4])
  outside.close()
  reactor.close()
  await new Promise((closed) => void server.close(closed))

  const played = new Run(port)
  for (const { time, event } of inputs) played.nat.enter(time, event)
  played.time.run(end)
  expect([played.heard, played.closed]).toEqual([4 * size, 4])
  expect(played.digest).toBe(first)
})
