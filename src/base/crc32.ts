/** CRC-32 as ISO 3309 has it (polynomial 0xEDB88320 reflected): Ethernet's check sequence, uImage headers and xz. */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  return crc
})

/** @returns the CRC of `bytes`, unsigned. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (let at = 0; at < bytes.length; at++) crc = table[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8)
  return (crc ^ 0xffff_ffff) >>> 0
}
