import { describe, expect, it } from 'vitest'
import type { Duration } from '../../src/base/time.ts'
import { duration, formatDuration, formatSize, type Quantity, rate, share, size } from '../../src/lab/units.ts'

const read = <Value>(kind: Quantity<Value>, text: string): Value | 'refused' => (kind.pattern.test(text) ? kind.read(text) : 'refused')

describe('quantities', () => {
  it('of time are nanoseconds', () => {
    expect(['7ns', '10us', '1.5ms', '2s', '3m', '1h', '1d'].map((text) => read(duration, text))).toEqual([7, 10_000, 1_500_000, 2e9, 180e9, 3600e9, 86400e9])
  })
  it('of memory are bytes, counted in twos', () => {
    expect(['4096B', '64K', '64M', '64MiB', '1.5G', '512m'].map((text) => read(size, text))).toEqual([4096, 65536, 2 ** 26, 2 ** 26, 1.5 * 2 ** 30, 2 ** 29])
  })
  it('of a line are bits a second, counted in tens', () => {
    expect(['9600bit', '64kbit', '10Mbit', '2.5Gbit'].map((text) => read(rate, text))).toEqual([9600, 64_000, 10_000_000, 2.5e9])
  })
  it('of a share lie between 0 and 1', () => {
    expect(['0%', '1%', '0.5%', '100%'].map((text) => read(share, text))).toEqual([0, 0.01, 0.005, 1])
  })
  it('without a unit, or with another kind’s, are refused', () => {
    expect(['10', '10 ms', '-1s', 'ms', '1e3s', '10M'].map((text) => read(duration, text))).toEqual(Array(6).fill('refused'))
    expect(['64', '64 M', '64X', '64s'].map((text) => read(size, text))).toEqual(Array(4).fill('refused'))
    expect(['10', '10M', '10Mbps'].map((text) => read(rate, text))).toEqual(Array(3).fill('refused'))
    expect(['1', '101%', '-1%'].map((text) => read(share, text))).toEqual(Array(3).fill('refused'))
  })
  it('are written the way they are read', () => {
    expect([7, 10_000, 90e9, 0, 86400e9].map((span) => formatDuration(span as Duration))).toEqual(['7ns', '10us', '90s', '0ns', '1d'])
    expect([1, 65536, 2 ** 28, 3 * 2 ** 30].map(formatSize)).toEqual(['1B', '64K', '256M', '3G'])
  })
})
