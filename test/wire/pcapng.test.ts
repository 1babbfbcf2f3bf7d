import { describe, expect, it } from 'vitest'
import { concat, hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import * as pcapng from '../../src/wire/pcapng.ts'
import { packetBytes, packetFlags, writePacket } from '../../src/wire/pcapng-blocks.ts'

const section = concat(
  unhex('0a0d0d0a'), // section header
  unhex('28000000'), // length 40
  unhex('4d3c2b1a'), // byte-order magic
  unhex('0100 0000'), // version 1.0
  unhex('ffffffff ffffffff'), // section length unknown
  unhex('0400 0300 61626300'), // application: abc
  unhex('00000000'), // end of options
  unhex('28000000'), // length again
)
const face = concat(
  unhex('01000000'), // interface description
  unhex('28000000'), // length 40
  unhex('0100 0000'), // Ethernet
  unhex('00000400'), // snap length 262144
  unhex('0200 0400 65746830'), // name: eth0
  unhex('0900 0100 09000000'), // resolution: 10^-9 s
  unhex('00000000'), // end of options
  unhex('28000000'), // length again
)
const packet = concat(
  unhex('06000000'), // enhanced packet
  unhex('3c000000'), // length 60
  unhex('00000000'), // interface
  unhex('01000000 02000000'), // 2^32 + 2 ns
  unhex('05000000'), // captured
  unhex('06000000'), // original
  unhex('0102030405 000000'), // data, padded
  unhex('0200 0400 01000000'), // flags: in
  unhex('0100 0200 68690000'), // comment: hi
  unhex('00000000'), // end of options
  unhex('3c000000'), // length again
)
const capture: pcapng.Capture = {
  application: 'abc',
  interfaces: [{ name: 'eth0', linkType: 1 }],
  packets: [{ interface: 0, time: 0x1_0000_0002, flags: packetFlags.in, comment: 'hi', bytes: unhex('0102030405'), originalLength: 6 }],
}

describe('pcapng', () => {
  it('builds a file', () => {
    expect(hex(pcapng.build(capture))).toBe(hex(concat(section, face, packet)))
  })

  it('parses a file', () => {
    expect(pcapng.parse(concat(section, face, packet))).toEqual(capture)
    expect(pcapng.format(capture)).toBe('pcapng, 1 interfaces, 1 packets')
  })

  it('writes a packet into a buffer and touches nothing else', () => {
    const head = { interface: 3, time: 5, flags: 0, comment: undefined }
    const into = new Uint8Array(44).fill(0xa5)
    expect(packetBytes(2, head)).toBe(36)
    expect(writePacket(into, 4, head, unhex('0102'))).toBe(40)
    expect(hex(into)).toBe(['a5a5a5a5', '06000000', '24000000', '03000000', '00000000', '05000000', '02000000', '02000000', '01020000', '24000000', 'a5a5a5a5'].join(''))
  })

  it('reads big-endian sections, microseconds, unknown and simple blocks, and numbers interfaces through', () => {
    const big = concat(
      unhex('0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c'),
      unhex('00000001 00000014 0065 0000 00000002 00000014'), // bare IP, snap length 2
      unhex('0000000b 0000000c 0000000c'), // something unknown
      unhex('00000006 00000024 00000000 00000000 00000003 00000001 00000001 ff000000 00000024'),
      unhex('00000003 00000014 00000005 01020000 00000014'),
    )
    const { interfaces, packets } = pcapng.parse(concat(section, face, packet, big))
    expect(interfaces).toEqual([{ name: 'eth0', linkType: 1 }, { name: '', linkType: 101 }])
    expect(packets.slice(1)).toEqual([
      { interface: 1, time: 3000, flags: 0, comment: undefined, bytes: unhex('ff'), originalLength: 1 },
      { interface: 1, time: 0, flags: 0, comment: undefined, bytes: unhex('0102'), originalLength: 5 },
    ])
  })

  it('reads binary resolutions and time offsets', () => {
    const binary = concat(
      unhex('01000000 2c000000 0100 0000 00000000'),
      unhex('0900 0100 8a000000'), // 2^-10 s
      unhex('0e00 0800 0200000000000000'), // 2 s later
      unhex('00000000 2c000000'),
    )
    const stamped = unhex('06000000 20000000 00000000 00000000 00020000 00000000 00000000 20000000')
    expect(pcapng.parse(concat(section, binary, stamped)).packets[0].time).toBe(2_500_000_000)
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['another kind of file', unhex('d4c3b2a1 0200 0400 00000000 00000000 00040000 01000000 00000000')],
    ['no byte-order magic', concat(unhex('0a0d0d0a 1c000000 00000000'), new Uint8Array(16))],
    ['version 2', unhex('0a0d0d0a 1c000000 4d3c2b1a 0200 0000 ffffffffffffffff 1c000000')],
    ['a torn block', concat(section, face.subarray(0, 30))],
    ['a block of 8 bytes', concat(section, unhex('0b000000 08000000 08000000'))],
    ['a block of 13 bytes', concat(section, unhex('0b000000 0d000000 00000000 0d000000'))],
    ['two lengths that differ', concat(section, unhex('0b000000 0c000000 10000000'))],
    ['a packet of an unknown interface', concat(section, packet)],
    ['a packet longer than its block', concat(section, face, unhex('06000000 20000000 00000000 00000000 00000000 ff000000 ff000000 20000000'))],
    ['an option longer than its block', concat(section, unhex('01000000 18000000 0100 0000 00000000 0200 ff00 18000000'))],
  ])('refuses %s', (_, bytes) => {
    expect(() => pcapng.parse(bytes)).toThrow(Malformed)
  })
})
