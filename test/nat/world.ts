/** A world for NAT tests: a guest 10.0.0.10 and the gateway 10.0.0.1 (and with `six` fd00:1::ff:fe00:10 and fd00:1::1) on one cable, and an outside that writes down what it is told. */
import type { Instant } from '../../src/base/time.ts'
import type { Outside, OutsideEvent } from '../../src/nat/outside.ts'
import type { TcpSocket } from '../../src/stack/sockets.ts'
import { fromLatin1, latin1 } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { milliseconds, seconds } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { cable } from '../../src/link/cable.ts'
import { Nat } from '../../src/nat/nat.ts'
import { Host } from '../../src/stack/host.ts'
import { parseIpv4, parseIpv6, parseMac } from '../../src/wire/address.ts'
import { advertisement } from '../stack/ip6/bench.ts'

/** What is told here is one line each in `told`. */
export class WrittenOutside implements Outside {
  readonly told: string[] = []
  readonly written = new Map<number, number>()

  dial: Outside['dial'] = (flow, to) => void this.told.push(`${flow} dial ${to.address}:${to.port}`)
  write: Outside['write'] = (flow, bytes) => {
    this.written.set(flow, (this.written.get(flow) ?? 0) + bytes.length)
    this.told.push(`${flow} write ${bytes.length > 32 ? bytes.length : fromLatin1(bytes)}`)
  }
  spent: Outside['spent'] = () => {}
  took: Outside['took'] = (flow, count) => void this.told.push(`${flow} took ${count}`)
  expect: Outside['expect'] = (flow, from, to) => void this.told.push(`${flow} expect ${from} for ${to.address}:${to.port}`)
  end: Outside['end'] = (flow) => void this.told.push(`${flow} end`)
  reset: Outside['reset'] = (flow) => void this.told.push(`${flow} reset`)
  bind: Outside['bind'] = (flow) => void this.told.push(`${flow} bind`)
  send: Outside['send'] = (flow, to, bytes, ttl) => void this.told.push(`${flow} send ${to.address}:${to.port} ${fromLatin1(bytes)} ttl ${ttl}`)
  ping: Outside['ping'] = (flow, to, sequence, bytes, ttl) => void this.told.push(`${flow} ping ${to} ${sequence} ${fromLatin1(bytes)} ttl ${ttl}`)
  release: Outside['release'] = (flow) => void this.told.push(`${flow} release`)

  /** What was told since the last call. */
  take(): string[] {
    return this.told.splice(0)
  }
}

export interface World {
  readonly time: Timeline
  readonly guest: Host
  readonly gateway: Host
  readonly nat: Nat
  readonly outside: WrittenOutside
  /** Moves time; 50 ms when not said. */
  readonly run: (span?: number) => void
  /** An event from outside, now; and time for it. */
  readonly happen: (...events: OutsideEvent[]) => void
}

export function world({ hostLoopback = false, memoryBytes = 64 << 20, six = false } = {}): World {
  const time = new Timeline()
  const [near, far] = cable({ near: { name: 'guest', scheduler: time }, far: { name: 'gateway', scheduler: time } })
  const guest = new Host({ name: 'guest', scheduler: time, random: new SeededRandom('guest') })
  const gateway = new Host({ name: 'gateway', scheduler: time, random: new SeededRandom('gateway'), tcp: { memoryBytes } })
  const eth0 = guest.addInterface({ name: 'eth0', port: near, mac: parseMac('02:00:00:00:00:10'), addresses: [{ address: parseIpv4('10.0.0.10'), prefix: 24 }], ...(six ? { six: {} } : {}) })
  guest.setGateway(eth0, parseIpv4('10.0.0.1'))
  gateway.addInterface({ name: 'eth0', port: far, mac: parseMac('02:00:00:00:00:01'), addresses: [{ address: parseIpv4('10.0.0.1'), prefix: 24 }], ...(six ? { six: { addresses: [{ address: parseIpv6('fd00:1::1'), prefix: 64 }], advertise: advertisement } } : {}) })
  const nat = new Nat({ name: 'lan', host: gateway, scheduler: time, gateway: '10.0.0.1', ...(six ? { gateway6: 'fd00:1::1' } : {}), hostLoopback })
  const outside = new WrittenOutside()
  nat.connect(outside)
  const run = (span: number = milliseconds(50)): void => time.run((time.now + span) as Instant)
  const happen = (...events: OutsideEvent[]): void => {
    for (const event of events) nat.enter(time.now, event)
    run()
  }
  // Past duplicate address detection and the first advertisement.
  if (six) run(seconds(8))
  return { time, guest, gateway, nat, outside, run, happen }
}

export interface Watched {
  readonly socket: TcpSocket
  readonly log: string[]
  received: number
}

/** Writes down a socket's events. */
export function watch(socket: TcpSocket): Watched {
  const watched: Watched = { socket, log: [], received: 0 }
  socket.on('connect', () => watched.log.push('connect'))
  socket.on('data', (bytes) => {
    watched.received += bytes.length
    watched.log.push(bytes.length > 64 ? `data ${bytes.length}` : `data ${fromLatin1(bytes)}`)
  })
  socket.on('end', () => watched.log.push('end'))
  socket.on('error', (error) => watched.log.push(`error ${error.code}`))
  socket.on('close', () => watched.log.push('close'))
  return watched
}

export const text = latin1
