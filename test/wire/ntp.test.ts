import { describe, expect, it } from 'vitest'
import { hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import * as ntp from '../../src/wire/ntp.ts'

const request = unhex(`
  23 00 06 ec
  00000000 00000000 00000000
  0000000000000000 0000000000000000 0000000000000000
  ed 00 42 80 40000000`)

describe('ntp', () => {
  it("reads a client's packet", () => {
    expect(ntp.parse(request)).toMatchObject({ leap: 0, version: 4, mode: 3, stratum: 0, poll: 6, precision: -20, originTime: 0n })
    expect(ntp.unixOf(ntp.parse(request).transmitTime) % 1_000_000_000n).toBe(250_000_000n)
    expect(ntp.format(ntp.parse(request))).toBe('ntp v4 client')
  })

  it.each(['00000001', '7fffffff', '80000000', 'ffffffff', '00000000'])('gives back the very bits of a timestamp with the fraction %s', (fraction) => {
    const bytes = unhex(`${hex(request.subarray(0, 40))} ed004280 ${fraction}`)
    expect(hex(ntp.build(ntp.parse(bytes)))).toBe(hex(bytes))
  })

  it.each([[1_767_225_600n, 'ed003780'], [2_085_978_495n, 'ffffffff'], [2_085_978_496n, '00000000'], [2_085_978_497n, '00000001']])('writes the second %i since 1970 as %s, over the turn of the era', (second, digits) => {
    const bytes = ntp.build({ ...ntp.parse(request), transmitTime: ntp.stampOf(second * 1_000_000_000n + 500_000_000n) })
    expect(hex(bytes.subarray(40))).toBe(`${digits}80000000`)
    expect(ntp.unixOf(ntp.parse(bytes).transmitTime)).toBe(second * 1_000_000_000n + 500_000_000n)
  })

  it('shows dates as a calendar has them', () => {
    expect(ntp.formatStamp(ntp.stampOf(1_767_225_600_000_000_000n))).toBe('2026-01-01 00:00:00.000000000')
    expect(ntp.formatStamp(ntp.stampOf(1_709_251_199_000_000_000n))).toBe('2024-02-29 23:59:59.000000000')
    expect(ntp.formatStamp(ntp.stampOf(951_868_800_000_000_000n))).toBe('2000-03-01 00:00:00.000000000')
    expect(ntp.formatStamp(0n)).toBe('unset')
    const answer = { ...ntp.parse(request), mode: 4, stratum: 1, reference: 0x4e45544c }
    expect(ntp.format(answer)).toBe(`ntp v4 server stratum 1 NETL, ${ntp.formatStamp(answer.transmitTime)}`)
    expect(ntp.format({ ...answer, stratum: 2, reference: 0x0a000001 })).toContain('stratum 2 10.0.0.1,')
  })

  it('calls a short packet malformed', () => {
    expect(() => ntp.parse(request.subarray(0, 47))).toThrow(Malformed)
  })
})
