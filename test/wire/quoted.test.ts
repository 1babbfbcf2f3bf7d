import { describe, expect, it } from 'vitest'
import { concat, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as quoted from '../../src/wire/quoted.ts'

const quotation = ipv4.build({ protocol: 17, source: 0x0a000002, destination: 0x0a000001, payload: unhex('0044 0045 0008 0000') })

describe('a quoted packet', () => {
  it('shows ports where they came along', () => {
    expect(quoted.format(quoted.parse(quotation))).toBe('quoting udp 10.0.0.2 port 68 > 10.0.0.1 port 69')
    expect(quoted.format(quoted.parse(quotation.subarray(0, 22)))).toBe('quoting udp 10.0.0.2 > 10.0.0.1')
    expect(quoted.parse(quotation)).toMatchObject({ sourcePort: 68, destinationPort: 69 })
  })

  it('shows none of a fragment from the middle, nor of another protocol', () => {
    for (const draft of [{ protocol: 17, fragmentOffset: 8 }, { protocol: 47 }]) {
      expect(quoted.parse(ipv4.build({ source: 1, destination: 2, payload: new Uint8Array(8), ...draft }))).not.toHaveProperty('sourcePort')
    }
  })

  it('needs its whole header', () => {
    expect(() => quoted.parse(quotation.subarray(0, 19))).toThrow(Malformed)
    expect(() => quoted.parse(new Uint8Array(0))).toThrow(Malformed)
  })

  it('is built from a whole packet', () => {
    const whole = { protocol: 17, source: 0x0a000002, destination: 0x0a000001, payload: concat(unhex('0044 0045 0010 0000'), new Uint8Array(8)) }
    expect(quoted.build(whole)).toEqual(ipv4.build(whole).subarray(0, 28))
  })
})
