import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromLatin1 } from '../../src/base/bytes.ts'
import type { Instant } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { buildDeviceTree } from '../../src/board/device-tree.ts'
import { memoryMap } from '../../src/board/memory-map.ts'
import { virtTree } from '../../src/board/virt-tree.ts'
import { Wire } from './fake-core.ts'
import { Stopwatch, stopwatchRow } from './stopwatch.ts'

const at = (time: number): Instant => time as Instant

function make() {
  const timeline = new Timeline()
  const irq = new Wire()
  return { timeline, irq, stopwatch: new Stopwatch(timeline, irq) }
}

describe('the stopwatch of docs/write-a-device.md', () => {
  it('counts microseconds since it was last written', () => {
    const { timeline, stopwatch } = make()
    timeline.run(at(5_000_000))
    expect([stopwatch.read(0, 4), stopwatch.read(4, 4)]).toEqual([0x504f_5453, 5000])
    stopwatch.write(4, 4, 0)
    timeline.run(at(5_007_999))
    expect(stopwatch.read(4, 4)).toBe(7)
  })

  it('rings once, and holds its line until it is heard', () => {
    const { timeline, irq, stopwatch } = make()
    stopwatch.write(8, 4, 20)
    timeline.run(at(19_999))
    expect(irq.high).toBe(false)
    timeline.run(at(1_000_000))
    expect([irq.high, irq.rises, stopwatch.read(12, 4)]).toEqual([true, 1, 1])
    stopwatch.write(12, 4, 1)
    expect([irq.high, stopwatch.read(12, 4)]).toEqual([false, 0])
  })

  it('passes over what it does not know, and goes on after save and load', () => {
    const { stopwatch } = make()
    stopwatch.write(0x20, 4, 1)
    stopwatch.write(8, 1, 1)
    expect([stopwatch.read(0x20, 4), stopwatch.read(0, 1)]).toEqual([0, 0])
    stopwatch.write(8, 4, 20)
    const again = make()
    again.stopwatch.load(stopwatch.save())
    expect(again.timeline.next).toBe(20_000)
  })

  it('has its place and its interrupt to itself, and a node in the device tree', () => {
    const rows = [...memoryMap(24, true, 4), stopwatchRow]
    const end = stopwatchRow.address + stopwatchRow.span
    for (const { name, address, span } of rows.slice(0, -1)) expect(address >= end || address + span <= stopwatchRow.address, name).toBe(true)
    expect(rows.slice(0, -1).map(({ irq }) => irq)).not.toContain(stopwatchRow.irq)
    const tree = virtTree({ harts: 1, ramBytes: 0x1000_0000, rows, chosen: { rngSeed: new Uint8Array(32), kaslrSeed: new Uint8Array(8) } })
    expect(fromLatin1(buildDeviceTree(tree))).toContain('stopwatch@10030000')
  })

  it('is what its page says: registers, compatible, address', () => {
    const page = readFileSync(new URL('../../docs/write-a-device.md', import.meta.url), 'utf8')
    for (const words of ['netloom,stopwatch', '0x1003_0000', 'test/board/stopwatch.ts', 'docs/stopwatch.c']) expect(page).toContain(words)
    expect(readFileSync(new URL('../../docs/stopwatch.c', import.meta.url), 'utf8').split('\n').length).toBeLessThanOrEqual(100)
  })
})
