/** Addresses a lab file left out: stable, derived from names and the seed, never drawn. IPv4 in dotted text, as everywhere above the wire. */
import { hash32 } from '../base/random.ts'
import { broadcastOf, formatIpv4, inSubnet, maskOf, parseIpv4, parseIpv6, type Subnet4 } from '../wire/address.ts'
import type { Subnet } from './topology.ts'

/** `02:xx:…`: locally administered, unicast (IEEE 802-2014 §8.2), from who and where. `attempt` tells apart names whose hashes meet. */
export function derivedMac(seed: string, lab: string, node: string, nic: string, attempt = 0): string {
  const path = `${seed}/${lab}/${node}/${nic}/${attempt}`
  const low = hash32(path, 1)
  const high = hash32(path, 2)
  const bytes = [0x02, high & 0xff, low >>> 24, (low >>> 16) & 0xff, (low >>> 8) & 0xff, low & 0xff]
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

export function isIpv6(text: string): boolean {
  try {
    return parseIpv6(text).length === 16
  } catch {
    return false
  }
}

/** `10.0.0.7/24` → its subnet, host bits cleared. The schema has seen to the text. */
export function subnetOf(cidr: string): Subnet {
  const [address, length] = cidr.split('/')
  const prefix = Number(length)
  return { network: formatIpv4((parseIpv4(address) & maskOf(prefix)) >>> 0), prefix }
}

export function contains(subnet: Subnet, address: string): boolean {
  return inSubnet(numeric(subnet), parseIpv4(address))
}

export function overlap(a: Subnet, b: Subnet): boolean {
  const [wide, narrow] = a.prefix <= b.prefix ? [a, b] : [b, a]
  return contains(wide, narrow.network)
}

/** The first address a host may have in it; a /31 (RFC 3021) and a /32 have no network address to pass over. */
export function firstHost(subnet: Subnet): string {
  return formatIpv4(parseIpv4(subnet.network) + (subnet.prefix >= 31 ? 0 : 1))
}

/** The last address a host may have in it and that is not `taken`. */
export function lastHost(subnet: Subnet, taken: ReadonlySet<string | undefined>): string {
  for (let address = broadcastOf(numeric(subnet)); ; address--) {
    const text = formatIpv4(address)
    if (!contains(subnet, text)) return firstHost(subnet)
    if (isHost(subnet, text) && !taken.has(text)) return text
  }
}

/** Whether a host may have it: the subnet's own address and its broadcast are nobody's. */
export function isHost(subnet: Subnet, address: string): boolean {
  if (!contains(subnet, address)) return false
  return subnet.prefix >= 31 || (address !== subnet.network && parseIpv4(address) !== broadcastOf(numeric(subnet)))
}

/** The first /24 of 10.77.0.0/16 that meets none of `taken`; undefined when all 256 are. */
export function pooledSubnet(taken: readonly Subnet[]): Subnet | undefined {
  for (let third = 0; third < 256; third++) {
    const subnet = { network: `10.77.${third}.0`, prefix: 24 }
    if (!taken.some((other) => overlap(other, subnet))) return subnet
  }
  return undefined
}

function numeric({ network, prefix }: Subnet): Subnet4 {
  return { network: parseIpv4(network), prefix }
}
