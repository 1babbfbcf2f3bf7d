/** The .xz container ("The .xz File Format" 1.2.1): enough of it for Debian's packages and kernel modules, that is LZMA2 without other filters. */
import { concat, equal, u32le, unhex } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { crc32 } from '../../base/crc32.ts'
import { Lzma2Decoder } from './lzma2.ts'

const streamMagic = unhex('fd377a585a00')
const lzma2Filter = 0x21
/** Check sizes by check type (§2.1.1.2). */
const checkBytes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64]
const checkCrc32 = 1

export const isXz = (bytes: Uint8Array): boolean => equal(bytes.subarray(0, 6), streamMagic)

/**
 * Unpacks the streams in `bytes`. A CRC32 check is verified; the other kinds are passed over, because everything Netloom unpacks was
 * verified by SHA-256 before.
 * @param limitBytes more than this is refused. @throws {Malformed}
 */
export function unxz(bytes: Uint8Array, limitBytes = 1 << 30): Uint8Array {
  const blocks: Uint8Array[] = []
  let left = limitBytes
  let at = 0
  while (at < bytes.length) {
    if (!isXz(bytes.subarray(at))) throw new Malformed('not an xz file')
    if (at + 12 > bytes.length) throw new Malformed('xz: cut short')
    const check = bytes[at + 7] & 0x0f
    if (bytes[at + 6] !== 0 || crc32(bytes.subarray(at + 6, at + 8)) !== u32le(bytes, at + 8)) throw new Malformed('xz: the stream header is damaged')
    at += 12
    while (bytes[at] !== 0) {
      const block = readBlock(bytes, at, check, left)
      blocks.push(block.content)
      left -= block.content.length
      at = block.end
    }
    at = skipIndex(bytes, at, blocks.length)
    while (at < bytes.length && at % 4 === 0 && u32le(bytes, at) === 0) at += 4 // stream padding
  }
  return blocks.length === 1 ? blocks[0] : concat(...blocks)
}

function readBlock(bytes: Uint8Array, at: number, check: number, limitBytes: number): { content: Uint8Array; end: number } {
  const headerBytes = (bytes[at] + 1) * 4
  if (at + headerBytes > bytes.length) throw new Malformed('xz: cut short')
  const header = bytes.subarray(at, at + headerBytes)
  if (crc32(header.subarray(0, -4)) !== u32le(header, headerBytes - 4)) throw new Malformed('xz: a block header is damaged')
  requireLzma2(header)
  const { bytes: content, end } = new Lzma2Decoder(bytes, at + headerBytes, limitBytes).decode()
  const sum = end + ((4 - ((end - at) % 4)) % 4)
  if (sum + checkBytes[check] > bytes.length) throw new Malformed('xz: cut short')
  if (check === checkCrc32 && crc32(content) !== u32le(bytes, sum)) throw new Malformed('xz: the content does not match its checksum')
  return { content, end: sum + checkBytes[check] }
}

/** §3.1: flags, two optional sizes, then the filters' ids. */
function requireLzma2(header: Uint8Array): void {
  const flags = header[1]
  let at = 2
  for (const present of [flags & 0x40, flags & 0x80]) if (present !== 0) at = vli(header, at).end
  if ((flags & 0x3f) !== 0 || header[at] !== lzma2Filter) throw new Malformed('xz: compressed with a filter other than LZMA2')
}

/** §4: the index and the footer behind it; only its shape is checked. @returns where the next stream may start. */
function skipIndex(bytes: Uint8Array, start: number, most: number): number {
  let { value: records, end: at } = vli(bytes, start + 1)
  if (records > BigInt(most)) throw new Malformed('xz: the index lists more blocks than there are')
  for (; records > 0n; records--) at = vli(bytes, vli(bytes, at).end).end
  at += (4 - ((at - start) % 4)) % 4
  if (at + 16 > bytes.length || crc32(bytes.subarray(start, at)) !== u32le(bytes, at)) throw new Malformed('xz: the index is damaged')
  at += 4 + 12
  if (bytes[at - 2] !== 0x59 || bytes[at - 1] !== 0x5a) throw new Malformed('xz: the footer is missing')
  return at
}

/** A variable-length integer, §1.2. */
function vli(bytes: Uint8Array, start: number): { value: bigint; end: number } {
  let value = 0n
  for (let at = start; at < bytes.length && at < start + 9; at++) {
    value |= BigInt(bytes[at] & 0x7f) << BigInt(7 * (at - start))
    if (bytes[at] < 0x80) return { value, end: at + 1 }
  }
  throw new Malformed('xz: a number is cut short')
}
