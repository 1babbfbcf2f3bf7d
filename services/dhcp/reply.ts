/** How a DHCP reply is filled: RFC 2131 table 3, order of options by the client's option 55, RFC 6842 (61 comes back), RFC 3046 (82 comes back, last). */
import type { Message } from '../../src/wire/dhcp.ts'
import type { Option } from '../../src/wire/dhcp-options.ts'
import type { Client } from './client.ts'
import type { DhcpConfig } from './config.ts'
import type { Policy } from './policy.ts'
import { concat, utf8 } from '../../src/base/bytes.ts'
import { broadcastOf, formatIpv4, inSubnet, ipv4Bytes, maskOf, parseIpv4, type Subnet4 } from '../../src/wire/address.ts'
import { option, types } from '../../src/wire/dhcp.ts'
import { codes } from '../../src/wire/dhcp-options.ts'
import { u16, u32 } from './option-values.ts'
import { bootName } from './policy.ts'

/** Where a DHCP server stands: the interface it answers on. */
export interface Site {
  readonly interface: string
  readonly address: number
  readonly prefix: number
  /** The network that is served: the server's own, or one behind a relay. */
  readonly subnet: Subnet4
  /** Largest IP packet in bytes. */
  readonly mtu: number
}

export interface Answer {
  /** Value of option 53; undefined for BOOTP. */
  readonly type: number | undefined
  readonly address: number
  /** Seconds; undefined where no lease is given (INFORM, BOOTP). */
  readonly lease: number | undefined
}

const bootpLength = 300
const ipAndUdp = 28

export function composeReply(request: Message, client: Client, answer: Answer, policy: Policy, config: DhcpConfig, site: Site): Message {
  const { siaddr, sname } = nextServer(policy, site)
  const file = bootName(policy.boot, client)
  return {
    ...head(request),
    ciaddr: answer.type === types.ack ? request.ciaddr : 0,
    yiaddr: answer.address,
    siaddr,
    sname,
    file: utf8(file).length <= 127 ? file : '',
    options: request.options === undefined ? undefined : replyOptions(request, client, answer, policy, config, site),
  }
}

/** A NAK carries no address and no configuration (RFC 2131 table 3). */
export function composeNak(request: Message, reason: string, site: Site): Message {
  const told: Option[] = [
    { code: codes.messageType, data: Uint8Array.of(types.nak) },
    { code: codes.serverId, data: ipv4Bytes(site.address) },
    { code: codes.message, data: utf8(reason) },
  ]
  // "If 'giaddr' is set … the server MUST set the broadcast bit": the relay must not look for the client's address (RFC 2131 §4.3.2).
  return { ...head(request), broadcast: request.broadcast || request.giaddr !== 0, options: [...told, ...echoed(request)] }
}

/** Most bytes of UDP payload for a reply: what the client takes, but no more than fits the interface unfragmented. */
export function replyRoom(request: Message, client: Client, answer: Answer, site: Site): number {
  if (answer.type === undefined) return bootpLength
  return Math.max(bootpLength, Math.min(client.maxMessage, site.mtu) - ipAndUdp)
}

function head(request: Message): Message {
  return { ...request, op: 'reply', hops: 0, secs: 0, ciaddr: 0, yiaddr: 0, siaddr: 0, sname: '', file: '', options: [] }
}

export function nextServer(policy: Policy, site: Site): { siaddr: number; sname: string } {
  const server = policy.boot?.server
  if (server === undefined) return { siaddr: site.address, sname: '' }
  try {
    return { siaddr: parseIpv4(server), sname: '' }
  } catch {
    return { siaddr: 0, sname: utf8(server).length <= 63 ? server : '' }
  }
}

function replyOptions(request: Message, client: Client, answer: Answer, policy: Policy, config: DhcpConfig, site: Site): readonly Option[] {
  const there = offered(request, client, policy, config, site)
  const first: Option[] = []
  if (answer.type !== undefined) first.push({ code: codes.messageType, data: Uint8Array.of(answer.type) }, { code: codes.serverId, data: ipv4Bytes(site.address) })
  if (answer.lease !== undefined) first.push(...leaseOptions(answer.lease, there))
  const forced = [...policy.options].filter(([, setting]) => setting.force).map(([code]) => code)
  // "the server SHOULD … return the requested parameters in the order of the list" (RFC 2132 §9.8).
  const wishes = client.wishes === undefined ? [...there.keys()].sort((a, b) => a - b) : [...client.wishes, ...forced, ...needed(client, policy)]
  const taken = new Set(first.map((each) => each.code))
  const chosen = wishes.flatMap((code) => {
    const data = there.get(code)
    if (data === undefined || taken.has(code)) return []
    taken.add(code)
    return [{ code, data }]
  })
  return [...first, ...chosen, ...(answer.type === undefined ? [] : echoed(request))]
}

/** What goes out unasked: a boot file too long for its field, and the class that UEFI's HTTP boot insists on. */
function needed(client: Client, policy: Policy): readonly number[] {
  const long = utf8(bootName(policy.boot, client)).length > 127 ? [codes.bootFile] : []
  return client.vendor.startsWith('HTTPClient') ? [codes.vendorClass, codes.bootFile, ...long] : long
}

/** T1 and T2 stand at a half and seven eighths of the lease (RFC 2131 §4.4.5) unless the lab file sets them. */
function leaseOptions(lease: number, there: ReadonlyMap<number, Uint8Array>): Option[] {
  const whole = { code: codes.leaseTime, data: u32(Number.isFinite(lease) ? lease : 0xffff_ffff) }
  if (!Number.isFinite(lease)) return [whole]
  const renewal = there.get(codes.renewalTime) ?? u32(Math.floor(lease / 2))
  const rebinding = there.get(codes.rebindingTime) ?? u32(Math.floor((lease * 7) / 8))
  return [whole, { code: codes.renewalTime, data: renewal }, { code: codes.rebindingTime, data: rebinding }]
}

/** All that this client could be told. The lab file's own options win over what the network makes by itself. */
function offered(request: Message, client: Client, policy: Policy, config: DhcpConfig, site: Site): Map<number, Uint8Array> {
  const there = new Map<number, Uint8Array>()
  const addresses = (list: readonly number[] | undefined): Uint8Array => concat(...(list ?? [site.address]).map(ipv4Bytes))
  const text = (code: number, value: string | undefined): void => {
    if (value !== undefined && value !== '') there.set(code, utf8(value))
  }
  const remote = !inSubnet(site.subnet, site.address)
  there.set(codes.subnetMask, ipv4Bytes(maskOf(site.subnet.prefix)))
  // Behind a relay its address is that of the network's router, unless the lab file knows better.
  there.set(codes.router, addresses(config.router ?? (remote && inSubnet(site.subnet, request.giaddr) ? [request.giaddr] : remote ? [] : undefined)))
  there.set(codes.dnsServer, addresses(config.dns))
  there.set(codes.broadcast, ipv4Bytes(broadcastOf(site.subnet)))
  text(codes.hostName, policy.name)
  text(codes.domainName, config.domain)
  if (site.mtu !== 1500) there.set(26, u16(site.mtu))
  if (policy.boot !== undefined) {
    text(codes.tftpServer, policy.boot.server ?? formatIpv4(site.address))
    text(codes.bootFile, bootName(policy.boot, client))
  }
  if (client.vendor.startsWith('HTTPClient')) text(codes.vendorClass, 'HTTPClient')
  for (const [code, setting] of policy.options) there.set(code, setting.data)
  // Windows of old asks for the routes of RFC 3442 by a number of its own.
  const routes = there.get(codes.routes)
  if (routes !== undefined && !there.has(249)) there.set(249, routes)
  for (const [code, data] of there) if (data.length === 0) there.delete(code)
  return there
}

/** What comes back as it was sent: the machine id that PXE firmware compares, the client id, the relay's option. */
function echoed(request: Message): Option[] {
  return [codes.clientMachine, codes.clientId, codes.relayAgent].flatMap((code) => {
    const data = option(request, code)
    return data === undefined ? [] : [{ code, data }]
  })
}
