import { describe, expect, it } from 'vitest'
import { hex } from '../../src/base/bytes.ts'
import { buildDynamicInfo, buildRom, Rom } from '../../src/board/rom.ts'

const info = { nextAddress: 0x8020_0000, nextMode: 1, options: 0, bootHart: 0 } as const

describe('reset ROM', () => {
  it('tells fw_dynamic magic, version 2, next stage, mode, options and hart', () => {
    expect(hex(buildDynamicInfo(info))).toBe(
      [
        '4f53424900000000', // OSBI
        '0200000000000000',
        '0000208000000000',
        '0100000000000000',
        '0000000000000000',
        '0000000000000000',
      ].join(''),
    )
  })

  it('holds the jump, the tree and the entry', () => {
    const rom = new Rom(0xf000)
    rom.burn(buildRom(0x8000_0000, 0x8fe0_0000, info))
    expect(rom.read(0x00, 4)).toBe(0x0000_0617)
    expect(rom.read(0x14, 4)).toBe(0x0002_8067)
    expect(rom.read(0x20, 4)).toBe(0x8fe0_0000)
    expect(rom.read(0x28, 4)).toBe(0x8000_0000)
    expect(rom.read(0x40, 4)).toBe(0x4942_534f)
    expect(rom.read(0x43, 1)).toBe(0x49)
    rom.write()
    rom.burn(Uint8Array.of(1))
    expect(rom.read(0x40, 4)).toBe(0)
  })
})
