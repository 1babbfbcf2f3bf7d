import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { seconds } from '../../src/base/time.ts'
import { leastMtu4, PathMtu } from '../../src/stack/path-mtu.ts'

describe('path mtu', () => {
  it('takes what a router tells, never more than before, never less than 552', () => {
    const path = new PathMtu<number>({ now: 0 as Instant }, leastMtu4)
    expect(path.to(1)).toBe(Number.POSITIVE_INFINITY)
    expect(path.lower(1, 1400, 1500)).toBe(1400)
    expect(path.lower(1, 1450, 1500)).toBe(1400)
    expect(path.lower(1, 68, 1400)).toBe(552)
    expect(path.to(2)).toBe(Number.POSITIVE_INFINITY)
  })

  it('guesses the next plateau where the router tells nothing, or nonsense', () => {
    const path = new PathMtu<number>({ now: 0 as Instant }, leastMtu4)
    expect(path.lower(1, 0, 1500)).toBe(1492)
    expect(path.lower(1, 0, 1492)).toBe(1006)
    expect(path.lower(2, 9000, 1500)).toBe(1492)
    expect(path.lower(3, 0, 300)).toBe(552)
  })

  it('forgets after ten minutes, and keeps to 1024 destinations', () => {
    const clock = { now: 0 as Instant }
    const path = new PathMtu<number>(clock, leastMtu4)
    for (let destination = 0; destination < 2000; destination++) path.lower(destination, 1000, 1500)
    expect(path.save()).toHaveLength(1024)
    expect(path.to(1999)).toBe(1000)
    const other = new PathMtu<number>(clock, leastMtu4)
    other.load(path.save())
    clock.now = seconds(600) as number as Instant
    expect(path.to(1999)).toBe(Number.POSITIVE_INFINITY)
    expect(other.to(1998)).toBe(Number.POSITIVE_INFINITY)
  })
})
