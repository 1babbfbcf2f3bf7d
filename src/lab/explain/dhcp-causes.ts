/** Causes before the first file: cable, VLAN, DHCP, and what the lease says. */
import { fromUtf8, u32be } from '../../base/bytes.ts'
import { formatIpv4 } from '../../wire/address.ts'
import { type Message, option } from '../../wire/dhcp.ts'
import { codes } from '../../wire/dhcp-options.ts'
import { contains } from '../addresses.ts'
import type { Cause } from './evidence.ts'
import { lastOf, networkOf, servicesOf } from './evidence.ts'

export const noLink: Cause = ({ plan, topology }) => {
  if (plan.nics.length === 0) return { cause: 'no-link', because: `${plan.name} has no cable: the lab file plugs it into nothing`, fix: `Add nodes.${plan.name}.networks: [${topology.networks[0]?.name ?? 'lan'}].` }
  return undefined
}

export const wrongVlan: Cause = (evidence) => {
  const { plan, story } = evidence
  const [nic] = plan.nics
  if (story.dhcp.discovers === 0 || story.dhcp.offers > 0) return undefined
  const here = servicesOf(evidence, 'dhcp').filter(({ network }) => network === nic?.network)
  if (here.length === 0 || here.some(({ vlan }) => vlan === nic.vlan)) return undefined
  return { cause: 'wrong-vlan', because: `${plan.name} is in ${vlanText(nic.vlan)} of ${nic.network}, and ${here[0].service.name} answers in ${vlanText(here[0].vlan)}: they don’t hear each other`, fix: nic.vlan === undefined ? `Put it there: nodes.${plan.name}.networks.${nic.network}.vlan: ${here[0].vlan}.` : `Take nodes.${plan.name}.networks.${nic.network}.vlan out, or put a DHCP server into VLAN ${nic.vlan}.` }
}

const vlanText = (vlan: number | undefined): string => (vlan === undefined ? 'no VLAN (untagged)' : `VLAN ${vlan}`)

export const noDhcpServer: Cause = (evidence) => {
  const { plan, story } = evidence
  const network = plan.nics[0]?.network
  if (story.dhcp.discovers === 0 || story.dhcp.offers > 0 || story.dhcp.ack !== undefined) return undefined
  const all = servicesOf(evidence, 'dhcp')
  if (all.some((one) => one.network === network)) return { cause: 'dhcp-silent', because: `${plan.name} asked for an address ${story.dhcp.discovers} times, and no offer reached it`, fix: 'Look at what lies between the two.', silent: true }
  const elsewhere = all[0]?.network
  return { cause: 'no-dhcp-server', because: `${plan.name} asked for an address ${story.dhcp.discovers} times, and there is no DHCP server on ${network ?? 'its link'}${elsewhere === undefined ? '' : ` (there is one on ${elsewhere})`}`, fix: network === undefined ? 'Plug it into a network with dhcp:.' : `Add networks.${network}.dhcp: { range: … }${elsewhere === undefined ? '' : `, or plug ${plan.name} into ${elsewhere}`}.` }
}

export const poolExhausted: Cause = (evidence) => {
  const entry = lastOf(evidence, 'dhcp.pool-exhausted')
  if (entry === undefined || evidence.story.dhcp.ack !== undefined) return undefined
  const { config } = servicesOf(evidence, 'dhcp').find(({ service }) => service.name === entry.source)?.service ?? {}
  const range = (config as { range?: unknown } | undefined)?.range
  return { cause: 'pool-exhausted', because: `${entry.source} has no address left for ${evidence.plan.name}${typeof range === 'string' ? `: all of ${range} are taken` : ''}`, fix: `Widen the range, or reserve one: dhcp.hosts: { ${evidence.plan.name}: … }.` }
}

export const refusedLease: Cause = ({ plan, story }) =>
  story.dhcp.nak === undefined || story.dhcp.ack !== undefined ? undefined : { cause: 'lease-refused', because: `${plan.name} was refused the address it wanted: ${story.dhcp.nak}`, fix: 'Have it forget its old lease, or put it on the network where that lease is from.' }

/** The rule by which a client must pass an offer over; undefined: none that we know. RFC 2131 §4.4.1, table 3; PXE 2.1 §2.2. */
export function ruleAgainst(offer: Message, vendor: string, faulty: string | undefined, macs: readonly string[]): string | undefined {
  if (faulty !== undefined) return faulty
  if (offer.yiaddr === 0) return 'it offers no address (yiaddr is 0)'
  if (option(offer, codes.serverId) === undefined) return 'it does not say which server it is from (option 54)'
  if (macs.length > 0 && !macs.includes([...offer.chaddr].map((byte) => byte.toString(16).padStart(2, '0')).join(':'))) return 'it is for another MAC (chaddr)'
  if (option(offer, codes.subnetMask) === undefined) return 'it has no subnet mask (option 1)'
  if (vendor.startsWith('PXEClient') && bootFileOf(offer) === '') return 'it is no PXE offer: it names no boot file'
  if (vendor.startsWith('HTTPClient') && !fromUtf8(option(offer, codes.vendorClass) ?? new Uint8Array(0)).startsWith('HTTPClient')) return 'an HTTP boot client takes only offers with vendor class HTTPClient (option 60)'
  return undefined
}

export const offerIgnored: Cause = ({ plan, story }) => {
  const { offer, offers, requests, vendor, faulty } = story.dhcp
  if (offer === undefined || requests > 0) return undefined
  const rule = ruleAgainst(offer, vendor, faulty, plan.nics.map((nic) => nic.mac))
  return { cause: 'offer-ignored', because: `${plan.name} got ${offers === 1 ? 'an offer' : `${offers} offers`} of ${formatIpv4(offer.yiaddr)} and asked on as if there were none${rule === undefined ? '' : `: ${rule}`}`, fix: rule === undefined ? 'Compare the offer with what its firmware wants; netloom capture shows both.' : 'Have the server send what the client needs.', silent: true }
}

const bootFileOf = (message: Message): string => (message.file !== '' ? message.file : fromUtf8(option(message, codes.bootFile) ?? new Uint8Array(0)))

export const noBootFile: Cause = (evidence) => {
  const { plan, story } = evidence
  const lease = story.dhcp.ack
  if (lease === undefined || bootFileOf(lease) !== '' || story.transfers.length > 0) return undefined
  const rules = servicesOf(evidence, 'dhcp').flatMap(({ service }) => ((service.config as { match?: { arch?: number | number[]; boot?: unknown }[] } | null)?.match ?? []).filter(({ arch, boot }) => arch !== undefined && boot !== undefined))
  if (rules.length > 0) {
    const own = story.dhcp.archs.length === 0 ? 'names no architecture (option 93)' : `names architecture ${story.dhcp.archs.join(', ')}`
    return { cause: 'wrong-architecture', because: `${plan.name} ${own}, and the boot files are for ${rules.flatMap(({ arch }) => arch).join(', ')} only`, fix: 'Add dhcp.boot.file for all others, or a match rule for this one.' }
  }
  return { cause: 'no-boot-file', because: `${plan.name} got ${formatIpv4(lease.yiaddr)} without a boot file: option 67 and \`file\` are empty`, fix: `Add networks.${plan.nics[0]?.network ?? 'lan'}.dhcp.boot.file.` }
}

const addresses = (message: Message, code: number): string[] => {
  const data = option(message, code) ?? new Uint8Array(0)
  return Array.from({ length: data.length >> 2 }, (_, at) => formatIpv4(u32be(data, 4 * at)))
}

export const gatewayWrong: Cause = (evidence) => {
  const { plan, story } = evidence
  const lease = story.dhcp.ack
  if (lease === undefined) return undefined
  const [router] = addresses(lease, codes.router)
  const subnet = networkOf(evidence)?.subnet
  const others = evidence.topology.networks.filter((network) => plan.nics.some((nic) => nic.network === network.name))
  const name = plan.nics[0]?.network ?? 'lan'
  if (router === undefined) return undefined
  if (subnet !== undefined && !others.some((one) => one.subnet !== undefined && contains(one.subnet, router))) return { cause: 'gateway-wrong', because: `${plan.name} was given the gateway ${router}, which is not on its network ${subnet.network}/${subnet.prefix}`, fix: `Set networks.${name}.dhcp.router to the gateway’s own address, or leave it out.` }
  const row = story.neighbours.get(router)
  if (row === undefined || row.asked < 2 || row.macs.size > 0) return undefined
  return { cause: 'gateway-wrong', because: `${plan.name} was given the gateway ${router}, and nobody answers there (${row.asked} ARP requests)`, fix: `Set networks.${name}.dhcp.router to a host that is there.`, silent: true }
}

export const dnsWrong: Cause = ({ plan, story }) => {
  const open = [...story.questions.values()].filter(({ asked, rcode }) => asked > 0 && rcode !== 0)
  const [worst] = open
  if (worst === undefined || [...story.questions.values()].some(({ name, rcode }) => rcode === 0 && name === worst.name)) return undefined
  if (worst.rcode === undefined) return { cause: 'dns-wrong', because: `${plan.name} asked ${worst.server} for ${worst.name}, and no DNS server answers there`, fix: 'Add dns: to that network, or name the right server in dhcp.dns.', silent: true }
  return { cause: 'dns-wrong', because: `${plan.name} asked ${worst.server} for ${worst.name}, and ${worst.rcode === 3 ? 'there is no such name' : `was refused with code ${worst.rcode}`}`, fix: `Add dns.records: { ${worst.name}: … }, or dns.forward.` }
}

export const natRefused: Cause = (evidence) => {
  const entry = lastOf(evidence, 'nat.refused')
  if (entry === undefined) return undefined
  return { cause: 'nat-refused', because: `${evidence.plan.name} did not reach ${String(entry.fields['to'])} through NAT: ${String(entry.fields['reason'])}`, fix: 'netloom inspect nat lists all that was refused.' }
}

export const duplicateAddress: Cause = ({ plan, story, entries, topology }) => {
  const declined = entries.findLast(({ event }) => event === 'dhcp.decline')
  const own = story.dhcp.ack === undefined ? undefined : formatIpv4(story.dhcp.ack.yiaddr)
  const macs = own === undefined ? new Set<string>() : new Set([...(story.neighbours.get(own)?.macs ?? []), ...plan.nics.slice(0, 1).map((nic) => nic.mac)])
  const fixed = topology.hosts.find(({ nics }) => nics.some((nic) => nic.address?.address === (own ?? declined?.fields['address'])))
  if (declined === undefined && macs.size < 2 && (own === undefined || fixed === undefined)) return undefined
  const address = own ?? String(declined?.fields['address'])
  return { cause: 'duplicate-address', because: `${address} is ${plan.name}’s by lease, and ${fixed?.name ?? [...macs].find((mac) => !plan.nics.some((nic) => nic.mac === mac)) ?? 'somebody else'} has it, too`, fix: `Give one of them another: dhcp.hosts: { ${plan.name}: … }, or keep fixed addresses out of the range.` }
}
