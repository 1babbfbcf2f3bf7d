/** NTP packets. RFC 5905 §7.3; timestamps §6, the era by RFC 4330 §3. Extension fields and keys that may follow are passed over. */
import { fromLatin1, need, putU32be, putU64be, u32be, u64be } from '../base/bytes.ts'
import { civilOf, two } from '../base/calendar.ts'
import { legible } from './format.ts'
import { formatIpv4 } from './address.ts'

export const serverPort = 123
export const modes = { active: 1, passive: 2, client: 3, server: 4, broadcast: 5 } as const
export const packetBytes = 48

/** 64 bits as they stand on the wire: seconds since 1900 and 2^-32 parts of one; 0: not set. What a client sent must come back to the bit. */
export type Stamp = bigint

export interface Packet {
  /** 0: none, 1: a second more today, 2: one less, 3: the clock is not set. */
  readonly leap: number
  readonly version: number
  readonly mode: number
  /** 0: see `reference` for the kiss code; 1: has a clock of its own. */
  readonly stratum: number
  /** log2 of seconds, as `precision`. */
  readonly poll: number
  readonly precision: number
  /** In units of 2^-16 s. */
  readonly rootDelay: number
  readonly rootDispersion: number
  /** Four bytes as a number: text for stratum 0 and 1, an IPv4 address for others. */
  readonly reference: number
  readonly referenceTime: Stamp
  readonly originTime: Stamp
  readonly receiveTime: Stamp
  readonly transmitTime: Stamp
}

/** Seconds from 1900 to 1970. */
const fromEpoch = 2_208_988_800n
const billion = 1_000_000_000n

/** @throws {Malformed} */
export function parse(bytes: Uint8Array): Packet {
  need(bytes, 0, packetBytes, 'ntp packet')
  return {
    leap: bytes[0] >> 6,
    version: (bytes[0] >> 3) & 7,
    mode: bytes[0] & 7,
    stratum: bytes[1],
    poll: (bytes[2] << 24) >> 24,
    precision: (bytes[3] << 24) >> 24,
    rootDelay: u32be(bytes, 4),
    rootDispersion: u32be(bytes, 8),
    reference: u32be(bytes, 12),
    referenceTime: u64be(bytes, 16),
    originTime: u64be(bytes, 24),
    receiveTime: u64be(bytes, 32),
    transmitTime: u64be(bytes, 40),
  }
}

export function build(packet: Packet): Uint8Array {
  const bytes = new Uint8Array(packetBytes)
  bytes[0] = (packet.leap << 6) | (packet.version << 3) | packet.mode
  bytes[1] = packet.stratum
  bytes[2] = packet.poll
  bytes[3] = packet.precision
  putU32be(bytes, 4, packet.rootDelay)
  putU32be(bytes, 8, packet.rootDispersion)
  putU32be(bytes, 12, packet.reference)
  putU64be(bytes, 16, packet.referenceTime)
  putU64be(bytes, 24, packet.originTime)
  putU64be(bytes, 32, packet.receiveTime)
  putU64be(bytes, 40, packet.transmitTime)
  return bytes
}

/** @param unix nanoseconds since 1970. */
export function stampOf(unix: bigint): Stamp {
  return (((unix / billion + fromEpoch) & 0xffff_ffffn) << 32n) | (((unix % billion) << 32n) / billion)
}

/** Nanoseconds since 1970. "If bit 0 is set, the UTC time is in the range 1968–2036 …; if not, … 2036–2104" (RFC 4330 §3). */
export function unixOf(stamp: Stamp): bigint {
  const seconds = (stamp >> 32n) + (stamp >> 63n === 1n ? 0n : 0x1_0000_0000n)
  return (seconds - fromEpoch) * billion + (((stamp & 0xffff_ffffn) * billion) >> 32n)
}

/** `ntp v4 client`, `ntp v4 server stratum 1 NETL, 2026-01-01 00:00:07.250000000`. */
export function format(packet: Packet): string {
  const mode = Object.entries(modes).find(([, value]) => value === packet.mode)?.[0] ?? `mode ${packet.mode}`
  if (packet.mode !== modes.server) return `ntp v${packet.version} ${mode}`
  const reference = formatReference(packet)
  return `ntp v${packet.version} ${mode} stratum ${packet.stratum}${reference === '' ? '' : ` ${reference}`}, ${formatStamp(packet.transmitTime)}`
}

export const show = { referenceTime: formatStamp, originTime: formatStamp, receiveTime: formatStamp, transmitTime: formatStamp }

function formatReference({ stratum, reference }: Packet): string {
  if (stratum > 1) return formatIpv4(reference)
  const bytes = new Uint8Array(4)
  putU32be(bytes, 0, reference)
  return legible(fromLatin1(bytes).replace(/\0+$/, ''))
}

/** `2026-01-01 00:00:07.250000000`, in UTC. */
export function formatStamp(stamp: Stamp): string {
  if (stamp === 0n) return 'unset'
  const unix = unixOf(stamp)
  const { year, month, day, hour, minute, second } = civilOf(Number(unix / billion))
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}.${String(unix % billion).padStart(9, '0')}`
}
