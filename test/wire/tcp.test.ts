import { describe, expect, it } from 'vitest'
import { concat, hex, unhex } from '../../src/base/bytes.ts'
import { AssertionError, Malformed } from '../../src/base/errors.ts'
import { addressSum4 } from '../../src/wire/checksum.ts'
import * as tcp from '../../src/wire/tcp.ts'

const addresses = addressSum4(0x0a000002, 0x0a000001, 6)
const syn = concat(
  unhex('c0 00'), // source port
  unhex('00 50'), // destination port 80
  unhex('11 22 33 44'), // sequence
  unhex('00 00 00 00'), // acknowledgment
  unhex('60'), // header of 24 bytes
  unhex('02'), // SYN
  unhex('fa f0'), // window 64240
  unhex('84 7c'), // checksum
  unhex('00 00'), // urgent pointer
  unhex('02 04 05 b4'), // MSS 1460
)
const segment: tcp.Segment = {
  sourcePort: 49_152, destinationPort: 80, sequence: 0x11223344, acknowledgment: 0, flags: tcp.flags.syn, window: 64_240, urgentPointer: 0, options: unhex('020405b4'), payload: new Uint8Array(0),
}

describe('TCP', () => {
  it('parses a segment with its checksum', () => {
    expect(tcp.parse(syn, addresses)).toEqual({ ...segment, checksum: 'right' })
    expect(tcp.parse(syn, addresses + 1).checksum).toBe('wrong')
    expect(tcp.parse(syn).checksum).toBe('unchecked')
  })

  it('builds a segment', () => {
    expect(hex(tcp.build(segment, addresses))).toBe(hex(syn))
  })

  it('pads options and carries payload', () => {
    const built = tcp.build({ ...segment, options: unhex('030307'), payload: unhex('6162') }, addresses)
    expect(hex(built.subarray(20))).toBe('030307006162')
    expect(tcp.parse(built, addresses)).toMatchObject({ checksum: 'right', options: unhex('03030700'), payload: unhex('6162') })
  })

  it('formats', () => {
    expect(tcp.format(tcp.parse(syn, addresses))).toBe('tcp 49152 > 80 SYN seq 287454020, win 64240, <mss 1460>, 0 bytes')
    expect(tcp.format({ ...segment, flags: tcp.flags.ack | tcp.flags.psh | tcp.flags.urg, acknowledgment: 7, urgentPointer: 1, options: new Uint8Array(0), checksum: 'wrong' })).toBe(
      'tcp 49152 > 80 PSH,ACK,URG seq 287454020, ack 7, win 64240, urg 1, 0 bytes, WRONG CHECKSUM',
    )
    expect(tcp.formatFlags(0)).toBe('none')
  })

  it.each([['19 bytes', hex(syn.subarray(0, 19))], ['a header of 16 bytes', `${hex(syn).slice(0, 24)}40${hex(syn).slice(26)}`], ['a header beyond the end', `${hex(syn).slice(0, 24)}70${hex(syn).slice(26)}`]])(
    'refuses %s',
    (_, text) => {
      expect(() => tcp.parse(unhex(text))).toThrow(Malformed)
    },
  )

  it('refuses to build more than 40 bytes of options', () => {
    expect(() => tcp.build({ ...segment, options: new Uint8Array(41) }, 0)).toThrow(AssertionError)
  })
})
