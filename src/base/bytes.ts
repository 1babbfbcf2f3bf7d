/** Bytes: big- and little-endian fields, hexadecimal and text, without Node's Buffer. Reads past the end throw `Malformed`. */
import { Malformed } from './errors.ts'

/** @throws {Malformed} unless `bytes` holds `count` bytes from `at`. */
export function need(bytes: Uint8Array, at: number, count: number, what: string): void {
  if (at < 0 || count < 0 || at + count > bytes.length) throw new Malformed(`${what}: ${count} bytes wanted at ${at}, ${bytes.length} there`)
}

export const u16be = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1]
export const u32be = (bytes: Uint8Array, at: number): number => (((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0)
export const u16le = (bytes: Uint8Array, at: number): number => bytes[at] | (bytes[at + 1] << 8)
export const u32le = (bytes: Uint8Array, at: number): number => ((bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0)
export const u64le = (bytes: Uint8Array, at: number): bigint => (BigInt(u32le(bytes, at + 4)) << 32n) | BigInt(u32le(bytes, at))
export const u64be = (bytes: Uint8Array, at: number): bigint => (BigInt(u32be(bytes, at)) << 32n) | BigInt(u32be(bytes, at + 4))

export function putU16be(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function putU32be(bytes: Uint8Array, at: number, value: number): void {
  putU16be(bytes, at, value >>> 16)
  putU16be(bytes, at + 2, value)
}

export function putU16le(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
}

export function putU32le(bytes: Uint8Array, at: number, value: number): void {
  putU16le(bytes, at, value)
  putU16le(bytes, at + 2, value >>> 16)
}

export function putU64le(bytes: Uint8Array, at: number, value: bigint): void {
  putU32le(bytes, at, Number(value & 0xffff_ffffn))
  putU32le(bytes, at + 4, Number((value >> 32n) & 0xffff_ffffn))
}

export function putU64be(bytes: Uint8Array, at: number, value: bigint): void {
  putU32be(bytes, at, Number((value >> 32n) & 0xffff_ffffn))
  putU32be(bytes, at + 4, Number(value & 0xffff_ffffn))
}

/** `52540012`: lower case, no separator unless one is given. */
export function hex(bytes: Uint8Array, separator = ''): string {
  const digits: string[] = []
  for (const byte of bytes) digits.push(byte.toString(16).padStart(2, '0'))
  return digits.join(separator)
}

/** Reads `hex()`'s form; blanks and colons are passed over. @throws {Malformed} */
export function unhex(text: string): Uint8Array {
  const digits = text.replace(/[\s:]/g, '')
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Malformed(`not hexadecimal: ${text}`)
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** ISO 8859-1: one byte a character; what doesn't fit becomes `?`. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => ((char.codePointAt(0) as number) < 256 ? (char.codePointAt(0) as number) : 0x3f))
}

export function fromLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return text
}

/** UTF-8 (RFC 3629). Lone surrogates become U+FFFD. */
export function utf8(text: string): Uint8Array {
  const bytes: number[] = []
  for (const char of text) {
    let code = char.codePointAt(0) as number
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd
    if (code < 0x80) bytes.push(code)
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f))
    else if (code < 0x1_0000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
  }
  return Uint8Array.from(bytes)
}

/** UTF-8 → text; every byte that doesn't belong becomes U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  const chars: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at++]
    const tail = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : -1
    if (tail <= 0) {
      chars.push(tail === 0 ? String.fromCharCode(lead) : '\ufffd')
      continue
    }
    let code = lead & (0x3f >> tail)
    let taken = 0
    while (taken < tail && at + taken < bytes.length && (bytes[at + taken] & 0xc0) === 0x80) code = (code << 6) | (bytes[at + taken++] & 0x3f)
    const shortest = [0, 0x80, 0x800, 0x1_0000][tail]
    const fits = taken === tail && code >= shortest && code <= 0x10_ffff && (code < 0xd800 || code >= 0xe000)
    if (fits) at += tail
    chars.push(fits ? String.fromCodePoint(code) : '\ufffd')
  }
  return chars.join('')
}
