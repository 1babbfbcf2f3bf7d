import { expect, it } from 'vitest'
import { Pacer } from '../../src/link/pacer.ts'
import { until } from './ears.ts'

it('lines frames up behind each other and rounds up to the nanosecond', () => {
  const pacer = new Pacer(3e9, 1000)
  expect(pacer.admit(until(10), 1)).toBe(13)
  expect(pacer.admit(until(10), 3)).toBe(21)
  expect(pacer.backlogBytes(until(18))).toBeCloseTo(1.125)
  expect(pacer.backlogBytes(until(30))).toBe(0)
})

it('has no queue where nothing waits', () => {
  const pacer = new Pacer(undefined, 0)
  expect(pacer.admit(until(10), 1e9)).toBe(10)
  expect(pacer.backlogBytes(until(10))).toBe(0)
})

it('is saved and loaded', () => {
  const pacer = new Pacer(8e9, 1000)
  pacer.admit(until(0), 100)
  const again = new Pacer(8e9, 1000)
  again.load(pacer.save())
  expect(again.admit(until(0), 100)).toBe(200)
})
