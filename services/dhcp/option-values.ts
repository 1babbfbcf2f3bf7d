/** Option values: from a lab file to their bytes, and from bytes to text for people. Layouts by RFC 2132, 3397, 3442. */
import type { OptionType } from './option-kinds.ts'
import type { Path } from '../../src/stack/service.ts'
import { concat, fromUtf8, hex, putU32be, u16be, u32be, unhex, utf8 } from '../../src/base/bytes.ts'
import { ServiceConfigError } from '../../src/stack/service.ts'
import { formatIpv4, parseIpv4 } from '../../src/wire/address.ts'
import { kindOf } from './option-kinds.ts'

/**
 * The bytes of option `code` for what a lab file says. The type comes from the table of kinds; a value such as `{ u16: 7 }`, `{ text: x }`
 * or `{ bytes: 0x01 }` names its own. An option that the table doesn't know takes text, `0x…` bytes, or a value that names its type.
 * @throws {ServiceConfigError}
 */
export function encodeOption(code: number, value: unknown, path: Path): Uint8Array {
  const own = ownType(value)
  if (own !== undefined) return encode(own.type, own.value, [...path, own.type])
  const type = kindOf(code)?.type
  if (type !== undefined) return encode(type, value, path)
  if (typeof value === 'string') return value.startsWith('0x') ? encode('bytes', value, path) : encode('text', value, path)
  throw new ServiceConfigError(`option ${code} has no type of its own: found ${show(value)}`, path, 'write { u8: 1 }, { u16: 1 }, { u32: 1 }, { ip: 10.0.0.1 }, { text: … } or { bytes: 0x… }')
}

/** Option data as text: by its type where that fits, else `0x…`. */
export function formatOption(code: number, data: Uint8Array): string {
  const type = kindOf(code)?.type ?? 'bytes'
  if (type === 'text') return fromUtf8(data)
  if ((type === 'ip' || type === 'ips') && data.length > 0 && data.length % 4 === 0) {
    return Array.from({ length: data.length / 4 }, (_, at) => formatIpv4(u32be(data, 4 * at))).join(', ')
  }
  if ((type === 'u8' || type === 'bool') && data.length === 1) return String(data[0])
  if (type === 'u16' && data.length === 2) return String(u16be(data, 0))
  if (type === 'u32' && data.length === 4) return String(u32be(data, 0))
  return `0x${hex(data)}`
}

const types: readonly OptionType[] = ['ip', 'ips', 'pairs', 'routes', 'u8', 'u8s', 'u16', 'u16s', 'u32', 'i32', 'bool', 'text', 'domains', 'nested', 'bytes']

function ownType(value: unknown): { type: OptionType; value: unknown } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value)
  const type = types.find((each) => entries.length === 1 && each === entries[0][0])
  return type === undefined ? undefined : { type, value: entries[0][1] }
}

function encode(type: OptionType, value: unknown, path: Path): Uint8Array {
  switch (type) {
    case 'ip':
      return address(value, path)
    case 'ips':
      return joined(list(value), path, address)
    case 'pairs':
      return joined(list(value), path, (each, at) => subnet(each, at).both)
    case 'routes':
      return joined(Array.isArray(value) ? value : [value], path, route)
    case 'u8s':
      return joined(list(value), path, (each, at) => integer(each, 1, at))
    case 'u16s':
      return joined(list(value), path, (each, at) => integer(each, 2, at))
    case 'u8':
      return integer(value, 1, path)
    case 'u16':
      return integer(value, 2, path)
    case 'u32':
      return integer(value, 4, path)
    case 'i32':
      return integer(value, 4, path, -0x8000_0000, 0x7fff_ffff)
    case 'bool':
      if (typeof value !== 'boolean') throw wrong('true or false', value, path)
      return Uint8Array.of(value ? 1 : 0)
    case 'text':
      if (typeof value !== 'string' || value === '') throw wrong('text', value, path)
      return utf8(value)
    case 'domains':
      return joined(list(value), path, domain)
    case 'nested':
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? nested(value, path) : bytes(value, path)
    case 'bytes':
      return bytes(value, path)
  }
}

/** One value, a list, or a comma-separated text is a list. */
function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return typeof value === 'string' ? value.split(',').map((each) => each.trim()) : [value]
}

function joined(values: readonly unknown[], path: Path, encodeOne: (value: unknown, path: Path) => Uint8Array): Uint8Array {
  if (values.length === 0) throw new ServiceConfigError('an empty list', path)
  return concat(...values.map((each, at) => encodeOne(each, values.length === 1 ? path : [...path, at])))
}

function address(value: unknown, path: Path): Uint8Array {
  const bytes = new Uint8Array(4)
  putU32be(bytes, 0, parseAddress(value, path))
  return bytes
}

/** An IPv4 address as a lab file writes it. @throws {ServiceConfigError} */
export function parseAddress(value: unknown, path: Path): number {
  if (typeof value === 'string') {
    try {
      return parseIpv4(value.trim())
    } catch {
      // Told below, with its place in the file.
    }
  }
  throw wrong('an IPv4 address', value, path)
}

function integer(value: unknown, width: 1 | 2 | 4, path: Path, least = 0, most = 2 ** (8 * width) - 1): Uint8Array {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > most) throw wrong(`a whole number from ${least} to ${most}`, value, path)
  const bytes = new Uint8Array(4)
  putU32be(bytes, 0, number >>> 0)
  return bytes.subarray(4 - width)
}

/** `0x…` or `01:02:…`; a number stands for its own digits, since YAML reads an unquoted 0x… as one. */
function bytes(value: unknown, path: Path): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) {
    if (!Number.isSafeInteger(value)) throw new ServiceConfigError('a number of more than 53 bits loses digits', path, 'put it in quotes: "0x…"')
    const digits = value.toString(16)
    return unhex(digits.length % 2 === 0 ? digits : `0${digits}`)
  }
  if (typeof value === 'string' && /^(0x([0-9a-f]{2})*|[0-9a-f]{2}(:[0-9a-f]{2})*)$/i.test(value)) return unhex(value.replace(/^0x/i, ''))
  throw wrong('bytes such as "0x0104deadbeef" or "01:04:de"', value, path)
}

function nested(value: object, path: Path): Uint8Array {
  return concat(
    ...Object.entries(value).map(([key, inner]) => {
      const at = [...path, key]
      const code = Number(key)
      if (!Number.isInteger(code) || code < 1 || code > 254) throw new ServiceConfigError(`sub-option ${key}: expected a code from 1 to 254`, at)
      const own = ownType(inner)
      const plain = typeof inner === 'string' && !inner.startsWith('0x') ? 'text' : 'bytes'
      const data = own === undefined ? encode(plain, inner, at) : encode(own.type, own.value, at)
      if (data.length > 255) throw new ServiceConfigError(`sub-option ${key} has ${data.length} bytes; 255 is the most`, at)
      return concat(Uint8Array.of(code, data.length), data)
    }),
  )
}

function subnet(value: unknown, path: Path): { prefix: number; both: Uint8Array } {
  const [text, width] = typeof value === 'string' ? value.trim().replace(/^default$/, '0.0.0.0/0').split('/') : []
  const prefix = width === undefined ? 32 : Number(width)
  if (text === undefined || width === '' || !Number.isInteger(prefix) || prefix < 0 || prefix > 32) throw wrong('a network such as 10.1.0.0/16', value, path)
  const base = parseAddress(text, path)
  const both = new Uint8Array(8)
  putU32be(both, 0, base)
  putU32be(both, 4, prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0)
  return { prefix, both }
}

/** RFC 3442: prefix length, the significant octets of the network, the router. `10.1.0.0/16 via 10.0.0.1` or `{ to, via }`. */
function route(value: unknown, path: Path): Uint8Array {
  const parts = typeof value === 'string' ? /^(\S+)\s+via\s+(\S+)$/.exec(value.trim())?.slice(1) : undefined
  const { to, via } = (parts === undefined ? (value ?? {}) : { to: parts[0], via: parts[1] }) as { to?: unknown; via?: unknown }
  if (to === undefined || via === undefined) throw wrong('a route such as "10.1.0.0/16 via 10.0.0.1"', value, path)
  const { prefix, both } = subnet(to, path)
  return concat(Uint8Array.of(prefix), both.subarray(0, Math.ceil(prefix / 8)), address(via, path))
}

/** A domain name in the form of RFC 1035 §3.1, without compression. */
function domain(value: unknown, path: Path): Uint8Array {
  const labels = typeof value === 'string' ? value.replace(/\.$/, '').split('.') : []
  if (labels.length === 0 || labels.some((label) => label === '' || utf8(label).length > 63)) throw wrong('a domain name', value, path)
  const parts = labels.map((label) => concat(Uint8Array.of(utf8(label).length), utf8(label)))
  return concat(...parts, Uint8Array.of(0))
}

function wrong(expected: string, value: unknown, path: Path): ServiceConfigError {
  return new ServiceConfigError(`found ${show(value)}, expected ${expected}`, path)
}

/** A value as an error message shows it. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** A 32-bit number, for callers that make options of their own. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  putU32be(bytes, 0, value)
  return bytes
}

/** A 16-bit number, for callers that make options of their own. */
export function u16(value: number): Uint8Array {
  return integer(value, 2, []).slice()
}
