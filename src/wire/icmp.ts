/** ICMP for IPv4. RFC 792; next-hop MTU RFC 1191 §4; codes RFC 1122 §3.2.2.1 and RFC 1812 §5.2.7.1. */
import { need, putU16be, putU32be, u16be, u32be } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { formatIpv4 } from './address.ts'
import { checksum, verify } from './checksum.ts'
import type { Verdict } from './checksum.ts'
import type { Cargo, Show } from './format.ts'
import * as ipv4 from './ipv4.ts'

export const types = { echoReply: 0, unreachable: 3, redirect: 5, echo: 8, timeExceeded: 11, parameterProblem: 12 } as const
export const unreachable = { network: 0, host: 1, protocol: 2, port: 3, fragmentationNeeded: 4, sourceRoute: 5, prohibited: 13 } as const
export const timeExceeded = { transit: 0, reassembly: 1 } as const

export const headerBytes = 8

/** `quoted` is the packet that the error answers: its header and at least 8 bytes behind it. */
export type Message =
  | { readonly kind: 'echo' | 'echo reply'; readonly identifier: number; readonly sequence: number; readonly payload: Uint8Array }
  /** `mtu`: of the next hop, with code 4 (fragmentation needed); else 0. */
  | { readonly kind: 'unreachable'; readonly code: number; readonly mtu: number; readonly quoted: Uint8Array }
  | { readonly kind: 'time exceeded'; readonly code: number; readonly quoted: Uint8Array }
  /** `pointer`: the offset of the octet that is wrong. */
  | { readonly kind: 'parameter problem'; readonly code: number; readonly pointer: number; readonly quoted: Uint8Array }
  | { readonly kind: 'redirect'; readonly code: number; readonly gateway: number; readonly quoted: Uint8Array }
  /** Any other type: `payload` is all behind the checksum. */
  | { readonly kind: 'other'; readonly type: number; readonly code: number; readonly payload: Uint8Array }

export type Parsed = Message & { readonly checksum: Verdict }

/** @throws {Malformed} */
export function parse(bytes: Uint8Array): Parsed {
  need(bytes, 0, headerBytes, 'ICMP header')
  return { ...parseMessage(bytes), checksum: verify(bytes) }
}

function parseMessage(bytes: Uint8Array): Message {
  const type = bytes[0]
  const code = bytes[1]
  const rest = bytes.subarray(headerBytes)
  if (type === types.echo || type === types.echoReply) {
    if (code !== 0) throw new Malformed(`ICMP echo with code ${code}`)
    return { kind: type === types.echo ? 'echo' : 'echo reply', identifier: u16be(bytes, 4), sequence: u16be(bytes, 6), payload: rest }
  }
  if (type === types.unreachable) return { kind: 'unreachable', code, mtu: u16be(bytes, 6), quoted: rest }
  if (type === types.timeExceeded) return { kind: 'time exceeded', code, quoted: rest }
  if (type === types.parameterProblem) return { kind: 'parameter problem', code, pointer: bytes[4], quoted: rest }
  if (type === types.redirect) return { kind: 'redirect', code, gateway: u32be(bytes, 4), quoted: rest }
  return { kind: 'other', type, code, payload: bytes.subarray(4) }
}

export function build(message: Message): Uint8Array {
  const rest = 'quoted' in message ? message.quoted : message.payload
  const at = message.kind === 'other' ? 4 : headerBytes
  const bytes = new Uint8Array(at + rest.length)
  bytes.set(rest, at)
  writeHead(bytes, message)
  putU16be(bytes, 2, checksum(bytes))
  return bytes
}

function writeHead(bytes: Uint8Array, message: Message): void {
  bytes[1] = 'code' in message ? message.code : 0
  switch (message.kind) {
    case 'echo':
    case 'echo reply':
      bytes[0] = message.kind === 'echo' ? types.echo : types.echoReply
      putU16be(bytes, 4, message.identifier)
      putU16be(bytes, 6, message.sequence)
      return
    case 'unreachable':
      bytes[0] = types.unreachable
      putU16be(bytes, 6, message.mtu)
      return
    case 'time exceeded':
      bytes[0] = types.timeExceeded
      return
    case 'parameter problem':
      bytes[0] = types.parameterProblem
      bytes[4] = message.pointer
      return
    case 'redirect':
      bytes[0] = types.redirect
      putU32be(bytes, 4, message.gateway)
      return
    case 'other':
      bytes[0] = message.type
  }
}

/** How much of `packet` an error quotes: all that keeps the error within 576 bytes (RFC 1812 §4.3.2.3). A copy. */
export function quote(packet: Uint8Array): Uint8Array {
  return packet.slice(0, 576 - ipv4.headerBytes - headerBytes)
}

const unreachableNames = ['network', 'host', 'protocol', 'port', 'fragmentation needed', 'source route failed']

export function format(message: Parsed): string {
  return `icmp ${formatKind(message)}${message.checksum === 'wrong' ? ', WRONG CHECKSUM' : ''}`
}

function formatKind(message: Message): string {
  switch (message.kind) {
    case 'echo':
    case 'echo reply':
      return `${message.kind} id ${message.identifier} seq ${message.sequence}, ${message.payload.length} bytes`
    case 'unreachable':
      return `unreachable: ${unreachableNames[message.code] ?? `code ${message.code}`}${message.code === unreachable.fragmentationNeeded ? `, mtu ${message.mtu}` : ''}`
    case 'time exceeded':
      return `time exceeded ${message.code === timeExceeded.transit ? 'in transit' : message.code === timeExceeded.reassembly ? 'in reassembly' : `code ${message.code}`}`
    case 'parameter problem':
      return `parameter problem at ${message.pointer}`
    case 'redirect':
      return `redirect to ${formatIpv4(message.gateway)}`
    case 'other':
      return `type ${message.type} code ${message.code}`
  }
}

export const show: Show<Parsed> = { gateway: (gateway: number) => formatIpv4(gateway) }

export function carries(message: Message): Cargo | undefined {
  return 'quoted' in message ? { space: 'quoted', numbers: [4], bytes: message.quoted } : undefined
}
