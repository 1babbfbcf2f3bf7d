import { describe, expect, it } from 'vitest'
import { civilOf, secondsOf, usualEpoch, weekdayOf } from '../../src/base/calendar.ts'

const civil = (year: number, month: number, day: number, hour = 0, minute = 0, second = 0) => ({ year, month, day, hour, minute, second })

describe('the calendar', () => {
  it.each<[number, ReturnType<typeof civil>, string]>([
    [0, civil(1970, 1, 1), 'Thu'],
    [-1, civil(1969, 12, 31, 23, 59, 59), 'Wed'],
    [784_111_777, civil(1994, 11, 6, 8, 49, 37), 'Sun'],
    [951_782_400, civil(2000, 2, 29), 'Tue'],
    [1_709_251_199, civil(2024, 2, 29, 23, 59, 59), 'Thu'],
    [usualEpoch, civil(2026, 1, 1), 'Thu'],
    [4_102_444_800, civil(2100, 1, 1), 'Fri'],
    [4_107_542_400, civil(2100, 3, 1), 'Mon'],
  ])('knows second %i', (seconds, date, weekday) => {
    expect(civilOf(seconds)).toEqual(date)
    expect(secondsOf(date)).toBe(seconds)
    expect(weekdayOf(seconds)).toBe(weekday)
  })

  it('goes there and back over four centuries', () => {
    for (let seconds = -5e9; seconds < 8e9; seconds += 8_640_001) expect(secondsOf(civilOf(seconds))).toBe(seconds)
  })

  it.each([civil(2026, 2, 29), civil(2026, 13, 1), civil(2026, 0, 1), civil(2026, 4, 31), civil(2026, 1, 1, 24), civil(0, 1, 1)])('knows no %j', (date) => {
    expect(secondsOf(date)).toBeUndefined()
  })
})
