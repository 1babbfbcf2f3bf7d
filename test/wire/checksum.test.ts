import { describe, expect, it } from 'vitest'
import { unhex } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { addressSum4, addressSum6, checksum, fold, sum, update, update32, verify } from '../../src/wire/checksum.ts'

/** RFC 1071 §1, byte by byte. */
function slowSum(bytes: Uint8Array, from: number, to: number): number {
  let total = 0
  for (let at = from; at < to; at++) {
    total += (at - from) % 2 === 0 ? bytes[at] * 256 : bytes[at]
    if (total > 0xffff) total -= 0xffff
  }
  return total
}

describe('checksum', () => {
  it('sums the example of RFC 1071 §3', () => {
    const bytes = unhex('00 01 f2 03 f4 f5 f6 f7')
    expect(sum(bytes)).toBe(0xddf2)
    expect(checksum(bytes)).toBe(0x220d)
  })

  it('counts an odd last byte as the high half of a word', () => {
    expect(sum(unhex('01 02 03'))).toBe(0x0402)
  })

  it('gives the same for every alignment and length, short or long', () => {
    const random = new SeededRandom('checksum')
    const bytes = random.bytes(4096)
    for (const length of [0, 1, 2, 127, 128, 129, 130, 131, 1459, 1460, 1461, 4000]) {
      for (let from = 0; from < 9; from++) expect(sum(bytes, from, from + length), `${length} bytes from ${from}`).toBe(slowSum(bytes, from, from + length))
    }
  })

  it('sums more bytes than 31 bits of carries hold', () => {
    const bytes = new Uint8Array(300_001).fill(0xff)
    expect(sum(bytes, 1)).toBe(0xffff)
    bytes.fill(0xfe, 0, 200_000)
    expect(sum(bytes, 1)).toBe(slowSum(bytes, 1, bytes.length))
  })

  it('verifies an IPv4 header', () => {
    const header = unhex('4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7')
    expect(verify(header)).toBe('right')
    header[8]--
    expect(verify(header)).toBe('wrong')
  })

  it('updates a checksum as if it had been computed anew', () => {
    const header = unhex('4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7')
    const before = checksum(header)
    const aged = header.slice()
    aged[8] = 0x3f
    expect(update(before, 0x4011, 0x3f11)).toBe(checksum(aged))
    const moved = header.slice()
    moved.set([10, 0, 0, 1], 12)
    expect(update32(before, 0xc0a80001, 0x0a000001)).toBe(checksum(moved))
  })

  it('updates across the case that RFC 1624 §3 was written for', () => {
    expect(update(0xdd2f, 0x5555, 0x3285)).toBe(0x0000)
  })

  it('sums addresses of both families', () => {
    expect(fold(addressSum4(0xc0a80001, 0xc0a800c7, 17))).toBe(fold(0xc0a8 + 0x0001 + 0xc0a8 + 0x00c7 + 17))
    const source = unhex('fe80 0000 0000 0000 0000 0000 0000 0001')
    const destination = unhex('ff02 0000 0000 0000 0000 0000 0000 0001')
    expect(fold(addressSum6(source, destination, 58))).toBe(fold(0xfe80 + 1 + 0xff02 + 1 + 58))
  })
})
