/** Fields of ISO 9660: numbers in both byte orders, dates, padded text. ECMA-119 §7.2, §7.3, §8.4.26, §9.1.5. */
import { latin1, putU16be, putU16le, putU32be, putU32le } from '../../base/bytes.ts'

export const sectorBytes = 2048

export function both32(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  putU32le(bytes, 0, value)
  putU32be(bytes, 4, value)
  return bytes
}

export function both16(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  putU16le(bytes, 0, value)
  putU16be(bytes, 2, value)
  return bytes
}

/** The seven bytes of a directory record, in universal time; years from 1900 to 2155. */
export function shortDate(seconds: number): Uint8Array {
  const { year, month, day, hour, minute, second } = civil(Math.min(Math.max(seconds, -2_208_988_800), 5_869_583_999))
  return Uint8Array.of(year - 1900, month, day, hour, minute, second, 0)
}

/** The seventeen bytes of a volume descriptor. */
export function longDate(seconds: number): Uint8Array {
  const { year, month, day, hour, minute, second } = civil(seconds)
  const bytes = new Uint8Array(17)
  bytes.set(latin1([`${year}`.padStart(4, '0'), ...[month, day, hour, minute, second].map((part) => `${part}`.padStart(2, '0')), '00'].join('')))
  return bytes
}

/** "Not specified" (§8.4.26.1): sixteen zeros and a zero byte. */
export const noDate = (): Uint8Array => Uint8Array.of(...latin1('0'.repeat(16)), 0)

/** The Gregorian calendar: days since March of the year 0, in cycles of 400 years. */
function civil(seconds: number): { year: number; month: number; day: number; hour: number; minute: number; second: number } {
  const days = Math.floor(seconds / 86_400)
  const time = Math.floor(seconds) - days * 86_400
  const shifted = days + 719_468
  const cycle = Math.floor(shifted / 146_097)
  const dayOfCycle = shifted - cycle * 146_097
  const yearOfCycle = Math.floor((dayOfCycle - Math.floor(dayOfCycle / 1460) + Math.floor(dayOfCycle / 36_524) - Math.floor(dayOfCycle / 146_096)) / 365)
  const dayOfYear = dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return {
    year: yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
    hour: Math.floor(time / 3600),
    minute: Math.floor(time / 60) % 60,
    second: time % 60,
  }
}
