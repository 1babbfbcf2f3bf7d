import { describe, expect, it } from 'vitest'
import { formatNamed } from '../../../src/disk/formats.ts'
import { MemoryFile } from '../memory-file.ts'
import { create, expectSame, open, readAll, Scribbler } from '../model.ts'

const qcow2 = formatNamed('qcow2')
const size = 2 << 20

describe('snapshots inside an image', () => {
  it('keep what was, through writes, going back and removal', () => {
    const file = create(qcow2, size, { clusterBytes: 4096 })
    const disk = open(file, 'qcow2')
    const scribbler = new Scribbler('snapshots', new Uint8Array(size))
    const states: Uint8Array[] = []
    for (let round = 0; round < 4; round++) {
      for (let step = 0; step < 40; step++) scribbler.step(disk)
      disk.snapshots?.create(`s${round}`, 1000 + round)
      states.push(scribbler.content.slice())
    }
    for (let step = 0; step < 40; step++) scribbler.step(disk)
    expectSame(readAll(disk), scribbler.content)
    expect(disk.snapshots?.list().map(({ id, name, seconds }) => [id, name, seconds])).toEqual([0, 1, 2, 3].map((at) => [`${at + 1}`, `s${at}`, 1000 + at]))
    disk.snapshots?.apply('s1')
    expectSame(readAll(disk), states[1])
    disk.snapshots?.remove('s1')
    disk.snapshots?.remove('s0')
    expect(() => disk.snapshots?.apply('s1')).toThrow('there is no snapshot "s1"')
    expect(() => disk.snapshots?.create('s2', 1)).toThrow('already')
    disk.write(0, new Uint8Array(512).fill(1))
    disk.close()
    const again = open(file, 'qcow2')
    expect(again.check?.(false)).toEqual({ errors: [], leaks: 0, repaired: 0 })
    again.snapshots?.apply('s3')
    expectSame(readAll(again), states[3])
    again.snapshots?.apply('s2')
    expectSame(readAll(again), states[2])
    expect(again.check?.(false)).toEqual({ errors: [], leaks: 0, repaired: 0 })
  })

  it('survive a kill at any moment', () => {
    const file = create(qcow2, size, { clusterBytes: 4096 })
    let disk = open(file, 'qcow2')
    disk.write(0, new Uint8Array(40_000).fill(1))
    disk.snapshots?.create('first', 1)
    disk.write(8192, new Uint8Array(20_000).fill(2))
    disk.flush()
    const content = readAll(disk)
    const start = file.copy()
    file.deeds = []
    disk.snapshots?.create('second', 2)
    disk.snapshots?.remove('first')
    for (const deed of file.deeds) {
      disk = open(start.copy(), 'qcow2')
      expectSame(readAll(disk), content)
      for (const { name } of disk.snapshots?.list() ?? []) {
        disk.snapshots?.apply(name)
        expect(readAll(disk)[0]).toBe(1)
      }
      start.redo(deed)
    }
  })
})

describe('compressed clusters', () => {
  it('read back, give way to writes, and leave no leaks', () => {
    const file = create(qcow2, size)
    const disk = open(file, 'qcow2')
    const content = Uint8Array.from({ length: size }, (_, at) => (at >> 7) & 0xff)
    for (let at = 0; at < size; at += 65_536) disk.writeCompressed?.(at, content.subarray(at, at + 65_536))
    expectSame(readAll(disk), content)
    expect(file.size).toBeLessThan(size / 2)
    const scribbler = new Scribbler('compressed', content)
    for (let step = 0; step < 60; step++) scribbler.step(disk)
    disk.close()
    const again = open(file, 'qcow2')
    expectSame(readAll(again), scribbler.content)
    expect(again.check?.(false)).toEqual({ errors: [], leaks: 0, repaired: 0 })
  })
})

describe('refcounts', () => {
  it('that were left behind are mended before the first write', () => {
    const file = create(qcow2, size)
    const disk = open(file, 'qcow2')
    disk.write(0, new Uint8Array(200_000).fill(5))
    disk.close()
    // Dirty, and a block of refcounts that says nothing.
    file.write(79, Uint8Array.of(1))
    const table = new DataView(file.content().buffer).getBigUint64(48)
    const block = Number(new DataView(file.content().buffer).getBigUint64(Number(table)))
    file.write(block, new Uint8Array(65_536))
    const broken = open(new MemoryFile('a.qcow2', file.content()), 'qcow2', true)
    expect(broken.check?.(false).errors.length).toBeGreaterThan(0)
    expect(broken.facts().notes.join()).toContain('was not closed')
    const mended = open(file, 'qcow2')
    mended.write(1 << 20, new Uint8Array(512).fill(6))
    expect(mended.check?.(false)).toEqual({ errors: [], leaks: 0, repaired: 0 })
    mended.close()
    expect([file.content()[79], readAll(open(file, 'qcow2'))[199_999]]).toEqual([0, 5])
  })

  it('that are too high are leaks, which check takes away', () => {
    const file = create(qcow2, size)
    const disk = open(file, 'qcow2')
    disk.write(0, new Uint8Array(65_536).fill(5))
    disk.flush()
    const start = file.copy()
    file.deeds = []
    disk.write(131_072, new Uint8Array(65_536).fill(6))
    disk.flush()
    // Killed after the refcounts were stored and before the link was.
    const syncs = file.deeds.findIndex((deed) => deed.kind === 'sync')
    for (const deed of file.deeds.slice(0, syncs + 1)) start.redo(deed)
    const leaky = open(start, 'qcow2')
    expect(leaky.check?.(false)).toEqual({ errors: [], leaks: 1, repaired: 0 })
    expect(leaky.check?.(true)).toEqual({ errors: [], leaks: 0, repaired: 1 })
    expect(leaky.check?.(false)).toEqual({ errors: [], leaks: 0, repaired: 0 })
    expect(readAll(leaky)[65_535]).toBe(5)
  })
})
