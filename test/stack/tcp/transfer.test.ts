import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Faults } from '../../../src/link/impair.ts'
import type { Settings } from '../../../src/stack/tcp/settings.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Timeline } from '../../../src/base/timeline.ts'
import { milliseconds, seconds } from '../../../src/base/time.ts'
import type { Instant } from '../../../src/base/time.ts'
import { cable } from '../../../src/link/cable.ts'
import { impair } from '../../../src/link/impair.ts'
import { Host } from '../../../src/stack/host.ts'
import { ourMac, ours, theirMac, theirs } from '../bench.ts'

interface World {
  readonly time: Timeline
  readonly a: Host
  readonly b: Host
}

/** Two hosts on a cable with faults in both directions. */
function world(faults: Faults, seed: number, offload: boolean, settings: Partial<Settings> = {}): World {
  const time = new Timeline()
  const random = new SeededRandom(seed)
  const [near, far] = cable({ near: { name: 'a', scheduler: time }, far: { name: 'b', scheduler: time } })
  const a = new Host({ name: 'a', scheduler: time, random: random.fork('a'), tcp: settings })
  const b = new Host({ name: 'b', scheduler: time, random: random.fork('b'), tcp: settings })
  a.addInterface({ name: 'eth0', port: impair(near, random.fork('there'), time, faults), mac: ourMac, addresses: [{ address: ours, prefix: 24 }], offload })
  b.addInterface({ name: 'eth0', port: impair(far, random.fork('back'), time, faults), mac: theirMac, addresses: [{ address: theirs, prefix: 24 }], offload })
  return { time, a, b }
}

interface Outcome {
  readonly sent: string
  readonly received: string
  readonly echoed: string
  readonly events: readonly string[]
  /** Virtual seconds. */
  readonly took: number
  readonly left: readonly string[]
}

/** Sends `size` random bytes from a to b, which echoes them; both close. */
function echo({ time, a, b }: World, size: number, limit = 600): Outcome {
  const events: string[] = []
  const received = createHash('sha256')
  const echoed = createHash('sha256')
  const data = new SeededRandom(size).bytes(size)
  b.listen({ address: '0.0.0.0', port: 7 }, (peer) => {
    peer.on('data', (bytes) => {
      received.update(bytes)
      if (!peer.write(bytes)) peer.pause()
    })
    peer.on('drain', () => peer.resume())
    peer.on('end', () => peer.end())
    peer.on('error', (error) => events.push(`b ${error.code}`))
    peer.on('close', () => events.push('b closed'))
  }, { allowHalfOpen: true })
  const socket = a.connect({ address: '10.0.0.2', port: 7 }, { allowHalfOpen: true })
  let at = 0
  let took = 0
  const more = (): void => {
    while (at < size) {
      const next = Math.min(size, at + 50_000)
      const room = socket.write(data.subarray(at, next))
      at = next
      if (!room) return
    }
    socket.end()
  }
  socket.on('connect', more)
  socket.on('drain', more)
  socket.on('data', (bytes) => echoed.update(bytes))
  socket.on('end', () => events.push('a end'))
  socket.on('error', (error) => events.push(`a ${error.code}`))
  socket.on('close', () => {
    took = time.now / 1e9
    events.push('a closed')
  })
  time.run((time.now + seconds(limit)) as Instant)
  const left = [...a.tcp.connections, ...b.tcp.connections].filter(({ state }) => state !== 'LISTEN').map(({ state }) => state)
  return { sent: createHash('sha256').update(data).digest('hex'), received: received.digest('hex'), echoed: echoed.digest('hex'), events: events.sort(), took, left }
}

function expectWhole(outcome: Outcome): void {
  expect(outcome.received).toBe(outcome.sent)
  expect(outcome.echoed).toBe(outcome.sent)
  expect(outcome.events).toEqual(['a closed', 'a end', 'b closed'])
}

const base: Faults = { delay: milliseconds(5) }
const faults: Record<string, Faults> = {
  'a clean path': base,
  'loss of 1 %': { ...base, loss: 0.01 },
  'loss of 5 %': { ...base, loss: 0.05 },
  'loss of 10 %': { ...base, loss: 0.1 },
  'loss in runs': { ...base, loss: 0.05, lossBurst: 5 },
  'reordering of 25 %': { ...base, reorder: 0.25, reorderBy: milliseconds(3) },
  'duplication of 10 %': { ...base, duplicate: 0.1 },
  'corruption of 2 %': { ...base, corrupt: 0.02 },
  'jitter': { ...base, jitter: milliseconds(3) },
  'a narrow path with a small queue': { ...base, rateBps: 20_000_000, queueBytes: 30_000 },
  'all at once': { ...base, loss: 0.03, reorder: 0.1, duplicate: 0.05, corrupt: 0.01, jitter: milliseconds(2) },
}

const took = (seed: number): number => echo(world(faults['all at once'], seed, false), 100_000).took

describe('a transfer and its echo', () => {
  for (const [name, what] of Object.entries(faults)) {
    for (const offload of [false, true]) {
      it(`is byte-exact through ${name}${offload ? ', in super-frames' : ''}`, () => {
        const w = world(what, 1, offload)
        const outcome = echo(w, 600_000)
        expectWhole(outcome)
        if (process.env.TCP_SHOW !== undefined) console.log(name, offload, outcome.took, { ...w.a.tcp.counters })
      })
    }
  }

  it('is the same to the nanosecond for the same seed, and another for another', () => {
    expect(took(3)).toBe(took(3))
    expect(took(3)).not.toBe(took(4))
  })

  it('leaves nothing behind but listeners', () => {
    const w = world(base, 1, false)
    expect(echo(w, 100_000).left).toEqual([])
    expect([w.a.tcp.memory.usedBytes, w.b.tcp.memory.usedBytes]).toEqual([0, 0])
  })

  it('goes through small buffers', () => {
    expectWhole(echo(world(faults['loss of 1 %'], 2, false, { receiveBuffer: 8192, sendBuffer: 4096, sendBufferMax: 4096 }), 200_000))
  })
})
