/** What every format that is written has to stand: one script for all of them. */
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { formats } from '../../src/disk/formats.ts'
import type { Format } from '../../src/disk/format.ts'
import { openImage } from '../../src/disk/formats.ts'
import { MemoryFile } from './memory-file.ts'
import { create, expectSame, open, readAll, Scribbler, testCodec } from './model.ts'

const megabyte = 1 << 20

interface World {
  readonly format: Format
  readonly variant: string | undefined
  readonly clusterBytes: number | undefined
}

const single = formats.filter((format) => format.create !== undefined).flatMap((format): World[] => (format.variants ?? [undefined]).filter((variant) => !/Flat|twoGb|stream/.test(variant ?? '')).map((variant) => ({ format, variant, clusterBytes: undefined })))
const worlds: World[] = [...single, ...[512, 4096].map((clusterBytes) => ({ format: formats[0], variant: undefined, clusterBytes }))]

describe.each(worlds.map((world) => ({ ...world, title: [world.format.name, world.variant, world.clusterBytes].filter((word) => word !== undefined).join(' ') })))('$title', ({ format, variant, clusterBytes }) => {
  const size = 5 * megabyte + 512 * 34
  const fresh = (): MemoryFile => create(format, size, { variant, clusterBytes })

  it('is empty when it is new, and recognised by what it holds', () => {
    const file = fresh()
    const disk = open(file, format.name)
    const { size: real } = disk
    expect(real).toBeGreaterThanOrEqual(size)
    expectSame(readAll(disk), new Uint8Array(real))
    disk.close()
    expect(file.closed).toBeGreaterThan(0)
    if (format.name !== 'raw') expect(formats.find((one) => one.recognise(file))).toBe(format)
  })

  it('holds what was written, also after it was opened again', () => {
    const file = fresh()
    let disk = open(file, format.name)
    const scribbler = new Scribbler('holds', new Uint8Array(disk.size))
    for (let round = 0; round < 4; round++) {
      for (let step = 0; step < 60; step++) scribbler.step(disk)
      expectSame(readAll(disk), scribbler.content)
      disk.close()
      disk = open(file, format.name, round === 3)
      expectSame(readAll(disk), scribbler.content)
      expect(disk.check?.(false).errors ?? []).toEqual([])
    }
    expect(() => disk.write(0, new Uint8Array(512))).toThrow('read-only')
    disk.close()
  })

  it('refuses what lies outside', () => {
    const disk = open(fresh(), format.name)
    expect(() => disk.read(disk.size - 511, new Uint8Array(512))).toThrow(expect.objectContaining({ name: 'DiskError', code: 'EINVAL' }))
    expect(() => disk.write(disk.size, new Uint8Array(512))).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })

  it('keeps what was flushed wherever the process is killed', () => {
    const file = fresh()
    const start = file.copy()
    const disk = open(file, format.name)
    // Sectors written once only, so that what must be there is known at every moment.
    const marks: { readonly deeds: number; readonly sectors: readonly [number, number][] }[] = []
    const sectors: [number, number][] = []
    const random = new SeededRandom('marks')
    file.deeds = []
    for (let round = 0; round < 6; round++) {
      for (let step = 0; step < 5; step++) {
        const sector = (round * 5 + step) * Math.floor(disk.size / 512 / 30) + random.below(8)
        disk.write(sector * 512, new Uint8Array(512).fill(round * 5 + step + 1))
        sectors.push([sector, round * 5 + step + 1])
      }
      disk.flush()
      marks.push({ deeds: file.deeds.length, sectors: [...sectors] })
    }
    const { deeds } = file
    // Every moment of the life of a file that was written little, every few of one that was written much.
    const stride = Math.ceil(deeds.length / 150)
    for (let moment = 0; moment <= deeds.length; moment++) {
      if (moment > 0) start.redo(deeds[moment - 1])
      if (moment % stride !== 0 && moment !== deeds.length) continue
      const then = start.copy()
      const after = open(then, format.name)
      const sector = new Uint8Array(512)
      for (const [at, fill] of marks.findLast((mark) => mark.deeds <= moment)?.sectors ?? []) {
        after.read(at * 512, sector)
        if (sector[0] !== fill || sector[511] !== fill) expect(`sector ${at} after ${moment} of ${deeds.length} deeds holds ${sector[0]}`).toBe(`${fill}`)
      }
      expect(after.check?.(false).errors ?? []).toEqual([])
      after.write(0, sector)
      after.close()
    }
  })

  it('stays whole when the host has no room left', () => {
    for (const room of [0, 1, 2, 3, 5, 8, 13]) {
      const file = fresh()
      const disk = open(file, format.name)
      disk.write(4096, new Uint8Array(4096).fill(7))
      disk.flush()
      file.failAfter = room
      expect(() => {
        for (let at = 0; at < 40; at++) disk.write(at * 131_072 + 8192, new Uint8Array(4096).fill(9))
        disk.flush()
      }).toThrow(expect.objectContaining({ name: 'DiskError', code: 'ENOSPC' }))
      file.failAfter = Number.POSITIVE_INFINITY
      disk.write(megabyte, new Uint8Array(512).fill(3))
      disk.flush()
      const again = open(file.copy(), format.name)
      const back = new Uint8Array(4096)
      again.read(4096, back)
      expectSame(back, new Uint8Array(4096).fill(7))
      again.read(megabyte, back.subarray(0, 512))
      expect([back[0], back[511]]).toEqual([3, 3])
      expect(again.check?.(false).errors ?? []).toEqual([])
    }
  })

  it('takes broken headers and tables for what they are', () => {
    if (format.name === 'raw') return
    const file = fresh()
    const disk = open(file, format.name)
    for (let at = 0; at < 20; at++) disk.write(at * 196_608, new Uint8Array(1024).fill(at + 1))
    disk.close()
    const random = new SeededRandom(`fuzz ${format.name}`)
    const piece = new Uint8Array(65_536)
    for (let round = 0; round < 120; round++) {
      const broken = file.copy()
      const head = random.below(3) === 0 ? broken.size : Math.min(broken.size, 4096)
      for (let change = 1 + random.below(6); change > 0; change--) {
        const at = random.below(4) === 0 ? broken.size - 1 - random.below(Math.min(512, broken.size)) : random.below(head)
        broken.write(at, Uint8Array.of([0, 0xff, 0x80, 1, random.below(256)][random.below(5)]))
      }
      if (random.below(8) === 0) broken.truncate(random.below(broken.size))
      survives(() => {
        const opened = openImage(broken, { codec: testCodec(), readOnly: random.below(2) === 0, format: format.name })
        for (let at = 0; at < 4; at++) survives(() => opened.read(Math.min(at * 700_000, Math.max(0, opened.size - piece.length)), piece.subarray(0, Math.min(piece.length, opened.size))))
        survives(() => opened.check?.(false))
        survives(() => opened.readOnly || opened.write(0, piece.subarray(0, 512)))
        opened.close()
      })
    }
  })
})

/** The law: it works, or it is `Malformed`, or it is an I/O error. */
function survives(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (!['Malformed', 'DiskError'].includes((error as Error).name)) throw error
  }
}
