/** The seam to what the host can do for formats: compression and chance. */

export interface Codec {
  /** RFC 1951. What follows the end of the stream is passed over. @throws {Malformed} when damaged, or longer than `mostBytes` once unpacked. */
  inflateRaw(bytes: Uint8Array, mostBytes: number): Uint8Array
  /** RFC 1950, likewise. */
  inflate(bytes: Uint8Array, mostBytes: number): Uint8Array
  /** RFC 1951 with a window of 4 KiB, as qcow2's readers want it. */
  deflateRaw(bytes: Uint8Array): Uint8Array
  /** RFC 1950. */
  deflate(bytes: Uint8Array): Uint8Array
  /** For identifiers. */
  random(count: number): Uint8Array
}
