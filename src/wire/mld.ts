/** Multicast listener discovery, the bodies behind ICMPv6's checksum. MLDv2 RFC 3810 §5; the query of MLDv1 (RFC 2710) is its shorter form. */
import { need, putU16be, u16be } from '../base/bytes.ts'
import { formatIpv6 } from './address.ts'

export const types = { query: 130, reportV1: 131, doneV1: 132, report: 143 } as const

/** RFC 3810 §5.2.12. */
export const changes = { isInclude: 1, isExclude: 2, toInclude: 3, toExclude: 4, allow: 5, block: 6 } as const

export interface Query {
  readonly kind: 'listener query'
  readonly version: 1 | 2
  readonly maxResponseMilliseconds: number
  /** `::`: a general query. */
  readonly group: Uint8Array
  readonly sources: readonly Uint8Array[]
}

export interface Record {
  /** One of `changes`. */
  readonly change: number
  readonly group: Uint8Array
  readonly sources: readonly Uint8Array[]
}

export interface Report {
  readonly kind: 'listener report'
  readonly records: readonly Record[]
}

/** @param bytes from the ICMPv6 type on. @throws {Malformed} */
export function parseQuery(bytes: Uint8Array): Query {
  need(bytes, 0, 24, 'MLD query')
  const code = u16be(bytes, 4)
  const group = bytes.subarray(8, 24)
  if (bytes.length < 28) return { kind: 'listener query', version: 1, maxResponseMilliseconds: code, group, sources: [] }
  // "If Maximum Response Code >= 32768, [it] represents a floating-point value" (§5.1.3).
  const maxResponseMilliseconds = code < 0x8000 ? code : ((code & 0xfff) | 0x1000) * 2 ** (((code >> 12) & 7) + 3)
  return { kind: 'listener query', version: 2, maxResponseMilliseconds, group, sources: parseSources(bytes, 28, u16be(bytes, 26)) }
}

/** @param bytes from the ICMPv6 type on. @throws {Malformed} */
export function parseReport(bytes: Uint8Array): Report {
  need(bytes, 0, 8, 'MLD report')
  const records: Record[] = []
  let at = 8
  for (let count = u16be(bytes, 6); count > 0; count--) {
    need(bytes, at, 20, 'MLD record')
    const sources = parseSources(bytes, at + 20, u16be(bytes, at + 2))
    records.push({ change: bytes[at], group: bytes.subarray(at + 4, at + 20), sources })
    at += 20 + sources.length * 16 + bytes[at + 1] * 4
  }
  return { kind: 'listener report', records }
}

function parseSources(bytes: Uint8Array, from: number, count: number): Uint8Array[] {
  need(bytes, from, count * 16, 'MLD sources')
  return Array.from({ length: count }, (_, at) => bytes.subarray(from + at * 16, from + at * 16 + 16))
}

/** All behind the four bytes of type, code and checksum. */
export function build(message: Query | Report): Uint8Array {
  return message.kind === 'listener query' ? buildQuery(message) : buildReport(message)
}

function buildQuery({ version, maxResponseMilliseconds, group, sources }: Query): Uint8Array {
  const bytes = new Uint8Array(version === 1 ? 20 : 24 + sources.length * 16)
  putU16be(bytes, 0, Math.min(0x7fff, maxResponseMilliseconds))
  bytes.set(group, 4)
  if (version === 1) return bytes
  // Robustness 2, and a query every 125 s: the defaults of §9.
  bytes.set([2, 125], 20)
  putU16be(bytes, 22, sources.length)
  for (const [at, source] of sources.entries()) bytes.set(source, 24 + at * 16)
  return bytes
}

function buildReport({ records }: Report): Uint8Array {
  const bytes = new Uint8Array(4 + records.reduce((sum, { sources }) => sum + 20 + sources.length * 16, 0))
  putU16be(bytes, 2, records.length)
  let at = 4
  for (const { change, group, sources } of records) {
    bytes[at] = change
    putU16be(bytes, at + 2, sources.length)
    bytes.set(group, at + 4)
    for (const [place, source] of sources.entries()) bytes.set(source, at + 20 + place * 16)
    at += 20 + sources.length * 16
  }
  return bytes
}

const changeNames = ['', 'includes', 'excludes', 'to include', 'to exclude', 'allows', 'blocks']

export function format(message: Query | Report): string {
  if (message.kind === 'listener query') return `${message.kind} v${message.version} ${message.group.every((byte) => byte === 0) ? 'general' : formatIpv6(message.group)}`
  return `${message.kind} ${message.records.map(({ change, group, sources }) => `${formatIpv6(group)} ${changeNames[change] ?? change}${sources.length > 0 ? ` ${sources.map(formatIpv6).join(' ')}` : ''}`).join(', ')}`
}
