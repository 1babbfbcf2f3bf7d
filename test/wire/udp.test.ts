import { describe, expect, it } from 'vitest'
import { concat, hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { addressSum4 } from '../../src/wire/checksum.ts'
import * as udp from '../../src/wire/udp.ts'

const addresses = addressSum4(0x0a000002, 0x0a000001, 17)
const bytes = concat(
  unhex('c0 00'), // source port 49152
  unhex('00 45'), // destination port 69
  unhex('00 0b'), // length 11
  unhex('67 2d'), // checksum
  unhex('61 62 63'), // payload
)
const datagram = { sourcePort: 49_152, destinationPort: 69, payload: unhex('616263') }

describe('UDP', () => {
  it('parses a datagram with its checksum', () => {
    expect(udp.parse(bytes, addresses)).toEqual({ ...datagram, checksum: 'right' })
    expect(udp.parse(bytes, addresses + 1).checksum).toBe('wrong')
    expect(udp.parse(bytes).checksum).toBe('unchecked')
  })

  it('builds a datagram', () => {
    expect(hex(udp.build(datagram, addresses))).toBe(hex(bytes))
  })

  it('takes a zero checksum for none', () => {
    expect(udp.parse(unhex('c000 0045 0008 0000'), addresses).checksum).toBe('absent')
  })

  it('never sends a zero checksum', () => {
    // Ports that make the sum come out as all ones.
    const built = udp.build({ sourcePort: 0xffff - 8 - 8, destinationPort: 0, payload: new Uint8Array(0) }, 0)
    expect(hex(built.subarray(6))).toBe('ffff')
    expect(udp.parse(built, 0).checksum).toBe('right')
  })

  it('cuts off what is behind its length', () => {
    expect(udp.parse(concat(bytes, unhex('a5a5')), addresses)).toEqual({ ...datagram, checksum: 'right' })
  })

  it.each([['7 bytes', 'c0000045000800'], ['length 7', 'c000 0045 0007 0000'], ['length beyond the end', 'c000 0045 0009 0000']])('refuses %s', (_, text) => {
    expect(() => udp.parse(unhex(text))).toThrow(Malformed)
  })

  it('formats', () => {
    expect(udp.format(udp.parse(bytes, addresses))).toBe('udp 49152 > 69, 3 bytes')
    expect(udp.format(udp.parse(bytes, 0))).toBe('udp 49152 > 69, 3 bytes, WRONG CHECKSUM')
  })
})
