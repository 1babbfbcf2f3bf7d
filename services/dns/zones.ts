/**
 * The zones a lab has: its domain with every node in it, every node by its bare name, the addresses of its subnets backwards, and
 * each name of `records:` that lies elsewhere by itself, so that the rest of that domain may still be asked for outside.
 */
import type { InterfaceView, ServiceRoom } from '../../src/stack/service.ts'
import type { Data } from '../../src/wire/dns-data.ts'
import type { DnsConfig, Entry } from './config.ts'
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../../src/wire/address.ts'
import { types } from '../../src/wire/dns-data.ts'
import { fold, isBelow } from '../../src/wire/dns-name.ts'
import { hex, unhex } from '../../src/base/bytes.ts'
import { Zone } from './zone.ts'

export class Zones {
  /** The longest apex first. */
  readonly #zones: readonly Zone[]

  constructor(config: DnsConfig, room: Pick<ServiceRoom, 'interfaces' | 'nodes'>) {
    this.#zones = zonesOf(config, room).sort((a, b) => b.apex.length - a.apex.length)
    const zone = this.of(config.domain) as Zone
    for (const { ipv4 } of room.interfaces) if (ipv4 !== undefined) zone.add(serverName(config), types.a, { kind: 'a', address: parseIpv4(ipv4.address) })
    for (const { address } of room.interfaces.flatMap(global6)) zone.add(serverName(config), types.aaaa, dataOf(address))
    for (const each of this.#zones) if (each.apex.includes('.') || each === zone) each.add(each.apex, types.ns, { kind: 'name', name: serverName(config) })
    for (const { name, type, data, ttl } of config.records) this.of(name)?.add(name, type, data, ttl)
    for (const { name, data } of config.records.filter((each) => !each.name.startsWith('*'))) {
      const back = reverseName(data)
      if (back !== undefined && this.of(back)?.look(back)?.some((each) => each.type === types.ptr) !== true) this.of(back)?.add(back, types.ptr, { kind: 'name', name })
    }
  }

  /** The zone that a folded name belongs to; undefined: it is not ours. */
  of(name: string): Zone | undefined {
    return this.#zones.find((zone) => isBelow(name, zone.apex))
  }

  /** All names with records, for "did you mean". */
  get names(): readonly string[] {
    return [...new Set(this.#zones.flatMap((zone) => [zone.apex, ...zone.names]))]
  }
}

const serverName = (config: DnsConfig): string => `ns.${config.domain}`

function zonesOf(config: DnsConfig, { interfaces, nodes }: Pick<ServiceRoom, 'interfaces' | 'nodes'>): Zone[] {
  const byName = new Map(nodes.map((node) => [fold(node.name), node]))
  const addresses = (name: string): readonly Data[] | undefined => byName.get(name)?.addresses.map(dataOf)
  const below = (name: string): string => name.slice(0, Math.max(0, name.length - config.domain.length - 1))
  const backwards = (name: string): readonly Data[] | undefined => {
    const address = addressOf(name) ?? address6Of(name)
    const named = address === undefined ? [] : nodes.filter((node) => node.addresses.includes(address))
    return named.length === 0 ? undefined : named.map((node) => ({ kind: 'name', name: `${fold(node.name)}.${config.domain}` }))
  }
  const settings = (apex: string): { apex: string; server: string; ttl: number } => ({ apex, server: serverName(config), ttl: config.ttl })
  const zones = new Map<string, Zone>()
  const put = (zone: Zone): void => void (zones.has(zone.apex) || zones.set(zone.apex, zone))
  put(new Zone(settings(config.domain), (name) => addresses(below(name))))
  for (const { ipv4 } of interfaces) if (ipv4 !== undefined) put(new Zone(settings(reverseApex(ipv4.address, ipv4.prefix)), backwards))
  for (const { address, prefix } of interfaces.flatMap(global6)) put(new Zone(settings(reverseApex6(address, prefix)), backwards))
  for (const apex of config.zones) put(new Zone(settings(apex)))
  for (const name of byName.keys()) if (!name.includes('.')) put(new Zone(settings(name), (asked) => (asked === name ? addresses(name) : undefined)))
  const claimed = [...zones.keys()]
  for (const apex of config.records.flatMap(apexesOf)) if (!claimed.some((each) => isBelow(apex, each))) put(new Zone(settings(apex)))
  return [...zones.values()]
}

/** A wildcard makes the domain it stands in ours. Addresses have their way back. */
function apexesOf({ name, data }: Entry): string[] {
  const own = name.startsWith('*.') ? name.slice(2) : name
  const back = reverseName(data)
  return back === undefined ? [own] : [own, back]
}

/** `10.0.0.0/24` → `0.0.10.in-addr.arpa`. A subnet that ends inside an octet has the zone of the whole octet; a /0 has the first. */
function reverseApex(address: string, prefix: number): string {
  const octets = Math.min(3, Math.max(1, prefix >> 3))
  return `${address.split('.').slice(0, octets).reverse().join('.')}.in-addr.arpa`
}

/** `fd00:1::/64` → its 16 nibbles backwards in `ip6.arpa`; a prefix that ends inside a nibble has the zone of the whole nibbles in front. */
function reverseApex6(address: string, prefix: number): string {
  return `${[...hex(parseIpv6(address))].slice(0, Math.max(1, prefix >> 2)).reverse().join('.')}.ip6.arpa`
}

/** Those that mean something beyond the link. */
const global6 = ({ ipv6 }: InterfaceView): NonNullable<InterfaceView['ipv6']> => (ipv6 ?? []).filter(({ address }) => !address.includes('%'))

/** Where the name of an address is found (RFC 1035 §3.5, RFC 3596 §2.5). */
function reverseName(data: Data): string | undefined {
  if (data.kind === 'a') return `${formatIpv4(data.address).split('.').reverse().join('.')}.in-addr.arpa`
  return data.kind === 'aaaa' ? `${[...hex(data.address)].reverse().join('.')}.ip6.arpa` : undefined
}

const dataOf = (address: string): Data => (address.includes(':') ? { kind: 'aaaa', address: parseIpv6(address) } : { kind: 'a', address: parseIpv4(address) })

/** Nibbles backwards (RFC 3596 §2.5). @returns as nodes write theirs. */
function address6Of(name: string): string | undefined {
  const match = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)
  return match === null ? undefined : formatIpv6(unhex(match[1].split('.').reverse().join('')))
}

function addressOf(name: string): string | undefined {
  const match = /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\.in-addr\.arpa$/.exec(name)
  return match?.[1].split('.').reverse().join('.')
}
