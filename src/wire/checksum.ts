/** The Internet checksum. RFC 1071 (definition), RFC 1624 (incremental update). */
import { u16be } from '../base/bytes.ts'

/** What stands in a checksum field: `absent` where UDP says so with zero, `unchecked` where the parser was not told the addresses. */
export type Verdict = 'right' | 'wrong' | 'absent' | 'unchecked'

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Below this many bytes a view costs more than it wins (measured: break-even near 100). */
const wideFrom = 128

/** Any sum of 16-bit words → one 16-bit word in ones' complement. */
export function fold(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded % 0x1_0000) + Math.floor(folded / 0x1_0000)
  return folded
}

const swap = (word: number): number => ((word & 0xff) << 8) | (word >>> 8)

/**
 * Adds `bytes[from, to)` as big-endian 16-bit words to `partial`; an odd last byte counts as if a zero followed it.
 * @returns the folded sum, not yet complemented.
 */
export function sum(bytes: Uint8Array, from = 0, to = bytes.length, partial = 0): number {
  if (to - from >= wideFrom) return wideSum(bytes, from, to, partial)
  let total = partial
  let at = from
  for (; at + 1 < to; at += 2) total += (bytes[at] << 8) | bytes[at + 1]
  if (at < to) total += bytes[at] << 8
  return fold(total)
}

/** The checksum of `bytes[from, to)`: the complement of their sum and `partial`. The field itself must hold zero. */
export function checksum(bytes: Uint8Array, from = 0, to = bytes.length, partial = 0): number {
  return ~sum(bytes, from, to, partial) & 0xffff
}

/** Whether `bytes[from, to)`, checksum field included, sum up to what they should. */
export function verify(bytes: Uint8Array, from = 0, to = bytes.length, partial = 0): Verdict {
  return sum(bytes, from, to, partial) === 0xffff ? 'right' : 'wrong'
}

/** The checksum after one 16-bit word under it changed (RFC 1624 eqn. 3). */
export function update(field: number, was: number, becomes: number): number {
  return ~fold((~field & 0xffff) + (~was & 0xffff) + becomes) & 0xffff
}

/** The checksum after a 32-bit value on an even offset changed, e.g. an IPv4 address. */
export function update32(field: number, was: number, becomes: number): number {
  return update(update(field, was >>> 16, becomes >>> 16), was & 0xffff, becomes & 0xffff)
}

/** The pseudo-header's share but for the length, which the transport adds itself (RFC 768, RFC 9293 §3.1). */
export function addressSum4(source: number, destination: number, protocol: number): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol
}

/** The same for IPv6 (RFC 8200 §8.1). */
export function addressSum6(source: Uint8Array, destination: Uint8Array, protocol: number): number {
  let total = protocol
  for (let at = 0; at < 16; at += 2) total += u16be(source, at) + u16be(destination, at)
  return total
}

/** RFC 1071 §2(B): the sum may be taken in the machine's own byte order, four bytes at a time, and swapped once at the end. */
function wideSum(bytes: Uint8Array, from: number, to: number, partial: number): number {
  const head = -(bytes.byteOffset + from) & 3
  const start = from + head
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, (to - start) >>> 2)
  let native = 0
  // 8,192 words at a time keep both halves' sums inside 31 bits, where additions are integer additions.
  for (let at = 0; at < words.length; at += 8192) native += nativeSum(words, at, Math.min(words.length, at + 8192))
  let body = fold(native)
  // After an odd head, or in a little-endian machine, every word was taken with its bytes exchanged; after both, with none.
  if ((head & 1) === 1 ? !littleEndian : littleEndian) body = swap(body)
  return fold(narrowSum(bytes, from, start, 0) + body + narrowSum(bytes, start + words.length * 4, to, head & 1) + partial)
}

function nativeSum(words: Int32Array, from: number, to: number): number {
  let low = 0
  let high = 0
  let at = from
  for (; at + 3 < to; at += 4) {
    const a = words[at]
    const b = words[at + 1]
    const c = words[at + 2]
    const d = words[at + 3]
    low += (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff)
    high += (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16)
  }
  for (; at < to; at++) {
    low += words[at] & 0xffff
    high += words[at] >>> 16
  }
  return low + high
}

/** @param phase 1 when the first byte is the low half of its word. */
function narrowSum(bytes: Uint8Array, from: number, to: number, phase: number): number {
  let total = 0
  for (let at = from; at < to; at++) total += ((at - from + phase) & 1) === 0 ? bytes[at] << 8 : bytes[at]
  return total
}

