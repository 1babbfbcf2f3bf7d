/** ICMPv6. RFC 4443 (errors, echo); neighbour discovery RFC 4861, its options in nd-options.ts; multicast listeners in mld.ts. */
import { need, putU16be, putU32be, u16be, u32be } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { formatIpv6 } from './address.ts'
import { checksum, verify } from './checksum.ts'
import type { Verdict } from './checksum.ts'
import type { Cargo, Show } from './format.ts'
import * as mld from './mld.ts'
import { buildOptions, formatOptions, parseOptions } from './nd-options.ts'
import type { Option } from './nd-options.ts'

export const types = {
  unreachable: 1, packetTooBig: 2, timeExceeded: 3, parameterProblem: 4, echo: 128, echoReply: 129,
  routerSolicitation: 133, routerAdvertisement: 134, neighborSolicitation: 135, neighborAdvertisement: 136, redirect: 137,
} as const

export const unreachable = { noRoute: 0, prohibited: 1, beyondScope: 2, address: 3, port: 4 } as const

export type Message =
  | { readonly kind: 'unreachable' | 'time exceeded'; readonly code: number; readonly quoted: Uint8Array }
  | { readonly kind: 'packet too big'; readonly mtu: number; readonly quoted: Uint8Array }
  /** `pointer`: the offset of the octet that is wrong. */
  | { readonly kind: 'parameter problem'; readonly code: number; readonly pointer: number; readonly quoted: Uint8Array }
  | { readonly kind: 'echo' | 'echo reply'; readonly identifier: number; readonly sequence: number; readonly payload: Uint8Array }
  | { readonly kind: 'router solicitation'; readonly options: readonly Option[] }
  | RouterAdvertisement
  | { readonly kind: 'neighbor solicitation'; readonly target: Uint8Array; readonly options: readonly Option[] }
  | { readonly kind: 'neighbor advertisement'; readonly router: boolean; readonly solicited: boolean; readonly override: boolean; readonly target: Uint8Array; readonly options: readonly Option[] }
  | { readonly kind: 'redirect'; readonly target: Uint8Array; readonly destination: Uint8Array; readonly options: readonly Option[] }
  | mld.Query
  | mld.Report
  /** Any other type: `payload` is all behind the checksum. */
  | { readonly kind: 'other'; readonly type: number; readonly code: number; readonly payload: Uint8Array }

export interface RouterAdvertisement {
  readonly kind: 'router advertisement'
  /** 0: this router has no opinion. */
  readonly hopLimit: number
  /** Addresses, or other configuration, are to be had by DHCPv6. */
  readonly managed: boolean
  readonly other: boolean
  readonly lifetimeSeconds: number
  readonly reachableMilliseconds: number
  readonly retransmitMilliseconds: number
  readonly options: readonly Option[]
}

export type Parsed = Message & { readonly checksum: Verdict }

/** @param addressSum the pseudo-header's sum (checksum.ts); without it the checksum is not looked at. @throws {Malformed} */
export function parse(bytes: Uint8Array, addressSum?: number): Parsed {
  need(bytes, 0, 4, 'ICMPv6 header')
  return { ...parseMessage(bytes), checksum: addressSum === undefined ? 'unchecked' : verify(bytes, 0, bytes.length, addressSum + bytes.length) }
}

function parseMessage(bytes: Uint8Array): Message {
  const [type, code] = bytes
  if (type >= types.routerSolicitation && type <= types.redirect) return parseDiscovery(bytes, type, code)
  if (type === mld.types.query) return mld.parseQuery(bytes)
  if (type === mld.types.report) return mld.parseReport(bytes)
  if ((type < types.unreachable || type > types.parameterProblem) && type !== types.echo && type !== types.echoReply) return { kind: 'other', type, code, payload: bytes.subarray(4) }
  need(bytes, 0, 8, 'ICMPv6 message')
  const rest = bytes.subarray(8)
  if (type === types.packetTooBig) return { kind: 'packet too big', mtu: u32be(bytes, 4), quoted: rest }
  if (type === types.parameterProblem) return { kind: 'parameter problem', code, pointer: u32be(bytes, 4), quoted: rest }
  if (type === types.unreachable || type === types.timeExceeded) return { kind: type === types.unreachable ? 'unreachable' : 'time exceeded', code, quoted: rest }
  return { kind: type === types.echo ? 'echo' : 'echo reply', identifier: u16be(bytes, 4), sequence: u16be(bytes, 6), payload: rest }
}

/** Lengths before options, by type (RFC 4861 §4.1 to §4.5). */
const discoveryBytes: readonly number[] = [8, 16, 24, 24, 40]

function parseDiscovery(bytes: Uint8Array, type: number, code: number): Message {
  if (code !== 0) throw new Malformed(`ICMPv6 neighbour discovery with code ${code}`)
  const head = discoveryBytes[type - types.routerSolicitation]
  need(bytes, 0, head, 'ICMPv6 neighbour discovery')
  const options = parseOptions(bytes.subarray(head))
  const target = bytes.subarray(8, 24)
  switch (type) {
    case types.routerSolicitation:
      return { kind: 'router solicitation', options }
    case types.neighborSolicitation:
      return { kind: 'neighbor solicitation', target, options }
    case types.neighborAdvertisement:
      return { kind: 'neighbor advertisement', router: (bytes[4] & 0x80) !== 0, solicited: (bytes[4] & 0x40) !== 0, override: (bytes[4] & 0x20) !== 0, target, options }
    case types.redirect:
      return { kind: 'redirect', target, destination: bytes.subarray(24, 40), options }
    default:
      return {
        kind: 'router advertisement', hopLimit: bytes[4], managed: (bytes[5] & 0x80) !== 0, other: (bytes[5] & 0x40) !== 0, lifetimeSeconds: u16be(bytes, 6),
        reachableMilliseconds: u32be(bytes, 8), retransmitMilliseconds: u32be(bytes, 12), options,
      }
  }
}

export function build(message: Message, addressSum: number): Uint8Array {
  const tail = tailOf(message)
  const head = headOf(message)
  const bytes = new Uint8Array(head + tail.length)
  bytes.set(tail, head)
  writeHead(bytes, message)
  putU16be(bytes, 2, checksum(bytes, 0, bytes.length, addressSum + bytes.length))
  return bytes
}

function tailOf(message: Message): Uint8Array {
  if (message.kind === 'listener query' || message.kind === 'listener report') return mld.build(message)
  return 'options' in message ? buildOptions(message.options) : 'quoted' in message ? message.quoted : message.payload
}

const kindTypes: ReadonlyMap<Message['kind'], number> = new Map([
  ['unreachable', 1], ['packet too big', 2], ['time exceeded', 3], ['parameter problem', 4], ['echo', 128], ['echo reply', 129],
  ['router solicitation', 133], ['router advertisement', 134], ['neighbor solicitation', 135], ['neighbor advertisement', 136], ['redirect', 137],
  ['listener query', mld.types.query], ['listener report', mld.types.report],
])

function headOf(message: Message): number {
  if (message.kind === 'other' || message.kind === 'listener query' || message.kind === 'listener report') return 4
  return 'options' in message ? discoveryBytes[(kindTypes.get(message.kind) as number) - types.routerSolicitation] : 8
}

function writeHead(bytes: Uint8Array, message: Message): void {
  bytes[0] = message.kind === 'other' ? message.type : (kindTypes.get(message.kind) as number)
  bytes[1] = 'code' in message ? message.code : 0
  if ('mtu' in message) putU32be(bytes, 4, message.mtu)
  if ('pointer' in message) putU32be(bytes, 4, message.pointer)
  if ('identifier' in message) {
    putU16be(bytes, 4, message.identifier)
    putU16be(bytes, 6, message.sequence)
  }
  if ('target' in message) bytes.set(message.target, 8)
  if (message.kind === 'redirect') bytes.set(message.destination, 24)
  if (message.kind === 'neighbor advertisement') bytes[4] = (message.router ? 0x80 : 0) | (message.solicited ? 0x40 : 0) | (message.override ? 0x20 : 0)
  if (message.kind === 'router advertisement') {
    bytes[4] = message.hopLimit
    bytes[5] = (message.managed ? 0x80 : 0) | (message.other ? 0x40 : 0)
    putU16be(bytes, 6, message.lifetimeSeconds)
    putU32be(bytes, 8, message.reachableMilliseconds)
    putU32be(bytes, 12, message.retransmitMilliseconds)
  }
}

const unreachableNames = ['no route', 'prohibited', 'beyond scope', 'address', 'port', 'source address failed policy', 'route rejected']

export function format(message: Parsed): string {
  const options = 'options' in message && message.options.length > 0 ? `, ${formatOptions(message.options)}` : ''
  return `icmpv6 ${formatKind(message)}${options}${message.checksum === 'wrong' ? ', WRONG CHECKSUM' : ''}`
}

function formatKind(message: Message): string {
  switch (message.kind) {
    case 'unreachable':
      return `unreachable: ${unreachableNames[message.code] ?? `code ${message.code}`}`
    case 'time exceeded':
      return `time exceeded ${message.code === 0 ? 'in transit' : 'in reassembly'}`
    case 'packet too big':
      return `packet too big, mtu ${message.mtu}`
    case 'parameter problem':
      return `parameter problem at ${message.pointer}`
    case 'echo':
    case 'echo reply':
      return `${message.kind} id ${message.identifier} seq ${message.sequence}, ${message.payload.length} bytes`
    case 'router solicitation':
      return message.kind
    case 'router advertisement':
      return `${message.kind}${message.managed ? ' managed' : ''}${message.other ? ' other' : ''}, lifetime ${message.lifetimeSeconds} s`
    case 'neighbor solicitation':
      return `who has ${formatIpv6(message.target)}`
    case 'neighbor advertisement':
      return `${formatIpv6(message.target)} is here${message.router ? ' router' : ''}${message.solicited ? ' solicited' : ''}${message.override ? ' override' : ''}`
    case 'redirect':
      return `redirect for ${formatIpv6(message.destination)} to ${formatIpv6(message.target)}`
    case 'listener query':
    case 'listener report':
      return mld.format(message)
    case 'other':
      return `type ${message.type} code ${message.code}`
  }
}

export const show: Show<Parsed> = { target: formatIpv6, destination: formatIpv6, group: formatIpv6 }

export function carries(message: Message): Cargo | undefined {
  return 'quoted' in message ? { space: 'quoted', numbers: [6], bytes: message.quoted } : undefined
}
