import { describe, expect, it } from 'vitest'
import type { Plain } from '../../../src/base/state.ts'
import { BusError } from '../../../src/board/bus.ts'
import type { PciFunction, PciSlot } from '../../../src/board/pci/function.ts'
import { BusBench, ramBase } from './bus-bench.ts'

class Sample implements PciFunction {
  readonly name = 'sample'
  readonly identity = { vendor: 0x1234, device: 0x5678, revision: 3, classCode: 0x02_0001, subsystemVendor: 0x9abc, subsystem: 0xdef0 }
  readonly bars = [{ kind: 'memory', bytes: 0x1000 }, undefined, { kind: 'io', bytes: 0x40 }] as const
  readonly capabilities = [Uint8Array.of(0x09, 0, 4, 0x77), Uint8Array.of(0x09, 0, 5, 0x88, 0x99)]
  readonly written: number[][] = []
  slot: PciSlot | undefined
  attach(slot: PciSlot): void {
    this.slot = slot
  }
  read(bar: number, offset: number, width: number): number {
    return bar * 0x1_0000 + offset * 0x10 + width
  }
  write(...access: number[]): void {
    this.written.push(access)
  }
  reset(): void {
    this.written.length = 0
  }
  save(): Plain {
    return null
  }
  load(): void {}
}

describe('PCI host bridge', () => {
  it('shows a function its header in slot 1, and all ones where nobody is', () => {
    const bench = new BusBench(new Sample())
    expect([0x00, 0x08, 0x2c].map((at) => bench.config(1, at))).toEqual([0x5678_1234, 0x0200_0103, 0xdef0_9abc])
    expect([bench.config(1, 0x0e, 1), bench.config(1, 0x3d, 1), bench.config(1, 0x06, 2)]).toEqual([0, 1, 0x10])
    expect([bench.config(0, 0), bench.config(2, 0), bench.bridge.read((1 << 15) + (1 << 12), 4), bench.config(1, 0x100), bench.bridge.read((1 << 20) + (1 << 15), 2)]).toEqual([0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff])
  })

  it('tells sizes by what sticks in an address register, and links capabilities', () => {
    const bench = new BusBench(new Sample())
    for (const bar of [0x10, 0x14, 0x18]) bench.setConfig(1, bar, 0xffff_ffff)
    expect([0x10, 0x14, 0x18].map((at) => bench.config(1, at))).toEqual([0xffff_f000, 0, 0xffff_ffc1])
    const first = bench.config(1, 0x34, 1)
    const second = bench.config(1, first + 1, 1)
    expect([first, second, bench.config(1, second + 1, 1), bench.config(1, second + 3, 1)]).toEqual([0x40, 0x44, 0, 0x88])
    bench.setConfig(1, 0x00, 0)
    expect(bench.config(1, 0x00)).toBe(0x5678_1234)
  })

  it('answers in a window only where the driver put the space, and while it is switched on', () => {
    const sample = new Sample()
    const bench = new BusBench(sample)
    expect(bench.read(1, 0x10)).toBe(0xffff_ffff)
    bench.enable(1, 2)
    bench.setConfig(1, 0x18, 0x2000)
    expect([bench.read(1, 0x10), bench.read(1, 0x10, 1), bench.read(1, 0x1000), bench.ports.read(0x2004, 4)]).toEqual([0x104, 0x101, 0xffff_ffff, 0xffff_ffff])
    bench.setConfig(1, 0x04, 3, 2)
    expect(bench.ports.read(0x2004, 4)).toBe(0x2_0044)
    bench.write(1, 8, 5)
    bench.write(1, 0x1008, 6)
    expect(sample.written).toEqual([[0, 8, 4, 5]])
  })

  it('lets nobody at RAM who is no bus master', () => {
    const sample = new Sample()
    const bench = new BusBench(sample).enable(1, 2)
    expect(() => sample.slot?.memory.window(ramBase, 4)).toThrow(BusError)
    bench.setConfig(1, 0x04, 6, 2)
    expect(sample.slot?.memory.window(ramBase, 4)).toHaveLength(4)
  })

  it('wires pin A of slot n to line n modulo 4, shared, held, and masked by the command register', () => {
    const samples = [1, 2, 3, 4, 5].map(() => new Sample())
    const bench = new BusBench(...samples)
    samples[0].slot?.interrupt(true)
    samples[4].slot?.interrupt(true)
    expect(bench.lines.map((line) => line.high)).toEqual([false, true, false, false])
    expect(bench.config(1, 0x06, 2)).toBe(0x18)
    samples[0].slot?.interrupt(false)
    expect(bench.lines[1].high).toBe(true)
    bench.setConfig(5, 0x04, 0x400, 2)
    expect([bench.lines[1].high, bench.config(5, 0x06, 2)]).toEqual([false, 0x18])
  })

  it('is the same after save and load, and blank after a reset', () => {
    const sample = new Sample()
    const bench = new BusBench(sample).enable(1)
    sample.slot?.interrupt(true)
    const again = new BusBench(new Sample())
    again.bridge.load(bench.bridge.save())
    expect([again.read(1, 0x10), again.lines[1].high, again.config(1, 0x04, 2)]).toEqual([0x104, true, 7])
    again.bridge.reset()
    expect([again.read(1, 0x10), again.lines[1].high, again.config(1, 0x10), again.config(1, 0x00)]).toEqual([0xffff_ffff, false, 0, 0x5678_1234])
  })
})
