/** IPv6 of a network: its prefix, its gateway's address, and what the gateway says as a router. RFC 4861 §6.2.1 has the defaults; RFC 4193 the prefixes that are made up. */
import { hash32 } from '../base/random.ts'
import { formatIpv6, parseIpv6 } from '../wire/address.ts'
import { equalIpv6, formatSubnet6, inSubnet6, isMulticastIpv6, isLinkLocalIpv6, subnetOf6, type Subnet6 } from '../wire/ipv6-address.ts'
import type { Reading } from './reading.ts'
import type { NetworkText } from './schema.ts'
import type { AdvertisingPlan, SixPlan } from './topology.ts'

const usualInterval = 600
const usualLifetime = 1800
/** For ever is 0xffffffff; these are RFC 4861's 30 and 7 days. */
const usualValid = 2_592_000
const usualPreferred = 604_800

/** Undefined when the network's gateway speaks IPv4 only. @throws {ConfigError} */
export function resolveSix(reading: Reading, name: string, text: NetworkText | null, taken: { name: string; subnet: Subnet6 }[]): SixPlan | undefined {
  const path = ['networks', name]
  if (text?.subnet6 === undefined) {
    for (const word of ['gateway6', 'ra', 'dhcp6'] as const) if (text?.[word] !== undefined) reading.fail([...path, word], 'goes with subnet6 only', 'subnet6: auto', 'key')
    return undefined
  }
  const subnet = text.subnet6 === 'auto' ? uniqueLocal(reading, name) : written(reading, path, text.subnet6)
  const other = taken.find((one) => inSubnet6(one.subnet, subnet.network) || inSubnet6(subnet, one.subnet.network))
  if (other !== undefined) reading.fail([...path, 'subnet6'], `${formatSubnet6(subnet)} overlaps the subnet6 of ${other.name}`)
  taken.push({ name, subnet })
  const gateway = gatewayOf(reading, path, text.gateway6, subnet)
  return { subnet: { network: formatIpv6(subnet.network), prefix: subnet.prefix }, gateway, advertising: advertisingOf(reading, path, text, subnet, gateway) }
}

function written(reading: Reading, path: readonly string[], text: string): Subnet6 {
  const [address, length] = text.split('/')
  const subnet = subnetOf6(parseIpv6(address), Number(length))
  if (!equalIpv6(subnet.network, parseIpv6(address))) reading.fail([...path, 'subnet6'], `"${text}" has host bits set`, `did you mean "${formatSubnet6(subnet)}"?`)
  if (isMulticastIpv6(subnet.network) || isLinkLocalIpv6(subnet.network) || subnet.network[0] === 0) reading.fail([...path, 'subnet6'], `${text} is nobody's to give out`, 'e.g. fd00:1::/64')
  return subnet
}

/** fd and forty bits that look drawn, but are always the same for this lab and network. */
function uniqueLocal(reading: Reading, name: string): Subnet6 {
  const network = parseIpv6('fd00::')
  const text = `${reading.seed}/${reading.name}/${name}/subnet6`
  for (let at = 1; at < 6; at++) network[at] = hash32(text, at) & 0xff
  return { network, prefix: 64 }
}

function gatewayOf(reading: Reading, path: readonly string[], text: string | undefined, subnet: Subnet6): string {
  const first = subnet.network.slice()
  if (subnet.prefix < 127) first[15] |= 1
  if (text === undefined) return formatIpv6(first)
  const address = parseIpv6(text)
  if (!inSubnet6(subnet, address)) reading.fail([...path, 'gateway6'], `${text} is not in ${formatSubnet6(subnet)}`, `e.g. ${formatIpv6(first)}`)
  if (equalIpv6(address, subnet.network) && subnet.prefix < 127) reading.fail([...path, 'gateway6'], `${text} is every router's there (RFC 4291 §2.6.1)`, `e.g. ${formatIpv6(first)}`)
  return formatIpv6(address)
}

function advertisingOf(reading: Reading, path: readonly string[], text: NetworkText, subnet: Subnet6, gateway: string): AdvertisingPlan | undefined {
  if (text.ra === false) return undefined
  const ra = text.ra === undefined || text.ra === true ? {} : text.ra
  if (ra.autonomous === true && subnet.prefix !== 64) reading.fail([...path, 'ra', 'autonomous'], `hosts make addresses in a /64, and this is a /${subnet.prefix}`, 'RFC 4862 §5.5.3')
  const validSeconds = inSeconds(ra.valid) ?? usualValid
  const preferredSeconds = inSeconds(ra.preferred) ?? Math.min(usualPreferred, validSeconds)
  if (preferredSeconds > validSeconds) reading.fail([...path, 'ra', 'preferred'], 'an address can not be preferred for longer than it is valid')
  const intervalSeconds = inSeconds(ra.interval) ?? usualInterval
  // "MUST be no less than 4 seconds and no greater than 1800 seconds" (RFC 4861 §6.2.1).
  if (intervalSeconds < 4 || intervalSeconds > 1800) reading.fail([...path, 'ra', 'interval'], 'advertisements come every 4s to 30m')
  // Who leads nowhere is nobody's default router.
  const lifetimeSeconds = inSeconds(ra.lifetime) ?? (text.nat === true || tunnelled(reading, path[1]) ? Math.max(usualLifetime, intervalSeconds) : 0)
  if (lifetimeSeconds > 9000) reading.fail([...path, 'ra', 'lifetime'], 'a router is told of for 2h30m at most (RFC 4861 §6.2.1)')
  const answers = text.dns !== undefined
  return {
    lifetimeSeconds, intervalSeconds, validSeconds, preferredSeconds,
    managed: ra.managed ?? givesAddresses(text), other: ra.other ?? asksForMore(text), autonomous: ra.autonomous ?? subnet.prefix === 64, mtu: ra.mtu,
    dns: ra.dns ?? (answers ? [gateway] : []),
  }
}

/** Whoever has a DHCPv6 service on its network is told so (RFC 4861 §4.2). */
const asksForMore = (text: NetworkText): boolean => text.dhcp6 !== undefined && text.dhcp6 !== null
const givesAddresses = (text: NetworkText): boolean => asksForMore(text) && (typeof text.dhcp6 !== 'object' || text.dhcp6?.['range'] !== 'none')

/** Whether a tunnel leads out of the network by IPv6. */
const tunnelled = ({ text }: Reading, network: string): boolean => Object.values(text.uplinks ?? {}).some((uplink) => uplink.network === network && uplink.type === 'tun' && uplink.address6 !== undefined)

const inSeconds = (span: number | undefined): number | undefined => (span === undefined ? undefined : Math.ceil(span / 1e9))
