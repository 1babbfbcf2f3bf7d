/** TCP segments. RFC 9293 §3.1; options: SACK RFC 2018, window scale and timestamps RFC 7323. */
import { need, putU16be, putU32be, u16be, u32be } from '../base/bytes.ts'
import { assert, Malformed } from '../base/errors.ts'
import { checksum, fold, verify } from './checksum.ts'
import type { Verdict } from './checksum.ts'
import type { Cargo, Show } from './format.ts'
import { formatOptions, parseOptions } from './tcp-options.ts'

export const headerBytes = 20

/** Control bits. */
export const flags = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const

export interface Segment {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly sequence: number
  readonly acknowledgment: number
  readonly flags: number
  readonly window: number
  readonly urgentPointer: number
  /** As they stand, padding included; `parseOptions` of tcp-options.ts reads them. At most 40 bytes. */
  readonly options: Uint8Array
  readonly payload: Uint8Array
}

export interface Parsed extends Segment {
  readonly checksum: Verdict
}

/** @param addressSum the pseudo-header's sum (checksum.ts); without it the checksum is not looked at. @throws {Malformed} */
export function parse(bytes: Uint8Array, addressSum?: number): Parsed {
  need(bytes, 0, headerBytes, 'TCP header')
  const offset = (bytes[12] >>> 4) * 4
  if (offset < headerBytes || offset > bytes.length) throw new Malformed(`TCP header of ${offset} bytes in ${bytes.length}`)
  return {
    sourcePort: u16be(bytes, 0),
    destinationPort: u16be(bytes, 2),
    sequence: u32be(bytes, 4),
    acknowledgment: u32be(bytes, 8),
    flags: bytes[13],
    window: u16be(bytes, 14),
    checksum: addressSum === undefined ? 'unchecked' : verify(bytes, 0, bytes.length, addressSum + bytes.length),
    urgentPointer: u16be(bytes, 18),
    options: bytes.subarray(headerBytes, offset),
    payload: bytes.subarray(offset),
  }
}

export function build(segment: Segment, addressSum: number): Uint8Array {
  const bytes = new Uint8Array(headerLengthOf(segment) + segment.payload.length)
  bytes.set(segment.payload, headerLengthOf(segment))
  write(bytes, 0, segment, segment.payload.length, addressSum)
  return bytes
}

export const headerLengthOf = (segment: Pick<Segment, 'options'>): number => headerBytes + ((segment.options.length + 3) & ~3)

/**
 * Writes a header at `at`, summing the `payloadLength` bytes that stand behind it already. Options are padded with end-of-list.
 * @param owed leaves the checksum to who sends the frame: its field gets the pseudo-header's sum alone (virtio 1.2 §5.1.6.2).
 */
export function write(into: Uint8Array, at: number, segment: Omit<Segment, 'payload'>, payloadLength: number, addressSum: number, owed = false): void {
  const headerLength = headerLengthOf(segment)
  assert(headerLength <= 60, `TCP options of ${segment.options.length} bytes`)
  putU16be(into, at, segment.sourcePort)
  putU16be(into, at + 2, segment.destinationPort)
  putU32be(into, at + 4, segment.sequence)
  putU32be(into, at + 8, segment.acknowledgment)
  into[at + 12] = (headerLength >>> 2) << 4
  into[at + 13] = segment.flags
  putU16be(into, at + 14, segment.window)
  putU16be(into, at + 16, 0)
  putU16be(into, at + 18, segment.urgentPointer)
  into.fill(0, at + headerBytes, at + headerLength)
  into.set(segment.options, at + headerBytes)
  const length = headerLength + payloadLength
  putU16be(into, at + 16, owed ? fold(addressSum + length) : checksum(into, at, at + length, addressSum + length))
}

export function formatFlags(bits: number): string {
  const set = Object.entries(flags).filter(([, bit]) => (bits & bit) !== 0)
  return set.length === 0 ? 'none' : set.map(([name]) => name.toUpperCase()).join(',')
}

export function format(segment: Parsed): string {
  const parts = [`tcp ${segment.sourcePort} > ${segment.destinationPort} ${formatFlags(segment.flags)} seq ${segment.sequence}`]
  if ((segment.flags & flags.ack) !== 0) parts.push(`ack ${segment.acknowledgment}`)
  parts.push(`win ${segment.window}`)
  if ((segment.flags & flags.urg) !== 0) parts.push(`urg ${segment.urgentPointer}`)
  if (segment.options.length > 0) parts.push(`<${formatOptions(parseOptions(segment.options))}>`)
  parts.push(`${segment.payload.length} bytes`)
  if (segment.checksum === 'wrong') parts.push('WRONG CHECKSUM')
  return parts.join(', ')
}

export const show: Show<Parsed> = { flags: formatFlags, options: (options) => formatOptions(parseOptions(options)) }

/** Only the first bytes of a stream are sure to begin a message; what follows is looked up all the same, as every sniffer does. */
export function carries({ sourcePort, destinationPort, payload }: Segment): Cargo | undefined {
  if (payload.length === 0) return undefined
  return { space: 'tcp', numbers: [Math.min(sourcePort, destinationPort), Math.max(sourcePort, destinationPort)], bytes: payload }
}
