import { describe, expect, it } from 'vitest'
import { BusError } from '../../src/board/bus.ts'
import { Ram } from '../../src/board/ram.ts'

function make() {
  const written: [number, number][] = []
  const core = { ram: new Uint8Array(0x4_0000), wrote: (offset: number, length: number) => void written.push([offset, length]) }
  return { core, written, ram: new Ram(core, 0x8000_0000) }
}

describe('guest memory', () => {
  it('lends live bytes, and tells the harts only of what may be written', () => {
    const { core, written, ram } = make()
    ram.writable(0x8000_0010, 2).set([1, 2])
    expect(core.ram.slice(0x0f, 0x13)).toEqual(Uint8Array.of(0, 1, 2, 0))
    expect(ram.window(0x8000_0011, 1)).toEqual(Uint8Array.of(2))
    expect(written).toEqual([[0x10, 2]])
  })

  it('reaches up to its last byte and no further', () => {
    const { ram, written } = make()
    expect(ram.window(0x8003_ffff, 1).length).toBe(1)
    expect(ram.window(0x8004_0000, 0).length).toBe(0)
    for (const [address, length] of [[0x8003_ffff, 2], [0x7fff_ffff, 1], [0, 1], [2 ** 64, 1], [Number.NaN, 1], [0x8000_0000, 2 ** 40], [0x8000_0000, -1]]) {
      expect(() => ram.window(address, length)).toThrow(BusError)
      expect(() => ram.writable(address, length)).toThrow(BusError)
    }
    expect(written).toEqual([])
  })

  it('saves the blocks that hold something and comes back from them', () => {
    const before = make()
    before.core.ram[0x1_2345] = 7
    before.core.ram[0x3_0007] = 0x80
    const state = before.ram.save()
    expect(state.map((block) => block.offset)).toEqual([0x1_0000, 0x3_0000])
    const after = make()
    after.core.ram.fill(0xa5)
    after.ram.load(state)
    expect(after.core.ram).toEqual(before.core.ram)
    expect(after.written).toEqual([[0, 0x4_0000]])
  })
})
