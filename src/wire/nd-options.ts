/** Options of neighbour discovery. RFC 4861 §4.6; recursive DNS servers RFC 8106 §5.1. */
import { need, putU16be, putU32be, u32be } from '../base/bytes.ts'
import { assert, Malformed } from '../base/errors.ts'
import { formatIpv6, formatMac } from './address.ts'

const kinds = { sourceMac: 1, targetMac: 2, prefix: 3, redirected: 4, mtu: 5, dns: 25 } as const

export type Option =
  | { readonly kind: 'source mac' | 'target mac'; readonly mac: Uint8Array }
  | Prefix
  /** As much as came along of the packet that was redirected. */
  | { readonly kind: 'redirected'; readonly quoted: Uint8Array }
  | { readonly kind: 'mtu'; readonly mtu: number }
  | { readonly kind: 'dns'; readonly lifetimeSeconds: number; readonly servers: readonly Uint8Array[] }
  /** `body`: all behind type and length. */
  | { readonly kind: 'other'; readonly type: number; readonly body: Uint8Array }

export interface Prefix {
  readonly kind: 'prefix'
  readonly length: number
  readonly onLink: boolean
  /** May be used for stateless address configuration (RFC 4862). */
  readonly autonomous: boolean
  /** 0xffffffff: for ever. */
  readonly validSeconds: number
  readonly preferredSeconds: number
  /** 16 bytes. */
  readonly prefix: Uint8Array
}

/** @throws {Malformed} where a length is zero or beyond the end: the whole message is then to be dropped (RFC 4861 §4.6). */
export function parseOptions(bytes: Uint8Array): Option[] {
  const options: Option[] = []
  for (let at = 0; at < bytes.length; ) {
    need(bytes, at, 2, 'neighbour discovery option')
    const length = bytes[at + 1] * 8
    if (length === 0) throw new Malformed('neighbour discovery option of length 0')
    need(bytes, at, length, 'neighbour discovery option')
    options.push(parseOne(bytes.subarray(at, at + length)))
    at += length
  }
  return options
}

function parseOne(bytes: Uint8Array): Option {
  const [type] = bytes
  const { length } = bytes
  // With a link layer other than Ethernet the address is longer; that is no address of ours.
  if ((type === kinds.sourceMac || type === kinds.targetMac) && length === 8) return { kind: type === kinds.sourceMac ? 'source mac' : 'target mac', mac: bytes.subarray(2) }
  if (type === kinds.mtu && length === 8) return { kind: 'mtu', mtu: u32be(bytes, 4) }
  if (type === kinds.redirected) return { kind: 'redirected', quoted: bytes.subarray(8) }
  if (type === kinds.prefix && length === 32) {
    return {
      kind: 'prefix', length: bytes[2], onLink: (bytes[3] & 0x80) !== 0, autonomous: (bytes[3] & 0x40) !== 0, validSeconds: u32be(bytes, 4), preferredSeconds: u32be(bytes, 8), prefix: bytes.subarray(16),
    }
  }
  if (type === kinds.dns && length >= 24 && length % 16 === 8) {
    return { kind: 'dns', lifetimeSeconds: u32be(bytes, 4), servers: Array.from({ length: (length - 8) / 16 }, (_, at) => bytes.subarray(8 + at * 16, 24 + at * 16)) }
  }
  return { kind: 'other', type, body: bytes.subarray(2) }
}

export function buildOptions(options: readonly Option[]): Uint8Array {
  const parts = options.map(buildOne)
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function buildOne(option: Option): Uint8Array {
  switch (option.kind) {
    case 'source mac':
    case 'target mac':
      return block(option.kind === 'source mac' ? kinds.sourceMac : kinds.targetMac, 8, 2, option.mac)
    case 'mtu': {
      const bytes = block(kinds.mtu, 8, 8)
      putU32be(bytes, 4, option.mtu)
      return bytes
    }
    case 'redirected':
      return block(kinds.redirected, (8 + option.quoted.length + 7) & ~7, 8, option.quoted)
    case 'prefix': {
      const bytes = block(kinds.prefix, 32, 16, option.prefix)
      bytes[2] = option.length
      bytes[3] = (option.onLink ? 0x80 : 0) | (option.autonomous ? 0x40 : 0)
      putU32be(bytes, 4, option.validSeconds)
      putU32be(bytes, 8, option.preferredSeconds)
      return bytes
    }
    case 'dns': {
      const bytes = block(kinds.dns, 8 + option.servers.length * 16, 8, ...option.servers)
      putU32be(bytes, 4, option.lifetimeSeconds)
      return bytes
    }
    case 'other':
      return block(option.type, (2 + option.body.length + 7) & ~7, 2, option.body)
  }
}

/** An option of `length` bytes with `parts` from `at` on. */
function block(type: number, length: number, at: number, ...parts: readonly Uint8Array[]): Uint8Array {
  assert(length <= 255 * 8, `neighbour discovery option of ${length} bytes`)
  const bytes = new Uint8Array(length)
  putU16be(bytes, 0, (type << 8) | (length / 8))
  let to = at
  for (const part of parts) {
    bytes.set(part, to)
    to += part.length
  }
  return bytes
}

export function formatOptions(options: readonly Option[]): string {
  return options.map(formatOne).join(', ')
}

function formatOne(option: Option): string {
  switch (option.kind) {
    case 'source mac':
    case 'target mac':
      return `${option.kind} ${formatMac(option.mac)}`
    case 'mtu':
      return `mtu ${option.mtu}`
    case 'redirected':
      return `redirected ${option.quoted.length} bytes`
    case 'prefix':
      return `prefix ${formatIpv6(option.prefix)}/${option.length}${option.onLink ? ' on-link' : ''}${option.autonomous ? ' autonomous' : ''}`
    case 'dns':
      return `dns ${option.servers.map(formatIpv6).join(' ')}`
    case 'other':
      return `option ${option.type}`
  }
}
