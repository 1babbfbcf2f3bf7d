import { describe, expect, it } from 'vitest'
import { unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import * as ipv6 from '../../src/wire/ipv6.ts'
import * as quoted6 from '../../src/wire/quoted6.ts'

const packet = { protocol: 6, source: unhex('fe800000000000000000000000000002'), destination: unhex('fe800000000000000000000000000001'), payload: unhex('c000 0050 00000000') }

describe('a quoted IPv6 packet', () => {
  it('shows ports where they came along', () => {
    expect(quoted6.format(quoted6.parse(ipv6.build(packet).subarray(0, 44)))).toBe('quoting tcp fe80::2 port 49152 > fe80::1 port 80')
    expect(quoted6.format(quoted6.parse(ipv6.build(packet).subarray(0, 43)))).toBe('quoting tcp fe80::2 > fe80::1')
  })

  it('shows none of a fragment from the middle', () => {
    const extensions = [ipv6.fragmentExtension({ offset: 8, more: false, identification: 1 })]
    expect(quoted6.parse(ipv6.build({ ...packet, extensions }))).not.toHaveProperty('sourcePort')
  })

  it('needs its whole header', () => {
    expect(() => quoted6.parse(ipv6.build(packet).subarray(0, 39))).toThrow(Malformed)
  })

  it('keeps the error within 1280 bytes', () => {
    expect(quoted6.build({ ...packet, payload: new Uint8Array(1400) }).length).toBe(1232)
  })
})
