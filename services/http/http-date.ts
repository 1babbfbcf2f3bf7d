/** Dates as HTTP writes and reads them. RFC 9110 §5.6.7. */
import { civilOf, monthNames, secondsOf, two, weekdayOf } from '../../src/base/calendar.ts'

/** `Sun, 06 Nov 1994 08:49:37 GMT`. @param seconds since 1970. */
export function formatDate(seconds: number): string {
  const { year, month, day, hour, minute, second } = civilOf(seconds)
  return `${weekdayOf(seconds)}, ${two(day)} ${monthNames[month - 1]} ${String(year).padStart(4, '0')} ${two(hour)}:${two(minute)}:${two(second)} GMT`
}

const months = monthNames.join('|')
const usual = new RegExp(`^[A-Z][a-z]{2}, (\\d\\d) (${months}) (\\d{4}) (\\d\\d):(\\d\\d):(\\d\\d) GMT$`)
const rfc850 = new RegExp(`^[A-Z][a-z]{5,8}, (\\d\\d)-(${months})-(\\d\\d) (\\d\\d):(\\d\\d):(\\d\\d) GMT$`)
const asctime = new RegExp(`^[A-Z][a-z]{2} (${months}) ([ \\d]\\d) (\\d\\d):(\\d\\d):(\\d\\d) (\\d{4})$`)

/** Seconds since 1970; undefined when it is no date. "A recipient … MUST accept all three". */
export function parseDate(text: string): number | undefined {
  const late = asctime.exec(text)
  const found = late === null ? (usual.exec(text) ?? rfc850.exec(text)) : ['', late[2], late[1], late[6], late[3], late[4], late[5]]
  if (found === null) return undefined
  const [, day, month, year, hour, minute, second] = found
  const number = Number(year)
  // Two digits: the past rather than more than 50 years ahead; a lab's years are near 2026.
  const full = year.length === 4 ? number : number < 76 ? 2000 + number : 1900 + number
  return secondsOf({ year: full, month: monthNames.findIndex((each) => each === month) + 1, day: Number(day), hour: Number(hour), minute: Number(minute), second: Number(second) })
}
