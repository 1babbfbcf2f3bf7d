import { describe, expect, it } from 'vitest'
import { hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import * as icmp from '../../src/wire/icmp.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'

const quotation = ipv4.build({ protocol: 17, source: 0x0a000002, destination: 0x0a000001, payload: unhex('0044 0045 0008 0000') })

const cases: readonly (readonly [string, icmp.Message, string, string])[] = [
  ['echo', { kind: 'echo', identifier: 0x1234, sequence: 5, payload: unhex('6162') }, '0800 8464 1234 0005 6162', 'icmp echo id 4660 seq 5, 2 bytes'],
  ['echo reply', { kind: 'echo reply', identifier: 0x1234, sequence: 5, payload: unhex('616263') }, '0000 2964 1234 0005 616263', 'icmp echo reply id 4660 seq 5, 3 bytes'],
  ['port unreachable', { kind: 'unreachable', code: 3, mtu: 0, quoted: quotation }, `0303 fc6b 00000000 ${hex(quotation)}`, 'icmp unreachable: port'],
  ['fragmentation needed', { kind: 'unreachable', code: 4, mtu: 1400, quoted: quotation }, `0304 f6f2 00000578 ${hex(quotation)}`, 'icmp unreachable: fragmentation needed, mtu 1400'],
  ['time exceeded', { kind: 'time exceeded', code: 0, quoted: quotation }, `0b00 f46e 00000000 ${hex(quotation)}`, 'icmp time exceeded in transit'],
  ['parameter problem', { kind: 'parameter problem', code: 0, pointer: 20, quoted: quotation }, `0c00 df6e 14000000 ${hex(quotation)}`, 'icmp parameter problem at 20'],
  ['redirect', { kind: 'redirect', code: 1, gateway: 0x0a0000fe, quoted: quotation }, `0501 ef6f 0a0000fe ${hex(quotation)}`, 'icmp redirect to 10.0.0.254'],
  ['timestamp', { kind: 'other', type: 13, code: 0, payload: unhex('00010002') }, '0d00 f2fc 0001 0002', 'icmp type 13 code 0'],
]

describe('ICMP', () => {
  it.each(cases)('builds, parses and formats %s', (_, message, text, line) => {
    const built = icmp.build(message)
    expect(hex(built)).toBe(text.replaceAll(' ', ''))
    expect(icmp.parse(built)).toEqual({ ...message, checksum: 'right' })
    expect(icmp.format(icmp.parse(built))).toBe(line)
  })

  it('tells a wrong checksum', () => {
    expect(icmp.parse(unhex('0800 8463 1234 0005 6162')).checksum).toBe('wrong')
  })

  it('refuses 7 bytes and an echo with a code', () => {
    expect(() => icmp.parse(unhex('0800 0000 000000'))).toThrow(Malformed)
    expect(() => icmp.parse(unhex('0801 0000 00000000'))).toThrow(Malformed)
  })

  it('quotes what keeps the error within 576 bytes', () => {
    const packet = ipv4.build({ protocol: 17, source: 1, destination: 2, payload: new Uint8Array(1000) })
    expect(icmp.quote(packet).length).toBe(548)
    expect(icmp.quote(quotation)).toEqual(quotation)
  })
})
