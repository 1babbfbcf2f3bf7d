import { describe, expect, it } from 'vitest'
import { concat, hex, unhex } from '../../src/base/bytes.ts'
import { AssertionError, Malformed } from '../../src/base/errors.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'

const bytes = concat(
  unhex('45'), // version, header length
  unhex('b9'), // DSCP 46, ECN 1
  unhex('00 17'), // total length 23
  unhex('1c 46'), // identification
  unhex('40 00'), // don't fragment
  unhex('40'), // ttl 64
  unhex('11'), // UDP
  unhex('b1 47'), // checksum
  unhex('ac 10 0a 63'), // source
  unhex('ac 10 0a 0c'), // destination
  unhex('01 02 03'), // payload
)

const packet: ipv4.Draft & { payload: Uint8Array } = {
  dscp: 46, ecn: 1, identification: 0x1c46, dontFragment: true, moreFragments: false, fragmentOffset: 0, ttl: 64, protocol: 17, source: 0xac100a63, destination: 0xac100a0c,
  options: new Uint8Array(0), payload: unhex('010203'),
}

describe('IPv4', () => {
  it('parses a packet', () => {
    expect(ipv4.parse(bytes)).toEqual({ ...packet, totalLength: 23, checksum: 'right' })
  })

  it('builds a packet', () => {
    expect(hex(ipv4.build(packet))).toBe(hex(bytes))
  })

  it('fills in what a draft leaves out', () => {
    expect(hex(ipv4.build({ protocol: 1, source: 0x0a000001, destination: 0x0a000002, payload: unhex('ff') }))).toBe('4500001500000000400166e60a0000010a000002ff')
  })

  it('writes its header and nothing else', () => {
    const into = new Uint8Array(28).fill(0xa5)
    ipv4.write(into, 4, packet, 3)
    expect(hex(into)).toBe(`a5a5a5a5${hex(bytes.subarray(0, 20))}a5a5a5a5`)
  })

  it('cuts off padding', () => {
    expect(hex(ipv4.parse(concat(bytes, new Uint8Array(20).fill(0xa5))).payload)).toBe('010203')
  })

  it('tells a wrong checksum and leaves it to the reader', () => {
    const wrong = bytes.slice()
    wrong[8] = 63
    expect(ipv4.parse(wrong).checksum).toBe('wrong')
  })

  it('reads and pads options', () => {
    const built = ipv4.build({ ...packet, options: unhex('94040000 01') })
    expect(built[0]).toBe(0x47)
    expect(hex(ipv4.parse(built).options)).toBe('9404000001000000')
    expect(ipv4.parse(built)).toMatchObject({ checksum: 'right', totalLength: 31 })
    expect(hex(ipv4.parse(built).payload)).toBe('010203')
  })

  it('reads fragments', () => {
    const built = ipv4.build({ ...packet, dontFragment: false, moreFragments: true, fragmentOffset: 1480 })
    expect(hex(built.subarray(6, 8))).toBe('20b9')
    expect(ipv4.parse(built)).toMatchObject({ moreFragments: true, dontFragment: false, fragmentOffset: 1480 })
    expect(ipv4.format(ipv4.parse(built))).toBe('172.16.10.99 > 172.16.10.12 ttl 64, fragment 1480+3 more id 7238')
    expect(ipv4.carries(ipv4.parse(built))).toBeUndefined()
  })

  it.each([
    ['19 bytes', '45b90017 1c464000 4011 b147 ac100a63 ac100a'],
    ['version 6', '65b90014 1c464000 4011 b147 ac100a63 ac100a0c'],
    ['a header of 16 bytes', '44b90014 1c464000 4011 b147 ac100a63 ac100a0c'],
    ['a header longer than what came', '46b90018 1c464000 4011 b147 ac100a63 ac100a0c'],
    ['a length shorter than the header', '45b90013 1c464000 4011 b147 ac100a63 ac100a0c'],
    ['a length longer than what came', '45b90015 1c464000 4011 b147 ac100a63 ac100a0c'],
    ['a fragment that ends beyond 65535', '45b90014 1c461fff 4011 b147 ac100a63 ac100a0c'],
  ])('refuses %s', (_, text) => {
    expect(() => ipv4.parse(unhex(text))).toThrow(Malformed)
  })

  it('refuses to build more than 65535 bytes, or offsets between eighths', () => {
    expect(() => ipv4.build({ ...packet, payload: new Uint8Array(65_516) })).toThrow(AssertionError)
    expect(() => ipv4.build({ ...packet, fragmentOffset: 4 })).toThrow(AssertionError)
  })

  it('reads a quoted packet whose end is missing', () => {
    expect(ipv4.parseQuoted(bytes.subarray(0, 21))).toMatchObject({ totalLength: 23, payload: unhex('01') })
  })
})
