import { describe, expect, it } from 'vitest'
import { milliseconds } from '../../../src/base/time.ts'
import { Timeline } from '../../../src/base/timeline.ts'
import type { Instant } from '../../../src/base/time.ts'
import { RoundTrip } from '../../../src/stack/tcp/round-trip.ts'
import { Timer } from '../../../src/stack/tcp/timer.ts'

describe('the retransmission time-out (RFC 6298 §2)', () => {
  it('is a second, then SRTT + 4·RTTVAR, and 200 ms at least', () => {
    const trip = new RoundTrip()
    expect(trip.timeout).toBe(1e9)
    trip.measure(milliseconds(400))
    expect([trip.smoothed, trip.timeout]).toEqual([400e6, 1200e6])
    trip.measure(milliseconds(480))
    // RTTVAR = 3/4·200 + 1/4·80 = 170; SRTT = 7/8·400 + 1/8·480 = 410.
    expect([trip.smoothed, trip.timeout]).toEqual([410e6, 1090e6])
    for (let count = 0; count < 100; count++) trip.measure(milliseconds(1))
    expect(trip.timeout).toBe(200e6)
  })

  it('doubles up to a minute and is itself again after a measurement', () => {
    const trip = new RoundTrip()
    trip.measure(milliseconds(100))
    trip.backOff()
    trip.backOff()
    expect(trip.timeout).toBe(1200e6)
    for (let count = 0; count < 20; count++) trip.backOff()
    expect(trip.timeout).toBe(60e9)
    trip.measure(milliseconds(100))
    expect(trip.timeout).toBeLessThan(300e6)
  })
})

describe('a timer', () => {
  it('rings once, at the last time it was set to, earlier or later', () => {
    const time = new Timeline()
    const rang: number[] = []
    const timer = new Timer(time, 't', () => rang.push(time.now))
    timer.set(milliseconds(5))
    timer.set(milliseconds(9))
    time.run(6e6 as Instant)
    timer.set(milliseconds(1))
    expect(timer.deadline).toBe(7e6)
    time.run(20e6 as Instant)
    expect(rang).toEqual([7e6])
    timer.set(milliseconds(1))
    timer.stop()
    time.run(40e6 as Instant)
    expect([rang, timer.deadline, time.next]).toEqual([[7e6], undefined, undefined])
  })
})
