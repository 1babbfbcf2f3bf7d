/** The `dhcp:` part of a lab file: read, checked, and made plain. Addresses are unsigned 32-bit numbers, spans are seconds. */
import type { Path } from '../../src/stack/service.ts'
import type { Subnet4 } from '../../src/wire/address.ts'
import { Malformed } from '../../src/base/errors.ts'
import { ServiceConfigError } from '../../src/stack/service.ts'
import { broadcastOf, formatIpv4, inSubnet, parseSubnet4 } from '../../src/wire/address.ts'
import { hintFor } from '../near.ts'
import { codeOf, kinds, reserved } from './option-kinds.ts'
import { encodeOption, parseAddress, show } from './option-values.ts'

export interface Range {
  readonly first: number
  readonly last: number
}

/** What a machine is to boot. `url` is for clients that speak HTTP (HTTPClient, iPXE). */
export interface Boot {
  readonly file: string | undefined
  /** An address or a name; the service point itself when not given. */
  readonly server: string | undefined
  readonly url: string | undefined
}

export interface OptionSetting {
  readonly data: Uint8Array
  /** Sent even to a client that didn't ask for it by option 55. */
  readonly force: boolean
}
export type OptionSettings = ReadonlyMap<number, OptionSetting>

/** Conditions of which all must hold; texts may hold `*`. */
export interface Conditions {
  readonly arch: readonly number[] | undefined
  readonly mac: string | undefined
  readonly vendor: string | undefined
  readonly user: string | undefined
  readonly uuid: string | undefined
  readonly circuit: string | undefined
}

export interface Rule {
  readonly when: Conditions
  readonly boot: Boot | undefined
  readonly options: OptionSettings
}

export interface Host {
  /** A node's name, a MAC as `02:00:00:00:00:01`, or a client id (option 61) as `id:ff01…`. */
  readonly who: string
  readonly address: number | undefined
  readonly name: string | undefined
  readonly boot: Boot | undefined
  readonly options: OptionSettings
}

/** A network behind a relay: what it has of its own; all else is the server's. */
export interface Scope {
  readonly subnet: Subnet4
  readonly range: Range
  readonly config: DhcpConfig
}

export interface DhcpConfig {
  readonly range: Range | undefined
  /** Seconds; Infinity for ever. */
  readonly lease: number
  readonly boot: Boot | undefined
  readonly rules: readonly Rule[]
  readonly hosts: readonly Host[]
  readonly options: OptionSettings
  /** `undefined`: the service point's own address. An empty list: none. */
  readonly router: readonly number[] | undefined
  readonly dns: readonly number[] | undefined
  readonly domain: string | undefined
  /** Networks whose clients come through a relay. */
  readonly scopes: readonly Scope[]
  /** Whether an address is asked for on the link before it is offered (RFC 2131 §2.2); half a second later then. */
  readonly probe: boolean
  /** Another server gives the addresses; here is only told what to boot. */
  readonly proxy: boolean
  /** Where leases are kept from one run to the next; not at all when undefined. */
  readonly journal: string | undefined
}

const scopeKeys = ['range', 'lease', 'boot', 'match', 'options', 'router', 'dns', 'domain']
const topKeys = [...scopeKeys, 'hosts', 'scopes', 'probe', 'proxy', 'leases']
const conditionKeys = ['arch', 'mac', 'vendor', 'user', 'uuid', 'circuit']
/** As many addresses as a /16 has: a table of leases stays small. */
const largestRange = 65_536

/** @throws {ServiceConfigError} */
export function parseConfig(config: unknown): DhcpConfig {
  const map = record(config === null || config === true ? {} : config, [], topKeys)
  const own = parseNetwork(map, [])
  const whole: DhcpConfig = {
    ...own,
    hosts: Object.entries(record(map['hosts'] ?? {}, ['hosts'])).map(([who, host]) => parseHost(who, host, ['hosts', who])),
    scopes: [],
    probe: flag(map['probe'], ['probe']),
    proxy: flag(map['proxy'], ['proxy']),
    journal: map['leases'] === undefined ? undefined : text(map['leases'], ['leases']),
  }
  if (whole.proxy && own.range !== undefined) throw new ServiceConfigError('a proxy gives no addresses, so it has no range', ['range'])
  return { ...whole, scopes: Object.entries(record(map['scopes'] ?? {}, ['scopes'])).map(([subnet, scope]) => parseScope(subnet, scope, whole)) }
}

type Network = Pick<DhcpConfig, 'range' | 'lease' | 'boot' | 'rules' | 'options' | 'router' | 'dns' | 'domain'>

/** What the server's own network and one behind a relay have alike. */
function parseNetwork(map: Readonly<Record<string, unknown>>, path: Path): Network {
  const at = (key: string): Path => [...path, key]
  return {
    range: map['range'] === undefined ? undefined : parseRange(map['range'], at('range')),
    lease: map['lease'] === undefined ? 3600 : parseSpan(map['lease'], at('lease')),
    boot: parseBoot(map['boot'], at('boot')),
    rules: items(map['match'], at('match')).map((each, place) => parseRule(each, [...at('match'), place])),
    options: parseOptions(map['options'], at('options')),
    router: parseAddresses(map['router'], at('router')),
    dns: parseAddresses(map['dns'], at('dns')),
    domain: map['domain'] === undefined ? undefined : text(map['domain'], at('domain')),
  }
}

/** `10.1.0.0/24: { range: …, router: … }`. What it doesn't say the server's own network does, but for addresses. */
function parseScope(written: string, value: unknown, server: DhcpConfig): Scope {
  const path: Path = ['scopes', written]
  const map = record(value, path, scopeKeys)
  const subnet = parseSubnet(written, path)
  const own = parseNetwork(map, path)
  if (own.range === undefined) throw new ServiceConfigError('a network behind a relay needs a range', path, `range: ${formatIpv4(subnet.network + 1)}-${formatIpv4(broadcastOf(subnet) - 1)}`)
  const { first, last } = own.range
  if (!inSubnet(subnet, first) || !inSubnet(subnet, last) || first === subnet.network || last === broadcastOf(subnet)) throw new ServiceConfigError(`the range is not in ${written}`, [...path, 'range'])
  const config = { ...server, ...own, lease: map['lease'] === undefined ? server.lease : own.lease, boot: own.boot ?? server.boot, rules: [...own.rules, ...server.rules], options: new Map([...server.options, ...own.options]), dns: own.dns ?? server.dns, domain: own.domain ?? server.domain }
  return { subnet, range: own.range, config }
}

function parseSubnet(written: string, path: Path): Subnet4 {
  try {
    return parseSubnet4(written)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new ServiceConfigError(error.message, path, 'write 10.1.0.0/24: { range: … }')
  }
}

function flag(value: unknown, path: Path): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw new ServiceConfigError(`found ${show(value)}, expected true or false`, path)
  return value === true
}

function parseRange(value: unknown, path: Path): Range {
  const parts = typeof value === 'string' ? value.split('-').map((part) => part.trim()) : []
  if (parts.length !== 2) throw new ServiceConfigError(`found ${show(value)}, expected two addresses such as 10.0.0.100-10.0.0.199`, path)
  const range = { first: parseAddress(parts[0], path), last: parseAddress(parts[1], path) }
  if (range.last < range.first) throw new ServiceConfigError(`the range ${parts[0]}-${parts[1]} ends before it starts`, path, `write ${parts[1]}-${parts[0]}`)
  if (range.last - range.first >= largestRange) throw new ServiceConfigError(`the range has ${range.last - range.first + 1} addresses; ${largestRange} is the most`, path)
  return range
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 }

function parseSpan(value: unknown, path: Path): number {
  if (value === 'infinite') return Number.POSITIVE_INFINITY
  const parts = typeof value === 'string' && /^(\d+(s|min|m|h|d|w))+$/.test(value) ? value.matchAll(/(\d+)([a-z]+)/g) : undefined
  if (parts === undefined) throw new ServiceConfigError(`found ${show(value)}, expected a time such as 1h, 90s or infinite`, path, typeof value === 'number' ? `write ${value}s` : undefined)
  const seconds = [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * unitSeconds[unit], 0)
  if (seconds < 10 || seconds > 0xffff_fffe) throw new ServiceConfigError(`a lease of ${show(value)}: from 10s to 49710d, or infinite`, path)
  return seconds
}

function parseBoot(value: unknown, path: Path): Boot | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string') return value.includes('://') ? { file: undefined, server: undefined, url: value } : { file: text(value, path), server: undefined, url: undefined }
  const map = record(value, path, ['file', 'server', 'url'])
  const part = (key: string): string | undefined => (map[key] === undefined ? undefined : text(map[key], [...path, key]))
  return { file: part('file'), server: part('server'), url: part('url') }
}

function parseRule(value: unknown, path: Path): Rule {
  const map = record(value, path, [...conditionKeys, 'boot', 'options'])
  if (!conditionKeys.some((key) => map[key] !== undefined)) throw new ServiceConfigError('this rule has no condition, so it would match every client', path, `one of: ${conditionKeys.join(', ')}`)
  const word = (key: string): string | undefined => (map[key] === undefined ? undefined : text(map[key], [...path, key]))
  const when = { arch: archs(map['arch'], [...path, 'arch']), mac: word('mac'), vendor: word('vendor'), user: word('user'), uuid: word('uuid'), circuit: word('circuit') }
  return { when, boot: parseBoot(map['boot'], [...path, 'boot']), options: parseOptions(map['options'], [...path, 'options']) }
}

function archs(value: unknown, path: Path): readonly number[] | undefined {
  if (value === undefined) return undefined
  return (Array.isArray(value) ? value : [value]).map((each: unknown) => {
    if (typeof each === 'number' && Number.isInteger(each) && each >= 0 && each <= 0xffff) return each
    throw new ServiceConfigError(`found ${show(each)}, expected an architecture number such as 27 (RFC 4578 §2.1)`, path)
  })
}

function parseHost(who: string, value: unknown, path: Path): Host {
  const none = { who, address: undefined, name: undefined, boot: undefined, options: new Map() }
  if (typeof value === 'string') return { ...none, address: parseAddress(value, path) }
  const map = record(value, path, ['address', 'name', 'boot', 'options'])
  return {
    who,
    address: map['address'] === undefined ? undefined : parseAddress(map['address'], [...path, 'address']),
    name: map['name'] === undefined ? undefined : text(map['name'], [...path, 'name']),
    boot: parseBoot(map['boot'], [...path, 'boot']),
    options: parseOptions(map['options'], [...path, 'options']),
  }
}

function parseOptions(value: unknown, path: Path): OptionSettings {
  const settings = new Map<number, OptionSetting>()
  for (const [word, setting] of Object.entries(record(value ?? {}, path))) {
    const at = [...path, word]
    const code = codeOf(word)
    if (code === undefined) throw new ServiceConfigError(`there is no DHCP option "${word}"`, at, hintFor(word, kinds.map((kind) => kind.name)))
    if (reserved.has(code)) throw new ServiceConfigError(`option ${code} belongs to the protocol and can't be set`, at)
    settings.set(code, parseOption(code, setting, at))
  }
  return settings
}

/** `value`, or `{ value: …, force: true }`. */
function parseOption(code: number, setting: unknown, path: Path): OptionSetting {
  if (typeof setting !== 'object' || setting === null || !('value' in setting)) return { data: encodeOption(code, setting, path), force: false }
  const map = record(setting, path, ['value', 'force'])
  if (map['force'] !== undefined && typeof map['force'] !== 'boolean') throw new ServiceConfigError(`found ${show(map['force'])}, expected true or false`, [...path, 'force'])
  return { data: encodeOption(code, map['value'], [...path, 'value']), force: map['force'] === true }
}

/** One address or a list; `none` or `false` is an empty list. */
function parseAddresses(value: unknown, path: Path): readonly number[] | undefined {
  if (value === undefined) return undefined
  if (value === false || value === 'none') return []
  return Array.isArray(value) ? value.map((each, at) => parseAddress(each, [...path, at])) : [parseAddress(value, path)]
}

function items(value: unknown, path: Path): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new ServiceConfigError(`found ${show(value)}, expected a list`, path)
  return value
}

function text(value: unknown, path: Path): string {
  if (typeof value === 'string' && value !== '') return value
  throw new ServiceConfigError(`found ${show(value)}, expected text`, path)
}

/** @param keys those allowed; all when not given. */
function record(value: unknown, path: Path, keys?: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ServiceConfigError(`found ${show(value)}, expected ${keys === undefined ? 'names and values' : `a map of ${keys.join(', ')}`}`, path)
  for (const key of Object.keys(value)) {
    if (keys !== undefined && !keys.includes(key) && !key.startsWith('x-')) throw new ServiceConfigError(`there is no key "${key}" here`, [...path, key], hintFor(key, keys))
  }
  return value as Readonly<Record<string, unknown>>
}
