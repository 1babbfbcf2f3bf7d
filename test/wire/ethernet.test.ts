import { describe, expect, it } from 'vitest'
import { concat, hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import * as ethernet from '../../src/wire/ethernet.ts'

const bytes = concat(
  unhex('ff ff ff ff ff ff'), // destination
  unhex('52 54 00 12 34 56'), // source
  unhex('08 06'), // type
  unhex('de ad'), // payload
)

describe('Ethernet', () => {
  it('parses a frame', () => {
    expect(ethernet.parse(bytes)).toEqual({ destination: unhex('ffffffffffff'), source: unhex('525400123456'), type: 0x0806, payload: unhex('dead') })
  })

  it('builds what it parses', () => {
    expect(hex(ethernet.build(ethernet.parse(bytes)))).toBe(hex(bytes))
  })

  it('writes only its header', () => {
    const into = new Uint8Array(18).fill(0xa5)
    ethernet.write(into, 2, ethernet.parse(bytes))
    expect(hex(into)).toBe('a5a5ffffffffffff5254001234560806a5a5')
  })

  it('cuts an 802.2 payload to its length', () => {
    expect(ethernet.parse(unhex('0180c2000000 525400123456 0003 424203 0000'))).toMatchObject({ type: 3, payload: unhex('424203') })
  })

  it('refuses a short frame, and an 802.2 length beyond the end', () => {
    expect(() => ethernet.parse(bytes.subarray(0, 13))).toThrow(Malformed)
    expect(() => ethernet.parse(unhex('0180c2000000 525400123456 0004 424203'))).toThrow(Malformed)
  })

  it('formats known types by name', () => {
    expect(ethernet.format(ethernet.parse(bytes))).toBe('52:54:00:12:34:56 > ff:ff:ff:ff:ff:ff arp')
    expect(ethernet.format({ ...ethernet.parse(bytes), type: 0x88cc })).toBe('52:54:00:12:34:56 > ff:ff:ff:ff:ff:ff type 0x88cc')
  })
})
