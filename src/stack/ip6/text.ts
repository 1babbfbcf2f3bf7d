/** IPv6 addresses with their zones as text: `fe80::1%eth0`, as Node writes them. RFC 4007 §11. */
import type { Ip6 } from './ip6.ts'
import { Malformed } from '../../base/errors.ts'
import { formatIpv6, parseIpv6 } from '../../wire/address.ts'
import { isMulticastIpv6 } from '../../wire/ipv6-address.ts'
import { bare, zoned, zoneOf } from './zone.ts'

/** A link-local address without a zone is on the only link there is, or nowhere yet. @throws {Malformed} */
export function parseZoned(text: string, ip6: Ip6): Uint8Array {
  const at = text.indexOf('%')
  const address = parseIpv6(at < 0 ? text : text.slice(0, at))
  if (at < 0) return ip6.links.length === 1 ? zoned(address, ip6.links[0].zone) : address
  const link = ip6.linkNamed(text.slice(at + 1))
  if (link === undefined) throw new Malformed(`no interface of that name: ${text}`)
  return zoned(address, link.zone)
}

/** A group is written without its zone: where a datagram came in says it (stack/sockets.ts, Arrival). */
export function formatZoned(address: Uint8Array, ip6: Ip6): string {
  const link = isMulticastIpv6(address) ? undefined : ip6.linkOf(zoneOf(address))
  return link === undefined ? formatIpv6(bare(address)) : `${formatIpv6(bare(address))}%${link.interface.name}`
}
