/** Reads a service's part of a lab file: what may stand there, of what kind, and what is said when it doesn't. */
import type { Path } from '../src/stack/service.ts'
import { ServiceConfigError } from '../src/stack/service.ts'
import { parseIpv4 } from '../src/wire/address.ts'
import { hintFor } from './near.ts'

const sizes: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }
const spans: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 }

/** A map of the lab file. Every method throws ServiceConfigError with the path of what it complains about. */
export class Settings {
  readonly path: Path
  readonly #map: Readonly<Record<string, unknown>>

  /** @param config `null`, `true` and nothing are an empty map. @param keys those allowed, beside `x-*`; any when left out. */
  constructor(config: unknown, keys?: readonly string[], path: Path = []) {
    this.path = path
    const map = config === undefined || config === null || config === true ? {} : config
    if (typeof map !== 'object' || Array.isArray(map)) throw new ServiceConfigError(`found ${show(config)}, expected ${keys === undefined ? 'names and values' : `a map of ${keys.join(', ')}`}`, path)
    for (const key of Object.keys(map)) {
      if (keys !== undefined && !keys.includes(key) && !key.startsWith('x-')) throw new ServiceConfigError(`there is no key "${key}" here`, [...path, key], hintFor(key, keys))
    }
    this.#map = map as Readonly<Record<string, unknown>>
  }

  /** Keys in the file's order, `x-*` left out. */
  get keys(): readonly string[] {
    return Object.keys(this.#map).filter((key) => !key.startsWith('x-'))
  }

  get(key: string): unknown {
    return this.#map[key]
  }

  at(key: string): Path {
    return [...this.path, key]
  }

  /** Says what is wrong with the value of `key`. */
  refuse(key: string, expected: string, hint?: string): never {
    throw new ServiceConfigError(`found ${show(this.#map[key])}, expected ${expected}`, this.at(key), hint)
  }

  inner(key: string, keys?: readonly string[]): Settings {
    return new Settings(this.#map[key], keys, this.at(key))
  }

  /** A list; one value is a list of one, nothing an empty one. */
  list(key: string): readonly unknown[] {
    const value = this.#map[key]
    return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]
  }

  text(key: string, expected = 'text'): string | undefined {
    const value = this.#map[key]
    if (value === undefined) return undefined
    return typeof value === 'string' && value !== '' ? value : this.refuse(key, expected)
  }

  flag(key: string, usual = false): boolean {
    const value = this.#map[key]
    if (value === undefined) return usual
    return typeof value === 'boolean' ? value : this.refuse(key, 'true or false')
  }

  whole(key: string, least: number, most: number, usual: number): number {
    const value = this.#map[key]
    if (value === undefined) return usual
    return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? value : this.refuse(key, `a whole number from ${least} to ${most}`)
  }

  /** Bytes, written as `64M`. */
  size(key: string, usual: number): number {
    const value = this.#map[key]
    if (value === undefined) return usual
    const match = typeof value === 'string' ? /^(\d{1,4})([KMG])$/.exec(value) : null
    return match === null ? this.refuse(key, 'a size such as 64M') : Number(match[1]) * sizes[match[2]]
  }

  /** Seconds, written as `90s` or `1h30m`. */
  span(key: string, least: number, most: number, usual: number): number {
    const value = this.#map[key]
    if (value === undefined) return usual
    if (typeof value !== 'string' || !/^(\d+(ms|s|min|m|h|d|w))+$/.test(value)) return this.refuse(key, 'a time such as 90s or 1h', typeof value === 'number' ? `write ${value}s` : undefined)
    const sum = [...value.matchAll(/(\d+)([a-z]+)/g)].reduce((total, [, count, unit]) => total + Number(count) * spans[unit], 0)
    return sum >= least && sum <= most ? sum : this.refuse(key, `a time from ${least}s to ${most}s`)
  }

  /** An IPv4 address, as it is written. */
  address(key: string): string | undefined {
    const value = this.text(key, 'an IPv4 address')
    if (value === undefined) return undefined
    try {
      parseIpv4(value)
      return value
    } catch {
      return this.refuse(key, 'an IPv4 address')
    }
  }
}

/** A value as an error message shows it. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
