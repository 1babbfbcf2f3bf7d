/** The `dhcp6:` part of a lab file, read and checked. Spans are seconds. */
import { Malformed } from '../../src/base/errors.ts'
import { u32be } from '../../src/base/bytes.ts'
import type { Path } from '../../src/stack/service.ts'
import { ServiceConfigError } from '../../src/stack/service.ts'
import { parseIpv6 } from '../../src/wire/address.ts'
import { buildNames } from '../../src/wire/dhcpv6.ts'
import { equalIpv6, inSubnet6, parseSubnet6, type Subnet6 } from '../../src/wire/ipv6-address.ts'
import { Settings, show } from '../settings.ts'

/** Addresses that differ in their last 32 bits only. */
export interface Range6 {
  readonly first: Uint8Array
  readonly count: number
}

/** Prefixes that are given to routers: those of `length` bits in `subnet`. */
export interface Delegation {
  readonly subnet: Subnet6
  readonly length: number
}

/** What a client is to boot (RFC 5970). */
export interface Boot6 {
  readonly url: string
  readonly parameters: readonly string[]
}

export interface Rule6 {
  /** Architectures (option 61); any when undefined. */
  readonly arch: readonly number[] | undefined
  /** A user class (option 15); any when undefined. */
  readonly user: string | undefined
  readonly boot: Boot6
}

export interface Dhcpv6Config {
  /** `auto`: a part of the service's own network; undefined: no addresses are given, only settings. */
  readonly range: Range6 | 'auto' | undefined
  /** Networks behind relays. */
  readonly scopes: readonly { readonly subnet: Subnet6; readonly range: Range6 }[]
  readonly delegation: Delegation | undefined
  /** Infinity: for ever. */
  readonly lease: number
  /** Addresses by node name, MAC or `duid:…`. */
  readonly hosts: ReadonlyMap<string, Uint8Array>
  /** Undefined: the service's own address, where it is asked for. */
  readonly dns: readonly Uint8Array[] | undefined
  readonly domains: readonly string[]
  readonly boot: Boot6 | undefined
  readonly rules: readonly Rule6[]
  readonly rapidCommit: boolean
  /** For client's choice among servers; 255 is taken at once. */
  readonly preference: number
  /** Where bindings are kept from one run to the next; not at all when undefined. */
  readonly journal: string | undefined
}

const keys = ['range', 'scopes', 'delegate', 'lease', 'hosts', 'dns', 'domains', 'boot', 'match', 'rapid_commit', 'preference', 'leases']
const largestRange = 65_536
const longestLease = 0xffff_fffe

/** @throws {ServiceConfigError} */
export function parseConfig(config: unknown): Dhcpv6Config {
  const settings = new Settings(config, keys)
  const range = settings.get('range')
  const scopes = settings.inner('scopes')
  const hosts = settings.inner('hosts')
  return {
    range: range === undefined || range === 'auto' ? 'auto' : range === 'none' ? undefined : parseRange(range, settings.at('range')),
    scopes: scopes.keys.map((written) => parseScope(written, scopes)),
    delegation: settings.get('delegate') === undefined ? undefined : parseDelegation(settings),
    lease: settings.get('lease') === 'infinite' ? Number.POSITIVE_INFINITY : Math.ceil(settings.span('lease', 10, longestLease, 3600)),
    hosts: new Map(hosts.keys.map((who) => [who.toLowerCase(), address(hosts.get(who), hosts.at(who))])),
    dns: settings.get('dns') === undefined ? undefined : settings.get('dns') === 'none' ? [] : settings.list('dns').map((each) => address(each, settings.at('dns'))),
    domains: settings.list('domains').map((each) => domain(each, settings.at('domains'))),
    boot: settings.get('boot') === undefined ? undefined : parseBoot(settings.get('boot'), settings.at('boot')),
    rules: settings.list('match').map((each, at) => parseRule(each, [...settings.at('match'), at])),
    rapidCommit: settings.flag('rapid_commit'),
    preference: settings.whole('preference', 0, 255, 0),
    journal: settings.text('leases', 'a file such as ./leases6.journal'),
  }
}

function address(value: unknown, path: Path): Uint8Array {
  try {
    return parseIpv6(String(value))
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new ServiceConfigError(`found ${show(value)}, expected an IPv6 address`, path)
  }
}

function subnet(written: string, path: Path): Subnet6 {
  try {
    return parseSubnet6(written)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new ServiceConfigError(`found ${show(written)}, expected a network such as fd00:1::/64`, path)
  }
}

function parseRange(value: unknown, path: Path): Range6 {
  const parts = typeof value === 'string' ? value.split('-').map((part) => part.trim()) : []
  if (parts.length !== 2) throw new ServiceConfigError(`found ${show(value)}, expected two addresses such as fd00:1::1000-fd00:1::1fff, auto or none`, path)
  const [first, last] = parts.map((part) => address(part, path))
  const count = u32be(last, 12) - u32be(first, 12) + 1
  if (!equalIpv6(first.with(12, 0).with(13, 0).with(14, 0).with(15, 0), last.with(12, 0).with(13, 0).with(14, 0).with(15, 0)) || count > largestRange) throw new ServiceConfigError(`the range ${parts[0]}-${parts[1]} is too large; ${largestRange} addresses are the most`, path)
  if (count < 1) throw new ServiceConfigError(`the range ${parts[0]}-${parts[1]} ends before it starts`, path, `write ${parts[1]}-${parts[0]}`)
  return { first, count }
}

/** `fd00:9::/64: fd00:9::100-fd00:9::1ff`, for clients of a relay on that link. */
function parseScope(written: string, scopes: Settings): Dhcpv6Config['scopes'][number] {
  const path = scopes.at(written)
  const [of, range] = [subnet(written, path), parseRange(scopes.get(written), path)]
  if (!inSubnet6(of, range.first)) throw new ServiceConfigError(`the range is not in ${written}`, path)
  return { subnet: of, range }
}

/** `{ prefix: fd00:100::/48, length: 56 }` */
function parseDelegation(settings: Settings): Delegation {
  const inner = settings.inner('delegate', ['prefix', 'length'])
  const of = subnet(inner.text('prefix', 'a network such as fd00:100::/48') ?? inner.refuse('prefix', 'a network such as fd00:100::/48'), inner.at('prefix'))
  const length = inner.whole('length', of.prefix, 64, Math.min(64, Math.max(56, of.prefix)))
  if (length - of.prefix > 16) inner.refuse('length', `at most ${of.prefix + 16}`, 'that many prefixes are more than are kept count of')
  return { subnet: of, length }
}

function parseBoot(value: unknown, path: Path): Boot6 {
  const settings = new Settings(typeof value === 'string' ? { url: value } : value, ['url', 'parameters'], path)
  const url = settings.text('url', 'a URL such as tftp://[fd00:1::1]/boot.efi') ?? settings.refuse('url', 'a URL such as tftp://[fd00:1::1]/boot.efi')
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(url)) settings.refuse('url', 'a URL', `tftp://[fd00:1::1]/${url}`)
  const parameters = settings.list('parameters').map((each) => (typeof each === 'string' ? each : settings.refuse('parameters', 'a list of texts')))
  return { url, parameters }
}

function parseRule(value: unknown, path: Path): Rule6 {
  const settings = new Settings(value, ['arch', 'user', 'boot'], path)
  const arch = settings.list('arch').map((each) => (typeof each === 'number' && Number.isInteger(each) && each >= 0 && each <= 0xffff ? each : settings.refuse('arch', 'architecture numbers such as 27 (RFC 4578 §2.1)')))
  const user = settings.text('user', 'a user class such as iPXE')
  if (arch.length === 0 && user === undefined) throw new ServiceConfigError('this rule has no condition, so it would match every client', path, 'arch or user')
  return { arch: arch.length === 0 ? undefined : arch, user, boot: parseBoot(settings.get('boot'), [...path, 'boot']) }
}

function domain(value: unknown, path: Path): string {
  try {
    if (typeof value === 'string' && value !== '' && buildNames([value]).length > 1) return value
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
  }
  throw new ServiceConfigError(`found ${show(value)}, expected a domain such as lab.example`, path)
}
