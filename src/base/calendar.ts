/** Days and times of the Gregorian calendar in UTC, from and to seconds since 1970. Leap seconds are not counted, as POSIX has it. */

export interface Civil {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** 2026-01-01: what virtual time 0 is, for machines' clocks and whoever tells the time, unless a lab says otherwise. */
export const usualEpoch = 1_767_225_600

const daySeconds = 86_400
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
export const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** Days of the years before `year`, counted from year 1. */
const daysBefore = (year: number): number => 365 * (year - 1) + Math.floor((year - 1) / 4) - Math.floor((year - 1) / 100) + Math.floor((year - 1) / 400)

/** @param seconds since 1970; from year 1 on. Fractions are dropped. */
export function civilOf(seconds: number): Civil {
  const whole = Math.floor(seconds)
  const days = Math.floor(whole / daySeconds)
  let year = 1970 + Math.floor(days / 365.2425)
  const since = (of: number): number => days - (daysBefore(of) - daysBefore(1970))
  while (since(year) < 0) year--
  while (since(year + 1) >= 0) year++
  let left = since(year)
  let month = 1
  while (left >= daysIn(year, month)) left -= daysIn(year, month++)
  const rest = whole - days * daySeconds
  return { year, month, day: left + 1, hour: Math.floor(rest / 3600), minute: Math.floor(rest / 60) % 60, second: rest % 60 }
}

/** @returns undefined for a day or a time that there is not. */
export function secondsOf({ year, month, day, hour, minute, second }: Civil): number | undefined {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59) return undefined
  let days = daysBefore(year) - daysBefore(1970) + day - 1
  for (let each = 1; each < month; each++) days += daysIn(year, each)
  return days * daySeconds + hour * 3600 + minute * 60 + second
}

/** 1 January 1970 was a Thursday. */
export function weekdayOf(seconds: number): (typeof weekdays)[number] {
  return weekdays[(((Math.floor(seconds / daySeconds) + 4) % 7) + 7) % 7]
}

/** At least two digits. */
export const two = (value: number): string => String(value).padStart(2, '0')

function daysIn(year: number, month: number): number {
  return monthDays[month - 1] + (month === 2 && isLeap(year) ? 1 : 0)
}
