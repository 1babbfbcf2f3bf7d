import { describe, expect, it } from 'vitest'
import type { Instant } from '../../../src/base/time.ts'
import { Cubic } from '../../../src/stack/tcp/cubic.ts'
import { SlowStart } from '../../../src/stack/tcp/slow-start.ts'

const mss = 1000

/** One window acknowledged each round trip, for so many seconds. */
function grow(cubic: Cubic, from: number, spanSeconds: number, roundTrip: number): void {
  for (let now = from; now < from + spanSeconds * 1e9; now += roundTrip) {
    for (let left = cubic.cwnd; left > 0; left -= 2 * mss) cubic.acked({ bytes: 2 * mss, now: now as Instant, smoothed: roundTrip, sample: undefined, ack: 0, next: 0 })
  }
}

describe('CUBIC (RFC 9438)', () => {
  it('doubles in slow start', () => {
    const cubic = new Cubic(mss)
    expect(cubic.cwnd).toBe(10_000)
    cubic.acked({ bytes: 10_000, now: 0 as Instant, smoothed: 1e6, sample: undefined, ack: 0, next: 0 })
    expect(cubic.cwnd).toBe(20_000)
  })

  it('keeps seven tenths and is back at the old window after K = ∛(W_max · 0.3 / 0.4) seconds (§4.2)', () => {
    const cubic = new Cubic(mss)
    cubic.cwnd = 1_000_000
    cubic.lost()
    expect([cubic.cwnd, cubic.ssthresh]).toEqual([700_000, 700_000])
    grow(cubic, 0, Math.cbrt((1000 * 0.3) / 0.4), 100e6)
    expect(cubic.cwnd / 1_000_000).toBeGreaterThan(0.97)
    expect(cubic.cwnd / 1_000_000).toBeLessThan(1.03)
  })

  it('is no slower than Reno where round trips are short (§4.3)', () => {
    const cubic = new Cubic(mss)
    cubic.cwnd = 20_000
    cubic.lost()
    grow(cubic, 0, 0.2, 10e6)
    // α = 0.53 segments a round trip for twenty of them.
    expect(cubic.cwnd / mss).toBeGreaterThan(14 + 9)
  })

  it('makes room faster below its last maximum (§4.7)', () => {
    const twice = new Cubic(mss)
    twice.cwnd = 100_000
    twice.lost()
    twice.lost()
    const once = new Cubic(mss)
    once.cwnd = 70_000
    once.lost()
    grow(twice, 0, 3, 100e6)
    grow(once, 0, 3, 100e6)
    expect(twice.cwnd).toBeLessThan(once.cwnd)
  })

  it('takes a reduction back that was for nothing (§4.9)', () => {
    const cubic = new Cubic(mss)
    cubic.cwnd = 50_000
    cubic.timedOut(true)
    expect(cubic.cwnd).toBe(mss)
    cubic.undo()
    expect([cubic.cwnd, cubic.ssthresh]).toEqual([50_000, Number.POSITIVE_INFINITY])
  })
})

/** A round of sixteen acknowledgments. @returns by how much the last let the window grow. */
const round = (start: SlowStart, number: number, rtt: number): number => {
  let grown = 0
  for (let count = 0; count < 16; count++) grown = start.acked(1000, rtt, number * 16 + count, (number + 1) * 16 - 1)
  return grown
}

describe('HyStart++ (RFC 9406)', () => {
  it('grows a quarter as fast when round trips grow, and ends after five such rounds (§4.2)', () => {
    const start = new SlowStart()
    expect([round(start, 0, 20e6), round(start, 1, 20e6), round(start, 2, 23e6)]).toEqual([1000, 1000, 1000])
    expect(round(start, 3, 28e6)).toBe(250)
    for (let number = 4; number < 8; number++) expect([round(start, number, 30e6), start.ended]).toEqual([250, false])
    round(start, 8, 30e6)
    expect(start.ended).toBe(true)
  })

  it('goes on when it had been jitter (§4.2)', () => {
    const start = new SlowStart()
    round(start, 0, 20e6)
    expect(round(start, 1, 30e6)).toBe(250)
    expect(round(start, 2, 20e6)).toBe(1000)
  })
})
