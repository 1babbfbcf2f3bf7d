/** Ethernet frames without their preamble and FCS. IEEE 802.3-2018 §3.2. */
import { need, putU16be, u16be } from '../base/bytes.ts'
import type { Cargo, Show } from './format.ts'
import { hex16 } from './format.ts'
import { formatMac } from './address.ts'

/** EtherTypes that Netloom speaks (IANA ieee-802-numbers). */
export const types = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd } as const

export const headerBytes = 14

export interface Frame {
  readonly destination: Uint8Array
  readonly source: Uint8Array
  /** EtherType, or from 0 to 1500 the length of an IEEE 802.2 payload. */
  readonly type: number
  readonly payload: Uint8Array
}

/** The parts are views into `bytes`. An 802.2 payload is cut to its length; any other keeps its padding. @throws {Malformed} */
export function parse(bytes: Uint8Array): Frame {
  need(bytes, 0, headerBytes, 'Ethernet header')
  const type = u16be(bytes, 12)
  if (type <= 1500) need(bytes, headerBytes, type, 'IEEE 802.3 payload')
  return {
    destination: bytes.subarray(0, 6),
    source: bytes.subarray(6, 12),
    type,
    payload: type <= 1500 ? bytes.subarray(headerBytes, headerBytes + type) : bytes.subarray(headerBytes),
  }
}

/** Not padded to 60 bytes: that is the business of a wire that needs it. */
export function build(frame: Frame): Uint8Array {
  const bytes = new Uint8Array(headerBytes + frame.payload.length)
  write(bytes, 0, frame)
  bytes.set(frame.payload, headerBytes)
  return bytes
}

/** Writes the 14 bytes of the header at `at`. */
export function write(into: Uint8Array, at: number, { destination, source, type }: Omit<Frame, 'payload'>): void {
  into.set(destination, at)
  into.set(source, at + 6)
  putU16be(into, at + 12, type)
}

export function format(frame: Frame): string {
  const kind = frame.type <= 1500 ? `802.2 length ${frame.type}` : (names.get(frame.type) ?? `type ${hex16(frame.type)}`)
  return `${formatMac(frame.source)} > ${formatMac(frame.destination)} ${kind}`
}

const names = new Map<number, string>(Object.entries(types).map(([name, type]) => [type, name]))

export const show: Show<Frame> = { destination: formatMac, source: formatMac, type: hex16 }

export function carries(frame: Frame): Cargo {
  return { space: 'ether', numbers: [frame.type], bytes: frame.payload }
}
