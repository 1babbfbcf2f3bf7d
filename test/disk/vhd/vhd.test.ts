import { describe, expect, it } from 'vitest'
import { hex } from '../../../src/base/bytes.ts'
import { formatNamed } from '../../../src/disk/formats.ts'
import { geometry } from '../../../src/disk/vhd/footer.ts'
import type { MemoryFile } from '../memory-file.ts'
import { create, expectSame, open, readAll, Scribbler } from '../model.ts'

const vhd = formatNamed('vhd')
const size = 3 << 20

describe('a VHD', () => {
  it('says what it is in its footer', () => {
    const footer = create(vhd, size, { variant: 'fixed' }).content().subarray(size)
    expect(hex(footer.subarray(0, 28))).toBe('636f6e65637469780000000200010000ffffffffffffffff00000000')
    expect(hex(footer.subarray(40, 64))).toBe('00000000003000000000000000300000005a041100000002')
    expect(footer.length).toBe(512)
  })

  it('has the geometry of the specification’s appendix', () => {
    expect(geometry(40 * 2048)).toEqual({ cylinders: 963, heads: 5, perTrack: 17 })
    expect(geometry(8 * 2 ** 21)).toEqual({ cylinders: 16_644, heads: 16, perTrack: 63 })
    expect(geometry(2 ** 33)).toEqual({ cylinders: 65_535, heads: 16, perTrack: 255 })
  })

  it('is found by the copy of its footer where the end is damaged', () => {
    const file = create(vhd, size)
    const disk = open(file, 'vhd')
    disk.write(1 << 20, new Uint8Array(512).fill(4))
    disk.close()
    file.write(file.size - 512, new Uint8Array(512))
    expect(readAll(open(file, 'vhd'))[1 << 20]).toBe(4)
  })
})

describe('a VHD over another', () => {
  it('holds the sectors that were written, and shows the rest from below', () => {
    const folder = new Map<string, MemoryFile>()
    const base = create(vhd, size, {}, folder, 'base.vhd')
    const below = open(base, 'vhd')
    const scribbler = new Scribbler('below', new Uint8Array(size))
    for (let step = 0; step < 60; step++) scribbler.step(below)
    below.close()
    const before = base.content()
    const id = open(base, 'vhd').facts().id as Uint8Array
    const file = create(vhd, size, { backing: { name: 'base.vhd', format: 'vhd', id } }, folder, 'top.vhd')
    folder.set('./base.vhd', base)
    let disk = open(file, 'vhd')
    expect([disk.facts().variant, disk.facts().backing]).toEqual(['differencing', 'base.vhd'])
    expectSame(readAll(disk), scribbler.content)
    const above = new Scribbler('above', scribbler.content)
    for (let step = 0; step < 60; step++) above.step(disk)
    // Less than a sector: the rest of it comes from below.
    disk.write(1000, Uint8Array.of(1, 2, 3))
    above.content.set([1, 2, 3], 1000)
    expectSame(readAll(disk), above.content)
    disk.close()
    disk = open(file, 'vhd')
    expectSame(readAll(disk), above.content)
    expectSame(base.content(), before)
  })

  it('refuses a base that is not the one it was made over', () => {
    const folder = new Map<string, MemoryFile>()
    folder.set('./base.vhd', create(vhd, size, {}, folder, 'base.vhd'))
    const file = create(vhd, size, { backing: { name: 'base.vhd', format: 'vhd', id: new Uint8Array(16).fill(0xab) } }, folder, 'top.vhd')
    expect(() => open(file, 'vhd')).toThrow('is not the image that it was made over')
    expect(() => create(vhd, size, { backing: { name: 'x.img', format: 'raw' } })).toThrow('a VHD can lie over a VHD only')
  })
})
