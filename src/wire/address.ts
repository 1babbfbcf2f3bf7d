/**
 * Addresses and their text. In parsed values an IPv4 address is an unsigned 32-bit number, a MAC 6 bytes, an IPv6 address 16 bytes.
 * RFC 4291 §2.2 (what IPv6 text may be), RFC 5952 (what we write), RFC 4632 (prefixes).
 */
import { hex, putU16be, putU32be, u16be, u32be } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'

/** `10.0.0.0/24`: the network's own address and how many leading bits are its. */
export interface Subnet4 {
  readonly network: number
  readonly prefix: number
}

export const anyIpv4 = 0
export const broadcastIpv4 = 0xffff_ffff
export const broadcastMac: Uint8Array = Uint8Array.of(255, 255, 255, 255, 255, 255)

/** Four decimal parts, nothing else: `010.1` and `0x7f.1` mean different things to different programs. @throws {Malformed} */
export function parseIpv4(text: string): number {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) throw new Malformed(`not an IPv4 address: ${text}`)
  return parts.reduce((address, part) => address * 256 + Number(part), 0)
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`
}

export function ipv4Bytes(address: number): Uint8Array {
  const bytes = new Uint8Array(4)
  putU32be(bytes, 0, address)
  return bytes
}

/** `52:54:00:12:34:56`, or with `-`; one separator throughout. @throws {Malformed} */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}$/i.test(text)) throw new Malformed(`not a MAC address: ${text}`)
  return Uint8Array.from(text.split(/[:-]/), (pair) => Number.parseInt(pair, 16))
}

export function formatMac(mac: Uint8Array): string {
  return hex(mac, ':')
}

/** Multicast or broadcast: the low bit of the first byte (IEEE 802-2014 §8.2.2). */
export const isGroupMac = (mac: Uint8Array): boolean => (mac[0] & 1) === 1

export const isMulticastIpv4 = (address: number): boolean => address >>> 28 === 0xe

/** Where IPv4 multicast goes on Ethernet (RFC 1112 §6.4). */
export function multicastMac4(address: number): Uint8Array {
  return Uint8Array.of(0x01, 0x00, 0x5e, (address >>> 16) & 0x7f, (address >>> 8) & 0xff, address & 0xff)
}

/** Where IPv6 multicast goes on Ethernet (RFC 2464 §7). */
export function multicastMac6(address: Uint8Array): Uint8Array {
  return Uint8Array.of(0x33, 0x33, address[12], address[13], address[14], address[15])
}

/** The netmask of a prefix length: 24 → 255.255.255.0. */
export const maskOf = (prefix: number): number => (prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0)

/** The prefix length of a netmask, or undefined when its ones are not all in front. */
export function prefixOf(mask: number): number | undefined {
  const prefix = Math.clz32(~mask)
  return maskOf(prefix) === mask ? prefix : undefined
}

export const subnetOf = (address: number, prefix: number): Subnet4 => ({ network: (address & maskOf(prefix)) >>> 0, prefix })
export const inSubnet = (subnet: Subnet4, address: number): boolean => (address & maskOf(subnet.prefix)) >>> 0 === subnet.network
/** The subnet's directed broadcast address (RFC 919). */
export const broadcastOf = (subnet: Subnet4): number => (subnet.network | ~maskOf(subnet.prefix)) >>> 0

/** `10.0.0.0/24`; bits behind the prefix must be zero, so that a host address is not taken for its network. @throws {Malformed} */
export function parseSubnet4(text: string): Subnet4 {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text)
  if (match === null || Number(match[2]) > 32) throw new Malformed(`not an IPv4 subnet: ${text}`)
  const address = parseIpv4(match[1])
  const subnet = subnetOf(address, Number(match[2]))
  if (subnet.network !== address) throw new Malformed(`${text} has bits behind its prefix; the subnet is ${formatSubnet4(subnet)}`)
  return subnet
}

export const formatSubnet4 = ({ network, prefix }: Subnet4): string => `${formatIpv4(network)}/${prefix}`

/** @returns 16 bytes. A zone (`%eth0`) is not part of an address. @throws {Malformed} */
export function parseIpv6(text: string): Uint8Array {
  const wrong = new Malformed(`not an IPv6 address: ${text}`)
  const halves = text.split('::')
  if (halves.length > 2) throw wrong
  const [front, back] = halves.map((half) => groups(half, wrong))
  // An embedded IPv4 address may only end the text.
  if (back !== undefined && halves[0].includes('.')) throw wrong
  const missing = 8 - front.length - (back?.length ?? 0)
  if (back === undefined ? missing !== 0 : missing < 1) throw wrong
  const address = new Uint8Array(16)
  const all = back === undefined ? front : [...front, ...Array.from({ length: missing }, () => 0), ...back]
  for (const [at, group] of all.entries()) putU16be(address, at * 2, group)
  return address
}

function groups(half: string, wrong: Malformed): number[] {
  if (half === '') return []
  const parts = half.split(':')
  return parts.flatMap((part, at) => {
    if (part.includes('.') && at === parts.length - 1) {
      const embedded = parseIpv4(part)
      return [embedded >>> 16, embedded & 0xffff]
    }
    if (!/^[0-9a-f]{1,4}$/i.test(part)) throw wrong
    return [Number.parseInt(part, 16)]
  })
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`. */
export function formatIpv6(address: Uint8Array): string {
  if (isMappedIpv4(address)) return `::ffff:${formatIpv4(u32be(address, 12))}`
  const all = Array.from({ length: 8 }, (_, at) => u16be(address, at * 2))
  let best = { at: 0, length: 1 }
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (at + length < 8 && all[at + length] === 0) length++
    if (length > best.length) best = { at, length }
  }
  const text = (from: number, to: number): string => all.slice(from, to).map((group) => group.toString(16)).join(':')
  return best.length < 2 ? text(0, 8) : `${text(0, best.at)}::${text(best.at + best.length, 8)}`
}

/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
export const isMappedIpv4 = (address: Uint8Array): boolean => address.subarray(0, 10).every((byte) => byte === 0) && u16be(address, 10) === 0xffff
