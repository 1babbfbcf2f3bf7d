/** What an IPv6 address is for. RFC 4291 (kinds, solicited-node groups, interface identifiers), RFC 4193 (unique local), RFC 4007 (scopes). */
import { formatIpv6, parseIpv6 } from './address.ts'
import { Malformed } from '../base/errors.ts'

/** `fd00:1::/64`: the network's own address and how many leading bits are its. */
export interface Subnet6 {
  readonly network: Uint8Array
  readonly prefix: number
}

export const anyIpv6 = new Uint8Array(16)
export const loopbackIpv6 = parseIpv6('::1')
export const allNodes = parseIpv6('ff02::1')
export const allRouters = parseIpv6('ff02::2')
/** Where MLDv2 reports go (RFC 3810 §5.2.14). */
export const allMldRouters = parseIpv6('ff02::16')
export const linkLocalPrefix: Subnet6 = { network: parseIpv6('fe80::'), prefix: 64 }

export const isMulticastIpv6 = (address: Uint8Array): boolean => address[0] === 0xff
/** fe80::/10. */
export const isLinkLocalIpv6 = (address: Uint8Array): boolean => address[0] === 0xfe && (address[1] & 0xc0) === 0x80
/** fc00::/7. */
export const isUniqueLocal = (address: Uint8Array): boolean => (address[0] & 0xfe) === 0xfc
/** `::`. */
export const isAnyIpv6 = (address: Uint8Array): boolean => isZero(address, 16)
/** `::1`. */
export const isLoopbackIpv6 = (address: Uint8Array): boolean => address[15] === 1 && isZero(address, 15)

function isZero(address: Uint8Array, count: number): boolean {
  for (let at = 0; at < count; at++) if (address[at] !== 0) return false
  return true
}

/** RFC 4007 §5's numbers: 1 interface, 2 link, 5 site, 14 global; unicast as RFC 6724 §3.1 has it. */
export function scopeOf(address: Uint8Array): number {
  if (isMulticastIpv6(address)) return address[1] & 0xf
  return isLinkLocalIpv6(address) || isLoopbackIpv6(address) ? 2 : 14
}

export function equalIpv6(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 15; at >= 0; at--) if (a[at] !== b[at]) return false
  return true
}

/** Leading bits that both have in common, at most 128. */
export function commonBits(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < 16; at++) if (a[at] !== b[at]) return at * 8 + Math.clz32(a[at] ^ b[at]) - 24
  return 128
}

export const inSubnet6 = ({ network, prefix }: Subnet6, address: Uint8Array): boolean => commonBits(network, address) >= prefix

/** The subnet that `address` is in; bits behind the prefix cleared. */
export function subnetOf6(address: Uint8Array, prefix: number): Subnet6 {
  const network = address.slice()
  for (let at = 0; at < 16; at++) network[at] &= 0xff00 >> Math.max(0, Math.min(8, prefix - at * 8))
  return { network, prefix }
}

/** `fd00::/64`; bits behind the prefix must be zero. @throws {Malformed} */
export function parseSubnet6(text: string): Subnet6 {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text)
  if (match === null || Number(match[2]) > 128) throw new Malformed(`not an IPv6 subnet: ${text}`)
  const address = parseIpv6(match[1])
  const subnet = subnetOf6(address, Number(match[2]))
  if (!equalIpv6(subnet.network, address)) throw new Malformed(`${text} has bits behind its prefix; the subnet is ${formatSubnet6(subnet)}`)
  return subnet
}

export const formatSubnet6 = ({ network, prefix }: Subnet6): string => `${formatIpv6(network)}/${prefix}`

/** ff02::1:ffXX:XXXX, where a neighbour with `address` is asked for (RFC 4291 §2.7.1). */
export function solicitedNode(address: Uint8Array): Uint8Array {
  const group = parseIpv6('ff02::1:ff00:0')
  group.set(address.subarray(13), 13)
  return group
}

/** The modified EUI-64 of a MAC address (RFC 4291 appendix A): 8 bytes. */
export function eui64(mac: Uint8Array): Uint8Array {
  return Uint8Array.of(mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5])
}

/** A /64's `network` with an interface identifier of 8 bytes. */
export function withIdentifier(network: Uint8Array, identifier: Uint8Array): Uint8Array {
  const address = network.slice()
  address.set(identifier, 8)
  return address
}

/** A short text that stands for the address in a map: eight UTF-16 units. Not for people. */
export function keyOf(a: Uint8Array): string {
  return String.fromCharCode((a[0] << 8) | a[1], (a[2] << 8) | a[3], (a[4] << 8) | a[5], (a[6] << 8) | a[7], (a[8] << 8) | a[9], (a[10] << 8) | a[11], (a[12] << 8) | a[13], (a[14] << 8) | a[15])
}
