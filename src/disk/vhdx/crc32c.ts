/** CRC-32C (Castagnoli), as VHDX sums its headers, regions and log. RFC 3720 §12.1 has the polynomial. */

/** `tables[k]` moves a byte on by k further bytes, so that four bytes are summed in one step: a region table has 64 KiB. */
const tables = [new Uint32Array(256), new Uint32Array(256), new Uint32Array(256), new Uint32Array(256)] as const
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : 0x82f6_3b78)
  tables[0][byte] = crc
}
for (let further = 1; further < 4; further++) {
  for (let byte = 0; byte < 256; byte++) tables[further][byte] = (tables[further - 1][byte] >>> 8) ^ tables[0][tables[further - 1][byte] & 0xff]
}

/** @param skip four bytes from here count as zeros: the sum's own place. */
export function crc32c(bytes: Uint8Array, skip = -1): number {
  let crc = -1
  if (skip >= 0) crc = sum(sum(crc, bytes, 0, skip), new Uint8Array(4), 0, 4)
  return ~sum(crc, bytes, skip >= 0 ? skip + 4 : 0, bytes.length) >>> 0
}

function sum(before: number, bytes: Uint8Array, from: number, to: number): number {
  const [t0, t1, t2, t3] = tables
  let crc = before
  let at = from
  for (; at + 4 <= to; at += 4) {
    const word = crc ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24))
    crc = t3[word & 0xff] ^ t2[(word >>> 8) & 0xff] ^ t1[(word >>> 16) & 0xff] ^ t0[word >>> 24]
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]) & 0xff]
  return crc
}
