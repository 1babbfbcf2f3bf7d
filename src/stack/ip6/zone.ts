/**
 * Zones. RFC 4007: fe80::1 is another host on each link. Inside this host a link-local address, and a group of link scope, carries the
 * number of its interface in its bytes 2 and 3, which are zero on every wire (RFC 4291 §2.5.6, §2.7). So an address alone says where
 * it is, and two are the same when their bytes are. `bare` is what goes into a packet; in text it is `fe80::1%eth0`, as Node has it.
 */
import { putU16be, u16be } from '../../base/bytes.ts'
import { addressSum6 } from '../../wire/checksum.ts'
import { isLinkLocalIpv6 } from '../../wire/ipv6-address.ts'

/** Whether it means something on one link only: fe80::/10, ff02::/16 and ff12::/16. */
export const isLinkScoped = (address: Uint8Array): boolean => isLinkLocalIpv6(address) || (address[0] === 0xff && (address[1] === 0x02 || address[1] === 0x12))

/** A copy, in the zone of an interface where it has one. */
export function zoned(address: Uint8Array, zone: number): Uint8Array {
  const copy = address.slice()
  if (isLinkScoped(copy)) putU16be(copy, 2, zone)
  return copy
}

/** As on a wire: a copy where that differs. */
export function bare(address: Uint8Array): Uint8Array {
  if (!isLinkScoped(address) || u16be(address, 2) === 0) return address
  const copy = address.slice()
  copy.fill(0, 2, 4)
  return copy
}

/** The number of the interface, 0 for none or any. */
export const zoneOf = (address: Uint8Array): number => (isLinkScoped(address) ? u16be(address, 2) : 0)

/** Of the pseudo-header, whose addresses have no zone. */
export const addressSum = (source: Uint8Array, destination: Uint8Array, protocol: number): number => addressSum6(source, destination, protocol) - zoneOf(source) - zoneOf(destination)
