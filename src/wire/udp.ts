/** UDP. RFC 768; over IPv6 RFC 8200 §8.1. */
import { need, putU16be, u16be } from '../base/bytes.ts'
import { assert, Malformed } from '../base/errors.ts'
import { checksum, verify } from './checksum.ts'
import type { Verdict } from './checksum.ts'
import type { Cargo } from './format.ts'

export const headerBytes = 8

export interface Datagram {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payload: Uint8Array
}

export interface Parsed extends Datagram {
  readonly checksum: Verdict
}

/** @param addressSum the pseudo-header's sum (checksum.ts); without it the checksum is not looked at. @throws {Malformed} */
export function parse(bytes: Uint8Array, addressSum?: number): Parsed {
  need(bytes, 0, headerBytes, 'UDP header')
  const length = u16be(bytes, 4)
  if (length < headerBytes || length > bytes.length) throw new Malformed(`UDP length ${length} in ${bytes.length} bytes`)
  return {
    sourcePort: u16be(bytes, 0),
    destinationPort: u16be(bytes, 2),
    checksum: u16be(bytes, 6) === 0 ? 'absent' : addressSum === undefined ? 'unchecked' : verify(bytes, 0, length, addressSum + length),
    payload: bytes.subarray(headerBytes, length),
  }
}

export function build(datagram: Datagram, addressSum: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes + datagram.payload.length)
  bytes.set(datagram.payload, headerBytes)
  write(bytes, 0, datagram, datagram.payload.length, addressSum)
  return bytes
}

/** Writes a header at `at`, summing the `payloadLength` bytes that stand behind it already. */
export function write(into: Uint8Array, at: number, { sourcePort, destinationPort }: Omit<Datagram, 'payload'>, payloadLength: number, addressSum: number): void {
  const length = headerBytes + payloadLength
  assert(length <= 0xffff, `UDP datagram of ${length} bytes`)
  putU16be(into, at, sourcePort)
  putU16be(into, at + 2, destinationPort)
  putU16be(into, at + 4, length)
  putU16be(into, at + 6, 0)
  // "If the computed checksum is zero, it is transmitted as all ones": zero means there is none.
  putU16be(into, at + 6, checksum(into, at, at + length, addressSum + length) || 0xffff)
}

export function format(datagram: Parsed): string {
  return `udp ${datagram.sourcePort} > ${datagram.destinationPort}, ${datagram.payload.length} bytes${datagram.checksum === 'wrong' ? ', WRONG CHECKSUM' : ''}`
}

/** The lower port first: a well-known one tells more than an ephemeral one. */
export function carries({ sourcePort, destinationPort, payload }: Datagram): Cargo {
  return { space: 'udp', numbers: [Math.min(sourcePort, destinationPort), Math.max(sourcePort, destinationPort)], bytes: payload }
}
