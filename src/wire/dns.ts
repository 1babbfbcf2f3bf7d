/** DNS messages. RFC 1035 §4, EDNS(0) RFC 6891, codes of RFC 6895; names by dns-name.ts, what records say by dns-data.ts. */
import { need, putU16be, u16be, u32be } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { formatData, formatType, parseData, types, writeData, type Data } from './dns-data.ts'
import { NameReader, root } from './dns-name.ts'
import { DnsOutput } from './dns-output.ts'
import { hex16 } from './format.ts'

export const serverPort = 53
export const classes = { internet: 1, chaos: 3, none: 254, any: 255 } as const
export const opcodes = { query: 0, status: 2, notify: 4, update: 5 } as const
/** 12 bits where there is EDNS, 4 without. */
export const rcodes = { ok: 0, formatError: 1, serverFailure: 2, noSuchName: 3, notImplemented: 4, refused: 5, badVersion: 16 } as const

export interface Question {
  readonly name: string
  readonly type: number
  readonly class: number
}

export interface Record {
  readonly name: string
  readonly type: number
  readonly class: number
  /** In seconds. */
  readonly ttl: number
  readonly data: Data
}

/** The OPT record (RFC 6891 §6.1). Its upper bits of the code are in the message's `rcode`. */
export interface Edns {
  /** Largest UDP payload its sender takes. */
  readonly udpBytes: number
  readonly version: number
  readonly dnssecOk: boolean
  readonly options: Uint8Array
}

export interface Message {
  readonly id: number
  readonly response: boolean
  readonly opcode: number
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly recursionDesired: boolean
  readonly recursionAvailable: boolean
  /** AD and CD (RFC 4035 §3.1.6, §3.2.2). */
  readonly authenticData: boolean
  readonly checkingDisabled: boolean
  readonly rcode: number
  readonly questions: readonly Question[]
  readonly answers: readonly Record[]
  readonly authorities: readonly Record[]
  /** Without the OPT record. */
  readonly additionals: readonly Record[]
  readonly edns: Edns | undefined
}

export const headerBytes = 12
/** What every UDP resolver takes (RFC 1035 §4.2.1). */
export const leastUdpBytes = 512

/** What follows the last record is passed over. @throws {Malformed} */
export function parse(bytes: Uint8Array): Message {
  need(bytes, 0, headerBytes, 'dns header')
  const names = new NameReader(bytes)
  const flags = u16be(bytes, 2)
  let at = headerBytes
  const questions: Question[] = []
  for (let left = u16be(bytes, 4); left > 0; left--) {
    const { name, next } = names.read(at)
    need(bytes, next, 4, 'dns question')
    questions.push({ name, type: u16be(bytes, next), class: u16be(bytes, next + 2) })
    at = next + 4
  }
  const [answers, authorities, extras] = [6, 8, 10].map((count) => {
    const { records, next } = parseRecords(bytes, at, u16be(bytes, count), names)
    at = next
    return records
  })
  const opts = extras.filter((each) => each.type === types.opt)
  if (opts.length > 1 || opts.some((each) => each.name !== root)) throw new Malformed('dns message with more than one OPT, or one with a name')
  const [opt] = opts
  return {
    id: u16be(bytes, 0),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    authoritative: (flags & 0x400) !== 0,
    truncated: (flags & 0x200) !== 0,
    recursionDesired: (flags & 0x100) !== 0,
    recursionAvailable: (flags & 0x80) !== 0,
    authenticData: (flags & 0x20) !== 0,
    checkingDisabled: (flags & 0x10) !== 0,
    rcode: (flags & 15) | (opt === undefined ? 0 : (opt.ttl >>> 24) << 4),
    questions,
    answers,
    authorities,
    additionals: extras.filter((each) => each.type !== types.opt),
    edns: opt === undefined ? undefined : { udpBytes: opt.class, version: (opt.ttl >>> 16) & 255, dnssecOk: (opt.ttl & 0x8000) !== 0, options: opt.data.kind === 'bytes' ? opt.data.bytes : new Uint8Array(0) },
  }
}

function parseRecords(bytes: Uint8Array, from: number, count: number, names: NameReader): { records: Record[]; next: number } {
  const records: Record[] = []
  let at = from
  for (let left = count; left > 0; left--) {
    const { name, next } = names.read(at)
    need(bytes, next, 10, 'dns record')
    const type = u16be(bytes, next)
    const length = u16be(bytes, next + 8)
    records.push({ name, type, class: u16be(bytes, next + 2), ttl: u32be(bytes, next + 4), data: parseData(type, bytes, next + 10, length, names) })
    at = next + 10 + length
  }
  return { records, next: at }
}

/**
 * Builds a message of at most `maxBytes`. What doesn't fit is left out from its end on: additional records in silence, others with TC set
 * (RFC 2181 §9). @throws {Malformed} for a name that can't be written.
 */
export function build(message: Message, maxBytes = 65_535): Uint8Array {
  const out = new DnsOutput()
  const { edns } = message
  const room = maxBytes - (edns === undefined ? 0 : 11 + edns.options.length)
  out.raw(new Uint8Array(headerBytes))
  for (const { name, type, class: kind } of message.questions) {
    out.name(name, true)
    out.u16(type)
    out.u16(kind)
  }
  const counts = [message.answers, message.authorities, message.additionals].map(() => 0)
  let full = false
  for (const [section, records] of [message.answers, message.authorities, message.additionals].entries()) {
    for (const record of records) {
      if (full) break
      const before = out.length
      writeRecord(record, out)
      full = out.length > room
      if (full) out.cut(before)
      else counts[section]++
    }
  }
  const truncated = message.truncated || counts[0] < message.answers.length || counts[1] < message.authorities.length
  if (edns !== undefined) writeEdns(edns, message.rcode, out)
  const bytes = out.bytes
  writeHeader(bytes, { ...message, truncated }, [counts[0], counts[1], counts[2] + (edns === undefined ? 0 : 1)])
  return bytes
}

const bit = (set: boolean, value: number): number => (set ? value : 0)

function writeHeader(bytes: Uint8Array, message: Message, counts: readonly number[]): void {
  const { response, authoritative, truncated, recursionDesired, recursionAvailable, authenticData, checkingDisabled } = message
  const upper = bit(response, 0x8000) | (message.opcode << 11) | bit(authoritative, 0x400) | bit(truncated, 0x200) | bit(recursionDesired, 0x100)
  const lower = bit(recursionAvailable, 0x80) | bit(authenticData, 0x20) | bit(checkingDisabled, 0x10) | (message.rcode & 15)
  putU16be(bytes, 0, message.id)
  putU16be(bytes, 2, upper | lower)
  putU16be(bytes, 4, message.questions.length)
  for (const [at, count] of counts.entries()) putU16be(bytes, 6 + 2 * at, count)
}

function writeRecord({ name, type, class: kind, ttl, data }: Record, out: DnsOutput): void {
  out.name(name, true)
  out.u16(type)
  out.u16(kind)
  out.u32(ttl)
  const at = out.length
  out.u16(0)
  writeData(data, out)
  out.patch(at, out.length - at - 2)
}

function writeEdns({ udpBytes, version, dnssecOk, options }: Edns, rcode: number, out: DnsOutput): void {
  out.u8(0)
  out.u16(types.opt)
  out.u16(udpBytes)
  out.u32((((rcode >> 4) << 24) | (version << 16) | (dnssecOk ? 0x8000 : 0)) >>> 0)
  out.u16(options.length)
  out.raw(options)
}

/** One line for people: `dns 0x1a2b query node1.lab A`, `dns 0x1a2b answer node1.lab A: A 10.0.0.10`. */
export function format(message: Message): string {
  const asked = message.questions.map(({ name, type }) => ` ${name} ${formatType(type)}`).join(',')
  const opcode = Object.entries(opcodes).find(([, value]) => value === message.opcode)?.[0] ?? `opcode ${message.opcode}`
  if (!message.response) return `dns ${hex16(message.id)} ${opcode}${asked}`
  const code = Object.entries(rcodes).find(([, value]) => value === message.rcode)?.[0] ?? `code ${message.rcode}`
  const said = message.answers.slice(0, 8).map(({ type, data }) => `${formatType(type)} ${formatData(data)}`).join(', ')
  const what = message.rcode !== rcodes.ok ? code : said === '' ? 'nothing' : said
  return `dns ${hex16(message.id)} answer${asked}: ${what}${message.truncated ? ', truncated' : ''}`
}

export const show = { id: hex16 }
