/** DHCPv6 messages. RFC 8415 §8, §9 (relays), §21 (options), §11 (DUIDs); what to boot RFC 5970; names RFC 8415 §10. */
import { concat, fromUtf8, hex, need, putU16be, putU32be, u16be, u32be } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { formatIpv6, formatMac } from './address.ts'
import { nameBytes } from './dns-name.ts'
import { type Cargo, legible } from './format.ts'

export const serverPort = 547
export const clientPort = 546
/** All_DHCP_Relay_Agents_and_Servers, All_DHCP_Servers (§7.1). */
export const groups = { relaysAndServers: 'ff02::1:2', servers: 'ff05::1:3' } as const

/** §7.3 */
export const types = { solicit: 1, advertise: 2, request: 3, confirm: 4, renew: 5, rebind: 6, reply: 7, release: 8, decline: 9, reconfigure: 10, informationRequest: 11, relayForward: 12, relayReply: 13 } as const
const typeNames: readonly string[] = ['', 'solicit', 'advertise', 'request', 'confirm', 'renew', 'rebind', 'reply', 'release', 'decline', 'reconfigure', 'information-request', 'relay-forward', 'relay-reply']

/** §21, RFC 3646, RFC 5970, RFC 6939. */
export const codes = {
  clientId: 1, serverId: 2, iaNa: 3, iaTa: 4, iaAddress: 5, optionRequest: 6, preference: 7, elapsedTime: 8, relayMessage: 9, serverUnicast: 12, status: 13, rapidCommit: 14,
  userClass: 15, vendorClass: 16, interfaceId: 18, dns: 23, domains: 24, iaPd: 25, iaPrefix: 26, refreshTime: 32, clientFqdn: 39, bootUrl: 59, bootParameters: 60, clientArch: 61, relayPort: 135, clientLinkLayer: 79, solMaxRt: 82,
} as const

/** §21.13 */
export const statuses = { success: 0, unspecFail: 1, noAddrsAvail: 2, noBinding: 3, notOnLink: 4, useMulticast: 5, noPrefixAvail: 6 } as const
const statusNames: readonly string[] = ['Success', 'UnspecFail', 'NoAddrsAvail', 'NoBinding', 'NotOnLink', 'UseMulticast', 'NoPrefixAvail']

/** For ever (§7.7). */
export const infinity = 0xffff_ffff

export interface Option {
  readonly code: number
  readonly data: Uint8Array
}

export interface Exchange {
  readonly type: number
  /** 24 bits. */
  readonly xid: number
  readonly options: readonly Option[]
}

/** §9: what a relay says around another message, which is its option 9. */
export interface Relayed {
  readonly type: typeof types.relayForward | typeof types.relayReply
  readonly hops: number
  /** Names the client's link; `::` where the relay doesn't know. */
  readonly link: Uint8Array
  readonly peer: Uint8Array
  readonly options: readonly Option[]
}

export type Message = Exchange | Relayed

export interface IaAddress {
  readonly address: Uint8Array
  /** Seconds; `infinity`. */
  readonly preferred: number
  readonly valid: number
  readonly options: readonly Option[]
}

export interface IaPrefix {
  readonly prefix: Uint8Array
  readonly length: number
  readonly preferred: number
  readonly valid: number
  readonly options: readonly Option[]
}

/** IA_NA and IA_PD alike (§21.4, §21.21). */
export interface Ia {
  readonly iaid: number
  readonly t1: number
  readonly t2: number
  readonly options: readonly Option[]
}

const nothing = new Uint8Array(0)
const relayHeader = 34
const mostOptions = 256

export const isRelayed = (message: Message): message is Relayed => message.type === types.relayForward || message.type === types.relayReply

/** @throws {Malformed} */
export function parse(bytes: Uint8Array): Message {
  need(bytes, 0, 4, 'dhcpv6 message')
  const type = bytes[0]
  if (type !== types.relayForward && type !== types.relayReply) return { type, xid: u32be(bytes, 0) & 0xff_ffff, options: parseOptions(bytes.subarray(4)) }
  need(bytes, 0, relayHeader, 'dhcpv6 relay message')
  return { type, hops: bytes[1], link: bytes.slice(2, 18), peer: bytes.slice(18, relayHeader), options: parseOptions(bytes.subarray(relayHeader)) }
}

/** @throws {Malformed} */
export function parseOptions(bytes: Uint8Array): Option[] {
  const options: Option[] = []
  for (let at = 0; at < bytes.length; ) {
    need(bytes, at, 4, 'dhcpv6 option')
    const length = u16be(bytes, at + 2)
    need(bytes, at + 4, length, `dhcpv6 option ${u16be(bytes, at)}`)
    if (options.length === mostOptions) throw new Malformed(`more than ${mostOptions} dhcpv6 options`)
    options.push({ code: u16be(bytes, at), data: bytes.slice(at + 4, at + 4 + length) })
    at += 4 + length
  }
  return options
}

export function build(message: Message): Uint8Array {
  const options = buildOptions(message.options)
  if (!isRelayed(message)) {
    const head = new Uint8Array(4)
    putU32be(head, 0, message.xid)
    head[0] = message.type
    return concat(head, options)
  }
  return concat(Uint8Array.of(message.type, message.hops), message.link, message.peer, options)
}

export function buildOptions(options: readonly Option[]): Uint8Array {
  return concat(...options.flatMap(({ code, data }) => {
    const head = new Uint8Array(4)
    putU16be(head, 0, code)
    putU16be(head, 2, data.length)
    return [head, data]
  }))
}

export const option = (options: readonly Option[], code: number): Uint8Array | undefined => options.find((each) => each.code === code)?.data

/** @throws {Malformed} */
export function parseIa(data: Uint8Array): Ia {
  need(data, 0, 12, 'dhcpv6 identity association')
  return { iaid: u32be(data, 0), t1: u32be(data, 4), t2: u32be(data, 8), options: parseOptions(data.subarray(12)) }
}

export function buildIa({ iaid, t1, t2, options }: Ia): Uint8Array {
  const head = new Uint8Array(12)
  putU32be(head, 0, iaid)
  putU32be(head, 4, t1)
  putU32be(head, 8, t2)
  return concat(head, buildOptions(options))
}

/** @throws {Malformed} */
export function parseIaAddress(data: Uint8Array): IaAddress {
  need(data, 0, 24, 'dhcpv6 address')
  return { address: data.slice(0, 16), preferred: u32be(data, 16), valid: u32be(data, 20), options: parseOptions(data.subarray(24)) }
}

export function buildIaAddress({ address, preferred, valid, options }: IaAddress): Uint8Array {
  const times = new Uint8Array(8)
  putU32be(times, 0, preferred)
  putU32be(times, 4, valid)
  return concat(address, times, buildOptions(options))
}

/** @throws {Malformed} */
export function parseIaPrefix(data: Uint8Array): IaPrefix {
  need(data, 0, 25, 'dhcpv6 prefix')
  if (data[8] > 128) throw new Malformed(`dhcpv6 prefix of ${data[8]} bits`)
  return { preferred: u32be(data, 0), valid: u32be(data, 4), length: data[8], prefix: data.slice(9, 25), options: parseOptions(data.subarray(25)) }
}

export function buildIaPrefix({ prefix, length, preferred, valid, options }: IaPrefix): Uint8Array {
  const head = new Uint8Array(9)
  putU32be(head, 0, preferred)
  putU32be(head, 4, valid)
  head[8] = length
  return concat(head, prefix, buildOptions(options))
}

/** @param message for people, in the client's log. */
export function statusOption(status: number, message: Uint8Array): Option {
  return { code: codes.status, data: concat(Uint8Array.of(status >> 8, status & 255), message) }
}

/** Numbers of 16 bits each: options wanted (6), architectures (61). */
export const wordsOf = (data: Uint8Array | undefined): number[] => (data === undefined ? [] : Array.from({ length: data.length >> 1 }, (_, at) => u16be(data, 2 * at)))

/** Pieces with their length before them, in 16 bits: user classes (15), boot parameters (60). A last one that is cut short is left out. */
export function piecesOf(data: Uint8Array = nothing): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at + 2 <= data.length && at + 2 + u16be(data, at) <= data.length; at += 2 + u16be(data, at)) pieces.push(data.subarray(at + 2, at + 2 + u16be(data, at)))
  return pieces
}

export const buildPieces = (pieces: readonly Uint8Array[]): Uint8Array => concat(...pieces.flatMap((piece) => [Uint8Array.of(piece.length >> 8, piece.length & 255), piece]))

/** @throws {Malformed} for what is no name. */
export const buildNames = (names: readonly string[]): Uint8Array => concat(...names.map(nameBytes))

/** Hardware address in a DUID (§11.2, §11.4); undefined in other kinds. */
export function macOf(duid: Uint8Array): Uint8Array | undefined {
  if (duid.length < 4) return undefined
  const [type, hardware] = [u16be(duid, 0), u16be(duid, 2)]
  const at = type === 1 ? 8 : type === 3 ? 4 : undefined
  return at !== undefined && hardware === 1 && duid.length === at + 6 ? duid.subarray(at) : undefined
}

/** DUID-LL (§11.4) of an Ethernet address. */
export const duidOf = (mac: Uint8Array): Uint8Array => concat(Uint8Array.of(0, 3, 0, 1), mac)

/** One line for people: `dhcpv6 advertise xid 0x3903f3 for 0003000102…, address fd00:1::1000 for 3600 s`. */
export function format(message: Message): string {
  const { options } = message
  if (isRelayed(message)) return `dhcpv6 ${typeNames[message.type]} for ${formatIpv6(message.peer)}, link ${formatIpv6(message.link)}, hops ${message.hops}`
  const parts = [`dhcpv6 ${typeNames[message.type] ?? `type ${message.type}`} xid 0x${message.xid.toString(16).padStart(6, '0')}`]
  const client = option(options, codes.clientId)
  const mac = client === undefined ? undefined : macOf(client)
  if (client !== undefined) parts[0] += ` for ${mac === undefined ? hex(client.subarray(0, 20)) : formatMac(mac)}`
  if (option(options, codes.rapidCommit) !== undefined) parts.push('rapid commit')
  for (const each of options) parts.push(...tellIa(each))
  const status = option(options, codes.status)
  if (status !== undefined) parts.push(statusText(status))
  const url = option(options, codes.bootUrl)
  if (url !== undefined) parts.push(`boot ${legible(fromUtf8(url))}`)
  return parts.join(', ')
}

/** What a relay carries is a message of its own. */
export function carries(message: Message): Cargo | undefined {
  const inner = isRelayed(message) ? option(message.options, codes.relayMessage) : undefined
  return inner === undefined ? undefined : { space: 'udp', numbers: [serverPort], bytes: inner }
}

function tellIa({ code, data }: Option): string[] {
  if (code !== codes.iaNa && code !== codes.iaPd) return []
  try {
    const { options } = parseIa(data)
    return options.flatMap((each) => {
      if (each.code === codes.status) return [statusText(each.data)]
      if (each.code === codes.iaAddress) {
        const { address, valid } = parseIaAddress(each.data)
        return [`address ${formatIpv6(address)}${lasting(valid)}`]
      }
      if (each.code !== codes.iaPrefix) return []
      const { prefix, length, valid } = parseIaPrefix(each.data)
      return [`prefix ${formatIpv6(prefix)}/${length}${lasting(valid)}`]
    })
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return ['an association that makes no sense']
  }
}

const lasting = (valid: number): string => (valid === infinity ? ' for ever' : valid === 0 ? '' : ` for ${valid} s`)
const statusText = (data: Uint8Array): string => (data.length < 2 ? 'a status cut short' : (statusNames[u16be(data, 0)] ?? `status ${u16be(data, 0)}`))
