/** CRC-32C (Castagnoli), as VHDX sums its headers, regions and log. RFC 3720 §12.1 has the polynomial. */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : 0x82f6_3b78)
  return crc >>> 0
})

/** @param skip four bytes from here count as zeros: the sum's own place. */
export function crc32c(bytes: Uint8Array, skip = -1): number {
  let crc = 0xffff_ffff
  for (let at = 0; at < bytes.length; at++) crc = (crc >>> 8) ^ table[(crc ^ (at >= skip && at < skip + 4 && skip >= 0 ? 0 : bytes[at])) & 0xff]
  return ~crc >>> 0
}
