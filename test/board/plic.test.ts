import { describe, expect, it } from 'vitest'
import { Plic } from '../../src/board/plic.ts'
import { Wire } from './fake-core.ts'

const priority = (id: number): number => 4 * id
const enable = (context: number): number => 0x2000 + 0x80 * context
const threshold = (context: number): number => 0x20_0000 + 0x1000 * context
const claim = (context: number): number => threshold(context) + 4

function board(): { plic: Plic; machine: Wire; supervisor: Wire } {
  const machine = new Wire()
  const supervisor = new Wire()
  return { plic: new Plic([machine, supervisor]), machine, supervisor }
}

describe('PLIC', () => {
  it('raises only the context that enabled the source, above its threshold', () => {
    const { plic, machine, supervisor } = board()
    plic.write(priority(10), 4, 3)
    plic.write(enable(1), 4, 1 << 10)
    plic.write(threshold(1), 4, 3)
    plic.source(10).set(true)
    expect(plic.read(0x1000, 4)).toBe(1 << 10)
    expect(supervisor.high).toBe(false)
    plic.write(threshold(1), 4, 2)
    expect(supervisor.high).toBe(true)
    expect(machine.high).toBe(false)
  })

  it('claims the highest priority first, and the lowest id among equals', () => {
    const { plic } = board()
    for (const [id, value] of [[1, 2], [40, 7], [33, 7], [95, 1]]) {
      plic.write(priority(id), 4, value)
      plic.source(id).set(true)
    }
    for (const word of [0, 4, 8]) plic.write(enable(0) + word, 4, 0xffff_ffff)
    expect([0, 0, 0, 0, 0].map(() => plic.read(claim(0), 4))).toEqual([33, 40, 1, 95, 0])
  })

  it('asks again after completion while the level is high, and not after it fell', () => {
    const { plic, machine } = board()
    plic.write(priority(1), 4, 1)
    plic.write(enable(0), 4, 2)
    plic.source(1).set(true)
    expect(plic.read(claim(0), 4)).toBe(1)
    expect(machine.high).toBe(false)
    plic.source(1).set(false)
    plic.source(1).set(true)
    expect(machine.high).toBe(false)
    plic.write(claim(0), 4, 1)
    expect(machine.high).toBe(true)
    expect(plic.read(claim(0), 4)).toBe(1)
    plic.source(1).set(false)
    plic.write(claim(0), 4, 1)
    expect(machine.high).toBe(false)
    expect(plic.read(claim(0), 4)).toBe(0)
  })

  it('ignores a completion from a context that has not enabled the source', () => {
    const { plic, machine } = board()
    plic.write(priority(1), 4, 1)
    plic.write(enable(0), 4, 2)
    plic.source(1).set(true)
    plic.read(claim(0), 4)
    plic.write(claim(1), 4, 1)
    plic.write(claim(0), 4, 96)
    expect(machine.high).toBe(false)
  })

  it('never interrupts at priority 0 and has no source 0', () => {
    const { plic, machine } = board()
    plic.write(enable(0), 4, 0xffff_ffff)
    expect(plic.read(enable(0), 4)).toBe(0xffff_fffe)
    plic.write(priority(0), 4, 7)
    expect(plic.read(priority(0), 4)).toBe(0)
    plic.source(2).set(true)
    expect(machine.high).toBe(false)
    expect(plic.read(claim(0), 4)).toBe(0)
  })

  it('answers zero beyond its contexts and sources', () => {
    const { plic } = board()
    plic.write(enable(2), 4, 0xffff_ffff)
    plic.write(threshold(2), 4, 7)
    plic.write(priority(96), 4, 7)
    for (const offset of [enable(2), threshold(2), claim(2), priority(96), 0x100c, 0x1_f000, 0x5f_fffc]) expect(plic.read(offset, 4)).toBe(0)
  })

  it('goes on from its saved state', () => {
    const before = board()
    before.plic.write(priority(9), 4, 5)
    before.plic.write(enable(1), 4, 1 << 9)
    before.plic.source(9).set(true)
    const after = board()
    after.plic.load(before.plic.save())
    expect(after.supervisor.high).toBe(true)
    expect(after.plic.read(claim(1), 4)).toBe(9)
  })
})
