/** Quantities with their units, as a lab file writes them: `10ms`, `64M`, `10Mbit`, `1%`. */
import { type Duration, nanoseconds } from '../base/time.ts'

/** One kind of quantity: its spelling and what it is worth. */
export interface Quantity<Value> {
  readonly name: string
  readonly example: string
  readonly pattern: RegExp
  /** @param text matches `pattern`. */
  read(text: string): Value
}

const spans: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, min: 60e9, h: 3600e9, d: 86_400e9 }
/** Binary, as QEMU and Compose count memory: 1 M is 1,048,576 bytes. */
const sizes: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }
/** Decimal, as line rates are counted: 1 Mbit is 1,000,000 bits a second. */
const rates: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 }

/** A span of virtual time. */
export const duration: Quantity<Duration> = {
  name: 'a duration',
  example: '10ms',
  pattern: /^\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|min|h|d)$/,
  read: (text) => nanoseconds(scaled(text, spans)),
}

/** A size in bytes. */
export const size: Quantity<number> = {
  name: 'a size',
  example: '64M',
  pattern: /^\d+(?:\.\d+)?(?:[KMGTkmgt]i?[Bb]?|[Bb])$/,
  read: (text) => Math.round(Number.parseFloat(text) * sizes[(/[A-Za-z]/.exec(text) as RegExpExecArray)[0].toLowerCase()]),
}

/** A rate in bits a second. */
export const rate: Quantity<number> = {
  name: 'a rate',
  example: '10Mbit',
  pattern: /^\d+(?:\.\d+)?[kKMG]?bit$/,
  read: (text) => Math.round(scaled(text.toLowerCase(), rates)),
}

/** A share between 0 and 1. */
export const share: Quantity<number> = {
  name: 'a share',
  example: '1%',
  pattern: /^(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?)%$/,
  read: (text) => Number.parseFloat(text) / 100,
}

/** `10000000` ns → `10ms`: the shortest spelling that reads back as the same span. */
export function formatDuration(span: Duration): string {
  for (const unit of ['d', 'h', 'm', 's', 'ms', 'us']) {
    if (span !== 0 && span % spans[unit] === 0) return `${span / spans[unit]}${unit}`
  }
  return `${span}ns`
}

/** `268435456` → `256M`. */
export function formatSize(sizeBytes: number): string {
  const [unit, worth] = (['G', 'M', 'K'] as const).map((one) => [one, sizes[one.toLowerCase()]] as const).find(([, one]) => sizeBytes >= one && sizeBytes % one === 0) ?? ['B', 1]
  return `${sizeBytes / worth}${unit}`
}

function scaled(text: string, units: Readonly<Record<string, number>>): number {
  const value = Number.parseFloat(text)
  return value * units[text.slice(/^[\d.]+/.exec(text)?.[0].length)]
}
