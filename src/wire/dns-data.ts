/** What DNS records say, by type: RFC 1035 §3.3, AAAA RFC 3596, SRV RFC 2782; of every other type the plain bytes (RFC 3597). */
import { fromUtf8, hex, need, u16be, u32be } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { formatIpv4, formatIpv6 } from './address.ts'
import type { NameReader } from './dns-name.ts'
import type { DnsOutput } from './dns-output.ts'
import { legible } from './format.ts'

/** Types that are known by name. */
export const types = { a: 1, ns: 2, cname: 5, soa: 6, ptr: 12, mx: 15, txt: 16, aaaa: 28, srv: 33, opt: 41, svcb: 64, https: 65, axfr: 252, any: 255, caa: 257 } as const

export interface Soa {
  readonly kind: 'soa'
  readonly primary: string
  readonly mailbox: string
  readonly serial: number
  /** In seconds, as those that follow. */
  readonly refresh: number
  readonly retry: number
  readonly expire: number
  /** How long a negative answer may be kept (RFC 2308 §4). */
  readonly minimum: number
}

export type Data =
  | { readonly kind: 'a'; readonly address: number }
  | { readonly kind: 'aaaa'; readonly address: Uint8Array }
  /** NS, CNAME, PTR. */
  | { readonly kind: 'name'; readonly name: string }
  | Soa
  | { readonly kind: 'mx'; readonly preference: number; readonly exchange: string }
  | { readonly kind: 'srv'; readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
  | { readonly kind: 'txt'; readonly texts: readonly Uint8Array[] }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }

/** @throws {Malformed} when the data is not what its type says. */
export function parseData(type: number, bytes: Uint8Array, at: number, length: number, names: NameReader): Data {
  need(bytes, at, length, 'dns record data')
  const end = at + length
  const whole = (data: Data, next: number): Data => {
    if (next !== end) throw new Malformed(`dns record data of type ${type} is ${length} bytes long and ends at ${next - at}`)
    return data
  }
  switch (type) {
    case types.a:
      return length === 4 ? { kind: 'a', address: u32be(bytes, at) } : whole({ kind: 'a', address: 0 }, at + 4)
    case types.aaaa:
      return whole({ kind: 'aaaa', address: bytes.slice(at, end) }, at + 16)
    case types.ns:
    case types.cname:
    case types.ptr: {
      const { name, next } = names.read(at)
      return whole({ kind: 'name', name }, next)
    }
    case types.mx: {
      need(bytes, at, 3, 'dns MX')
      const { name, next } = names.read(at + 2)
      return whole({ kind: 'mx', preference: u16be(bytes, at), exchange: name }, next)
    }
    case types.srv: {
      need(bytes, at, 7, 'dns SRV')
      const { name, next } = names.read(at + 6)
      return whole({ kind: 'srv', priority: u16be(bytes, at), weight: u16be(bytes, at + 2), port: u16be(bytes, at + 4), target: name }, next)
    }
    case types.soa:
      return parseSoa(bytes, at, names, whole)
    case types.txt:
      return { kind: 'txt', texts: parseTexts(bytes, at, end) }
    default:
      return { kind: 'bytes', bytes: bytes.slice(at, end) }
  }
}

function parseSoa(bytes: Uint8Array, at: number, names: NameReader, whole: (data: Data, next: number) => Data): Data {
  const primary = names.read(at)
  const mailbox = names.read(primary.next)
  need(bytes, mailbox.next, 20, 'dns SOA')
  const [serial, refresh, retry, expire, minimum] = [0, 4, 8, 12, 16].map((offset) => u32be(bytes, mailbox.next + offset))
  return whole({ kind: 'soa', primary: primary.name, mailbox: mailbox.name, serial, refresh, retry, expire, minimum }, mailbox.next + 20)
}

function parseTexts(bytes: Uint8Array, from: number, end: number): Uint8Array[] {
  const texts: Uint8Array[] = []
  for (let at = from; at < end; at += 1 + bytes[at]) {
    if (at + 1 + bytes[at] > end) throw new Malformed('dns TXT leads out of its record')
    texts.push(bytes.slice(at + 1, at + 1 + bytes[at]))
  }
  return texts
}

/** @throws {Malformed} for a name that can't be written. */
export function writeData(data: Data, into: DnsOutput): void {
  switch (data.kind) {
    case 'a':
      return into.u32(data.address)
    case 'aaaa':
      return into.raw(data.address)
    case 'name':
      return into.name(data.name, true)
    case 'mx':
      into.u16(data.preference)
      return into.name(data.exchange, true)
    case 'srv':
      for (const value of [data.priority, data.weight, data.port]) into.u16(value)
      return into.name(data.target, false)
    case 'soa':
      into.name(data.primary, true)
      into.name(data.mailbox, true)
      for (const value of [data.serial, data.refresh, data.retry, data.expire, data.minimum]) into.u32(value)
      return
    case 'txt':
      for (const text of data.texts) {
        into.u8(text.length)
        into.raw(text)
      }
      return
    case 'bytes':
      return into.raw(data.bytes)
  }
}

/** `10.0.0.1`, `10 mail.lab`, … as a zone file has it. */
export function formatData(data: Data): string {
  switch (data.kind) {
    case 'a':
      return formatIpv4(data.address)
    case 'aaaa':
      return formatIpv6(data.address)
    case 'name':
      return data.name
    case 'mx':
      return `${data.preference} ${data.exchange}`
    case 'srv':
      return `${data.priority} ${data.weight} ${data.port} ${data.target}`
    case 'soa':
      return `${data.primary} ${data.mailbox} ${data.serial}`
    case 'txt':
      return data.texts.map((text) => JSON.stringify(legible(fromUtf8(text)))).join(' ')
    case 'bytes':
      return `\\# ${data.bytes.length} ${hex(data.bytes.subarray(0, 32))}`
  }
}

/** `AAAA`, `TYPE99` (RFC 3597 §5). */
export function formatType(type: number): string {
  const name = Object.entries(types).find(([, value]) => value === type)?.[0]
  return name === undefined ? `TYPE${type}` : name.toUpperCase()
}
