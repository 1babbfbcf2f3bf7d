import { expect, it } from 'vitest'
import { after, between, formatTime, microseconds, milliseconds, nanoseconds, seconds, start } from '../../src/base/time.ts'
import type { Instant } from '../../src/base/time.ts'

it('counts integer nanoseconds, whatever the unit', () => {
  expect([nanoseconds(1.4), microseconds(1.5), milliseconds(0.1), seconds(2)]).toEqual([1, 1500, 100_000, 2_000_000_000])
})

it('adds spans to instants and measures between them', () => {
  expect(after(start, seconds(1))).toBe(1e9)
  expect(between(5 as Instant, 12 as Instant)).toBe(7)
  expect(between(12 as Instant, 5 as Instant)).toBe(0)
})

it('is shown to people in seconds', () => {
  expect(formatTime(1_234_567_890 as Instant)).toBe('1.234568s')
})
