/** ARP for IPv4 over Ethernet. RFC 826; probes and announcements as RFC 5227 names them. */
import { need, putU16be, putU32be, u16be, u32be } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { formatIpv4, formatMac } from './address.ts'
import type { Show } from './format.ts'

export const operations = { request: 1, reply: 2 } as const

export const messageBytes = 28

export interface Message {
  /** 1 request, 2 reply; others pass through as they are. */
  readonly operation: number
  readonly senderMac: Uint8Array
  readonly senderIp: number
  readonly targetMac: Uint8Array
  readonly targetIp: number
}

/** Padding behind the message is passed over. @throws {Malformed} also for another hardware or protocol than Ethernet and IPv4. */
export function parse(bytes: Uint8Array): Message {
  need(bytes, 0, messageBytes, 'ARP message')
  if (u16be(bytes, 0) !== 1 || bytes[4] !== 6) throw new Malformed(`ARP for hardware ${u16be(bytes, 0)} with ${bytes[4]} bytes, not Ethernet`)
  if (u16be(bytes, 2) !== 0x0800 || bytes[5] !== 4) throw new Malformed(`ARP for protocol ${u16be(bytes, 2)} with ${bytes[5]} bytes, not IPv4`)
  return {
    operation: u16be(bytes, 6),
    senderMac: bytes.subarray(8, 14),
    senderIp: u32be(bytes, 14),
    targetMac: bytes.subarray(18, 24),
    targetIp: u32be(bytes, 24),
  }
}

export function build(message: Message): Uint8Array {
  const bytes = new Uint8Array(messageBytes)
  putU16be(bytes, 0, 1)
  putU16be(bytes, 2, 0x0800)
  bytes[4] = 6
  bytes[5] = 4
  putU16be(bytes, 6, message.operation)
  bytes.set(message.senderMac, 8)
  putU32be(bytes, 14, message.senderIp)
  bytes.set(message.targetMac, 18)
  putU32be(bytes, 24, message.targetIp)
  return bytes
}

export function format(message: Message): string {
  const sender = formatIpv4(message.senderIp)
  const target = formatIpv4(message.targetIp)
  if (message.operation === operations.reply) return `arp ${sender} is at ${formatMac(message.senderMac)}`
  if (message.operation !== operations.request) return `arp operation ${message.operation} ${sender} > ${target}`
  if (message.senderIp === 0) return `arp probe for ${target}`
  if (message.senderIp === message.targetIp) return `arp announcement: ${sender} is at ${formatMac(message.senderMac)}`
  return `arp who has ${target}, tell ${sender}`
}

export const show: Show<Message> = { senderMac: formatMac, senderIp: formatIpv4, targetMac: formatMac, targetIp: formatIpv4 }
