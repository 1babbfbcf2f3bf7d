import { describe, expect, it } from 'vitest'
import { hex } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { microseconds, milliseconds } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { impair } from '../../src/link/impair.ts'
import type { Faults } from '../../src/link/impair.ts'
import type { Frame, Port } from '../../src/link/port.ts'
import { frameOf, Mouth, until } from './ears.ts'

const numbered = (number: number, size = 20): Frame => frameOf(Uint8Array.from({ length: size }, (_, at) => (at === 0 ? number >> 8 : at === 1 ? number : 0)))

/** Sends `count` packets, one each `gap` ns, and tells what came out when. */
function run(faults: Faults, count: number, { gap = 1000, seed = 'impair', size = 20 } = {}) {
  const time = new Timeline()
  const out: { time: number; number: number; bytes: string }[] = []
  const end: Port = { name: 'end', medium: 'ethernet', frameMax: 1514, send: ({ bytes }) => out.push({ time: time.now, number: (bytes[0] << 8) | bytes[1], bytes: hex(bytes) }), listen: () => {} }
  const port = impair(end, new SeededRandom(seed), time, faults)
  for (let number = 0; number < count; number++) {
    time.run(until(number * gap))
    port.send(numbered(number, size))
  }
  time.run(until(1e12))
  return { port, out, time }
}

const numbers = (out: readonly { number: number }[]): number[] => out.map(({ number }) => number)
const passed = (faults: Faults): Set<number> => new Set(numbers(run(faults, 300).out))
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

describe('impairment', () => {
  it('does nothing where no fault is named, at once', () => {
    const { port, out } = run({}, 3)
    expect(out.map(({ time, number }) => [time, number])).toEqual([[0, 0], [1000, 1], [2000, 2]])
    expect(port.counters).toEqual({ passed: 3, lost: 0, duplicated: 0, corrupted: 0, reordered: 0, droppedFull: 0, droppedNonsense: 0 })
  })

  it('delays to the nanosecond', () => {
    expect(run({ delay: milliseconds(10) }, 2).out.map(({ time }) => time)).toEqual([10_000_000, 10_001_000])
  })

  it('jitters within bounds and keeps the order', () => {
    const { out } = run({ delay: microseconds(50), jitter: microseconds(20) }, 500)
    expect(numbers(out)).toEqual(upTo(500))
    const delays = out.map(({ time, number }) => time - number * 1000)
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(30_000)
    expect(Math.max(...delays)).toBeLessThanOrEqual(70_000)
    expect(new Set(delays).size).toBeGreaterThan(50)
  })

  it('loses about as many as it is told, the same with the same seed, others with another', () => {
    const lost = run({ loss: 0.1 }, 5000)
    expect(lost.port.counters.lost).toBeGreaterThan(400)
    expect(lost.port.counters.lost).toBeLessThan(600)
    expect(lost.out).toEqual(run({ loss: 0.1 }, 5000).out)
    expect(numbers(lost.out)).not.toEqual(numbers(run({ loss: 0.1 }, 5000, { seed: 'another' }).out))
    expect(run({ loss: 1 }, 10).out).toEqual([])
  })

  it('loses in runs of the length it is told', () => {
    const { port, out } = run({ loss: 0.1, lossBurst: 5 }, 20_000)
    const gaps = numbers(out).map((number, at, all) => number - (all[at - 1] ?? -1) - 1).filter((gap) => gap > 0)
    expect(port.counters.lost / 20_000).toBeCloseTo(0.1, 1)
    expect(port.counters.lost / gaps.length).toBeGreaterThan(4)
    expect(port.counters.lost / gaps.length).toBeLessThan(6)
  })

  it('doubles', () => {
    expect(numbers(run({ duplicate: 1 }, 3).out)).toEqual([0, 0, 1, 1, 2, 2])
  })

  it('flips one bit behind the link header', () => {
    const { out, port } = run({ corrupt: 1 }, 50)
    for (const { bytes, number } of out) {
      const clean = hex(numbered(number).bytes)
      expect(bytes.slice(0, 28)).toBe(clean.slice(0, 28))
      const differing = Number.parseInt(bytes.slice(28), 16) ^ 0
      expect(differing & (differing - 1)).toBe(0)
      expect(bytes).not.toBe(clean)
    }
    expect(port.counters.corrupted).toBe(50)
  })

  it('does not damage a double with the original', () => {
    const { out } = run({ corrupt: 1, duplicate: 1 }, 1)
    expect(out[0].bytes).not.toBe(out[1].bytes)
    expect(out[1].bytes).toBe(hex(numbered(0).bytes))
  })

  it('lets later packets overtake', () => {
    const { out, port } = run({ reorder: 0.1, reorderBy: microseconds(3), delay: microseconds(10) }, 300)
    expect(numbers(out)).not.toEqual(upTo(300))
    expect(numbers(out).toSorted((a, b) => a - b)).toEqual(upTo(300))
    for (const { time, number } of out) expect([10_000, 13_000]).toContain(time - number * 1000)
    expect(port.counters.reordered).toBe(out.filter(({ time, number }) => time - number * 1000 === 13_000).length)
  })

  it('lets through no faster than its rate, and drops what its queue has no room for', () => {
    const { out, port } = run({ rateBps: 8e6, queueBytes: 3000 }, 10, { gap: 0, size: 1000 })
    expect(out.map(({ time }) => time)).toEqual([1_000_000, 2_000_000, 3_000_000])
    expect(port.counters).toMatchObject({ passed: 3, droppedFull: 7 })
  })

  it('leaves one kind’s draws alone when another is switched on', () => {
    expect(passed({ loss: 0.2, corrupt: 0.5, jitter: microseconds(1) })).toEqual(passed({ loss: 0.2 }))
  })

  it('changes live, and what is held goes when it would have gone', () => {
    const { port, out, time } = run({}, 0)
    port.faults = { delay: milliseconds(1) }
    port.send(numbered(1))
    port.faults = {}
    port.send(numbered(2))
    time.run(until(2e12))
    expect(out.map((each) => each.time - 1e12)).toEqual([1e6, 1e6])
    expect(numbers(out)).toEqual([1, 2])
  })

  it('cuts super-frames first', () => {
    const mouth = new Mouth('tap')
    const port = impair(mouth, new SeededRandom('x'), new Timeline(), {})
    port.send({ bytes: new Uint8Array(100), offload: { checksum: undefined, segmentation: 'tcp4', segmentSize: 10, headerLength: 54 } })
    expect(mouth.sent).toEqual([])
    expect(port.counters.droppedNonsense).toBe(1)
  })

  it('is saved with what it holds and the luck it would have had', () => {
    const faults: Faults = { loss: 0.3, delay: microseconds(5), jitter: microseconds(2), duplicate: 0.2 }
    const whole = run(faults, 60)
    const time = new Timeline()
    const early = new Mouth('end')
    const first = impair(early, new SeededRandom('impair'), time, faults)
    for (let number = 0; number < 30; number++) {
      time.run(until(number * 1000))
      first.send(numbered(number))
    }
    const later = new Timeline()
    later.advance(time.now)
    const late = new Mouth('end')
    const second = impair(late, new SeededRandom('other'), later, faults)
    second.load(first.save())
    for (let number = 30; number < 60; number++) {
      later.run(until(number * 1000))
      second.send(numbered(number))
    }
    later.run(until(1e9))
    expect([...early.take(), ...late.take()]).toEqual(whole.out.map(({ bytes }) => bytes))
    expect(second.counters).toEqual(whole.port.counters)
  })

  const wrong: readonly (readonly [Faults, string])[] = [
    [{ loss: 1.5 }, 'loss is a fraction from 0 to 1, not 1.5'],
    [{ reorder: -0.1 }, 'reorder is a fraction'],
    [{ lossBurst: 0 }, 'lossBurst is at least 1, not 0'],
    [{ loss: 0.9, lossBurst: 2 }, "runs of 2 can't lose 0.9"],
    [{ rateBps: 0 }, 'rate is positive, not 0'],
  ]
  it.each(wrong)('refuses %j', (faults, message) => {
    expect(() => run(faults, 0)).toThrow(message)
  })
})
