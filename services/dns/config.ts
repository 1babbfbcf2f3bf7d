/** The `dns:` part of a lab file, read and checked. */
import { Malformed } from '../../src/base/errors.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { Path } from '../../src/stack/service.ts'
import { ServiceConfigError } from '../../src/stack/service.ts'
import { parseIpv4, parseIpv6 } from '../../src/wire/address.ts'
import { types, type Data } from '../../src/wire/dns-data.ts'
import { fold, labelsOf } from '../../src/wire/dns-name.ts'
import { Settings, show } from '../settings.ts'

/** A record of the lab file; its class is Internet. */
export interface Entry {
  /** Folded (dns-name.ts). */
  readonly name: string
  readonly type: number
  /** In seconds; undefined: the zone's. */
  readonly ttl: number | undefined
  readonly data: Data
}

export interface DnsConfig {
  /** Where the lab's nodes are: `node1.lab`. Folded, as all names here. */
  readonly domain: string
  /** Further domains in which what has no record does not exist. */
  readonly zones: readonly string[]
  /** In seconds. */
  readonly ttl: number
  readonly records: readonly Entry[]
  /** Servers that are asked what is not ours. */
  readonly forward: readonly string[]
}

const keys = ['domain', 'zones', 'ttl', 'records', 'forward']
const recordKeys = ['a', 'aaaa', 'cname', 'mx', 'ns', 'ptr', 'srv', 'txt', 'ttl']
const longestTtl = 604_800

/** @throws {ServiceConfigError} */
export function parseConfig(config: unknown): DnsConfig {
  const settings = new Settings(config, keys)
  const records = settings.inner('records')
  const entries = records.keys.flatMap((name) => parseEntries(name, records))
  refuseBesideAlias(entries, records)
  return {
    domain: domain(settings.text('domain', 'a domain such as lab') ?? 'lab', settings.at('domain')),
    zones: settings.list('zones').map((each, at) => domain(each, [...settings.at('zones'), at])),
    ttl: settings.span('ttl', 0, longestTtl, 60),
    records: entries,
    forward: settings.get('forward') === false || settings.get('forward') === 'none' ? [] : settings.list('forward').map((each, at) => serverAddress(each, [...settings.at('forward'), at])),
  }
}

function parseEntries(written: string, records: Settings): Entry[] {
  const path = records.at(written)
  const name = domain(written, path)
  return records.list(written).flatMap((value, at) => entriesOf(name, value, Array.isArray(records.get(written)) ? [...path, at] : path))
}

function entriesOf(name: string, value: unknown, path: Path): Entry[] {
  if (typeof value === 'string') return [{ name, ttl: undefined, ...addressData(value, path) }]
  const settings = new Settings(value, recordKeys, path)
  const ttl = settings.get('ttl') === undefined ? undefined : settings.span('ttl', 0, longestTtl, 0)
  return settings.keys.filter((key) => key !== 'ttl').flatMap((key) => {
    const many = Array.isArray(settings.get(key))
    return settings.list(key).map((each, at) => ({ name, type: types[key as keyof typeof types], ttl, data: dataOf(key, each, many ? [...settings.at(key), at] : settings.at(key)) }))
  })
}

function addressData(text: string, path: Path): { type: number; data: Data } {
  try {
    return text.includes(':') ? { type: types.aaaa, data: { kind: 'aaaa', address: parseIpv6(text) } } : { type: types.a, data: { kind: 'a', address: parseIpv4(text) } }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new ServiceConfigError(`found ${show(text)}, expected an address`, path, `another name is { cname: ${text} }`)
  }
}

function dataOf(key: string, value: unknown, path: Path): Data {
  const text = typeof value === 'string' ? value.trim() : ''
  const wrong = (expected: string): ServiceConfigError => new ServiceConfigError(`found ${show(value)}, expected ${expected}`, path)
  switch (key) {
    case 'a':
    case 'aaaa': {
      const { type, data } = addressData(text, path)
      if (type !== types[key]) throw wrong(key === 'a' ? 'an IPv4 address' : 'an IPv6 address')
      return data
    }
    case 'mx': {
      const parts = /^(\d{1,5})\s+(\S+)$/.exec(text)
      if (parts === null || Number(parts[1]) > 0xffff) throw wrong('a preference and a name such as "10 mail.lab"')
      return { kind: 'mx', preference: Number(parts[1]), exchange: domain(parts[2], path) }
    }
    case 'srv': {
      const parts = /^(\d{1,5})\s+(\d{1,5})\s+(\d{1,5})\s+(\S+)$/.exec(text)
      const [priority, weight, port] = (parts ?? []).slice(1, 4).map(Number)
      if (parts === null || [priority, weight, port].some((number) => number > 0xffff)) throw wrong('priority, weight, port and name such as "0 5 80 www.lab"')
      return { kind: 'srv', priority, weight, port, target: domain(parts[4], path) }
    }
    case 'txt':
      if (typeof value !== 'string') throw wrong('text')
      return { kind: 'txt', texts: pieces(utf8(value)) }
    default:
      return { kind: 'name', name: domain(value, path) }
  }
}

/** A text of more than 255 bytes stands in several strings (RFC 7208 §3.3 reads them joined). */
function pieces(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.max(1, Math.ceil(bytes.length / 255)) }, (_, at) => bytes.slice(255 * at, 255 * (at + 1)))
}

function domain(value: unknown, path: Path): string {
  if (typeof value !== 'string' || value === '' || value === '.') throw new ServiceConfigError(`found ${show(value)}, expected a domain name such as files.lab`, path)
  try {
    labelsOf(value)
    return fold(value)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new ServiceConfigError(error.message, path)
  }
}

function serverAddress(value: unknown, path: Path): string {
  try {
    if (typeof value === 'string') return parseIpv4(value) === 0 ? value : value
  } catch {
    // Told below.
  }
  throw new ServiceConfigError(`found ${show(value)}, expected a server's address such as 9.9.9.9, or none`, path)
}

/** "If a CNAME RR is present at a node, no other data should be present" (RFC 1034 §3.6.2). */
function refuseBesideAlias(entries: readonly Entry[], records: Settings): void {
  for (const { name } of entries.filter((each) => each.type === types.cname)) {
    if (entries.filter((each) => each.name === name).length === 1) continue
    throw new ServiceConfigError(`${name} is an alias (cname), so it can have no other record`, records.at(records.keys.find((key) => fold(key) === name) ?? name))
  }
}
