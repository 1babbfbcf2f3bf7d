import { describe, expect, it } from 'vitest'
import { BusMap } from '../../src/board/bus-map.ts'

const seen: string[] = []
const device = (name: string, span: number) => ({
  name,
  span,
  read: (offset: number, width: number) => offset * 10 + width,
  write: (offset: number, width: number, value: number) => void seen.push(`${name}+${offset}/${width}=${value.toString(16)}`),
  reset: () => undefined,
})
const map = new BusMap([{ address: 0x1000_0000, device: device('uart', 0x100) }, { address: 0x200_0000, device: device('clint', 0x1_0000) }])

describe('address decoding', () => {
  it('finds the device and its offset', () => {
    expect(map.read(0x1000_0005, 1)).toBe(51)
    expect(map.read(0x200_bff8, 4)).toBe(0xbff8 * 10 + 4)
    expect(map.write(0x1000_0002, 2, 0x1_2345)).toBe(true)
    expect(map.write(0x200_0000, 4, -1)).toBe(true)
    expect(seen).toEqual(['uart+2/2=2345', 'clint+0/4=ffffffff'])
  })

  it('answers nobody outside, past the span, unaligned, or where 32 bits would wrap', () => {
    for (const address of [0, 0x1000_0100, 0x1000_0101, 0x1fff_fff0, 0x7fff_fff0, 0x1_1000_0000, 2 ** 60, -4, NaN]) {
      expect(map.read(address, 4)).toBeUndefined()
      expect(map.write(address, 4, 1)).toBe(false)
    }
    expect(map.read(0x1000_00fe, 4)).toBeUndefined()
    expect(map.read(0x1000_0001, 2)).toBeUndefined()
  })

  it('refuses two devices on one page', () => {
    expect(() => new BusMap([{ address: 0x1000, device: device('a', 0x1001) }, { address: 0x2000, device: device('b', 4) }])).toThrow('b overlaps')
  })
})
