import { describe, expect, it } from 'vitest'
import { putU16le, putU32le, putU64le, u16le, u32le } from '../../../src/base/bytes.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { VirtioRng } from '../../../src/board/virtio/rng.ts'
import { VirtioPci } from '../../../src/board/virtio/transport-pci.ts'
import { BusBench, ramBase } from '../pci/bus-bench.ts'

const [common, isr, notify] = [0x0000, 0x1000, 0x3000]

function make() {
  const reports: string[] = []
  const bench = new BusBench(new VirtioPci(new VirtioRng(new SeededRandom('pci')), (sentence) => reports.push(sentence))).enable(1)
  return { bench, reports }
}

/** §3.1.1, with one queue of 8 whose rings are at 0, 0x1000 and 0x2000 of RAM. */
function start(bench: BusBench): void {
  bench.write(1, common + 0x14, 0, 1)
  for (const status of [1, 3]) bench.write(1, common + 0x14, status, 1)
  bench.write(1, common + 0x08, 1)
  bench.write(1, common + 0x0c, 1)
  bench.write(1, common + 0x14, 11, 1)
  bench.write(1, common + 0x16, 0, 2)
  bench.write(1, common + 0x18, 8, 2)
  bench.ram.fill(0, 0, 0x3000)
  for (const [at, offset] of [[0x20, 0], [0x28, 0x1000], [0x30, 0x2000]]) {
    bench.write(1, common + at, ramBase + offset)
    bench.write(1, common + at + 4, 0)
  }
  bench.write(1, common + 0x1c, 1, 2)
  bench.write(1, common + 0x14, 15, 1)
}

function lend(bench: BusBench, length: number, address = ramBase + 0x4000): void {
  putU64le(bench.ram, 0, BigInt(address))
  putU32le(bench.ram, 8, length)
  putU16le(bench.ram, 12, 2)
  putU16le(bench.ram, 0x1002, u16le(bench.ram, 0x1002) + 1)
  bench.write(1, notify, 0, 2)
}

describe('virtio over PCI', () => {
  it('says in its capabilities where its structures are', () => {
    const { bench } = make()
    expect([bench.config(1, 0x00), bench.config(1, 0x08, 1)]).toEqual([0x1044_1af4, 1])
    const found: number[][] = []
    for (let at = bench.config(1, 0x34, 1); at !== 0; at = bench.config(1, at + 1, 1)) found.push([bench.config(1, at, 1), bench.config(1, at + 3, 1), bench.config(1, at + 8)])
    expect(found).toEqual([[9, 1, 0], [9, 2, 0x3000], [9, 3, 0x1000], [9, 4, 0x2000], [9, 5, 0]])
  })

  it('serves a queue, interrupts by the pin, and takes that back when the cause is read', () => {
    const { bench, reports } = make()
    start(bench)
    expect([bench.read(1, common + 0x14, 1), bench.read(1, common + 0x12, 2), bench.read(1, common + 0x1e, 2), bench.read(1, common + 0x10, 2)]).toEqual([15, 1, 0, 0xffff])
    lend(bench, 16)
    expect([u16le(bench.ram, 0x2002), u32le(bench.ram, 0x2008)]).toEqual([1, 16])
    expect(bench.ram.subarray(0x4000, 0x4010).every((byte) => byte === 0xa5)).toBe(false)
    expect(bench.lines[1].high).toBe(true)
    expect([bench.read(1, isr, 1), bench.lines[1].high, bench.read(1, isr, 1)]).toEqual([1, false, 0])
    expect(reports).toEqual([])
  })

  it('waits for a reset when the driver names memory that is not there, or is no bus master', () => {
    const { bench, reports } = make()
    start(bench)
    lend(bench, 16, 0x1000)
    expect([bench.read(1, common + 0x14, 1), reports.length]).toEqual([15 | 64, 1])
    start(bench)
    bench.setConfig(1, 0x04, 3, 2)
    lend(bench, 16)
    expect([bench.read(1, common + 0x14, 1) & 64, reports.length]).toEqual([64, 2])
  })

  it('is reached by the window in configuration space, too, and only within its own space', () => {
    const { bench } = make()
    const window = 0x40 + 16 + 20 + 16 + 16
    expect(bench.config(1, window + 3, 1)).toBe(5)
    bench.setConfig(1, window + 8, common + 0x12)
    bench.setConfig(1, window + 12, 2)
    expect([bench.config(1, window + 16, 2), bench.config(1, window + 16, 4)]).toEqual([1, 0])
    bench.setConfig(1, window + 8, 0x4000)
    expect(bench.config(1, window + 16, 2)).toBe(0)
  })

  it('goes on after save and load', () => {
    const { bench } = make()
    start(bench)
    const { bench: again } = make()
    again.ram.set(bench.ram)
    again.bridge.load(bench.bridge.save())
    lend(again, 8)
    expect([u32le(again.ram, 0x2008), again.lines[1].high]).toEqual([8, true])
  })
})
