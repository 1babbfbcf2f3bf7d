import { describe, expect, it } from 'vitest'
import { concat, fromLatin1, putU32le, putU64le } from '../../../src/base/bytes.ts'
import type { Instant } from '../../../src/base/time.ts'
import { Timeline } from '../../../src/base/timeline.ts'
import { VirtioBlk } from '../../../src/board/virtio/blk.ts'
import type { BlockDevice } from '../../../src/disk/block.ts'
import { DiskError } from '../../../src/disk/block.ts'
import { MemoryDisk } from '../../../src/disk/memory.ts'
import { Driver } from './driver.ts'

const second = 1_000_000_000 as Instant

function header(type: number, sector: number): Uint8Array {
  const bytes = new Uint8Array(16)
  putU32le(bytes, 0, type)
  putU64le(bytes, 8, BigInt(sector))
  return bytes
}

function board(disk: BlockDevice = new MemoryDisk(Uint8Array.from({ length: 8 * 512 }, (_, at) => at >> 9))) {
  const timeline = new Timeline()
  const driver = new Driver(new VirtioBlk('disk0', timeline, disk)).start([], 1)
  return { driver, timeline, disk }
}

/** Lends one request, lets it end, and tells the status byte, what was used, and where the pieces are. */
function ask(at: ReturnType<typeof board>, ...pieces: Parameters<Driver['lend']>[1][]) {
  const offsets = at.driver.lend(0, ...pieces, { room: 1 })
  at.driver.kick(0)
  at.timeline.run((at.timeline.now + second) as Instant)
  return { status: at.driver.bytes(offsets[offsets.length - 1], 1)[0], used: at.driver.used(0), offsets }
}

describe('virtio-blk', () => {
  it('tells its capacity in sectors of 512', () => {
    const { driver } = board()
    expect(driver.slot.read(0x100, 4)).toBe(8)
    expect(driver.slot.read(0x104, 4)).toBe(0)
    expect(driver.slot.read(0x114, 4)).toBe(512)
  })

  it('reads, in its own time', () => {
    const at = board()
    const [, data, status] = at.driver.lend(0, { bytes: header(0, 3) }, { room: 1024 }, { room: 1 })
    at.driver.kick(0)
    expect(at.driver.used(0)).toEqual([])
    // 20 µs and half a nanosecond for each of 16 + 1024 + 1 bytes.
    expect(at.timeline.next).toBe(20_521)
    at.timeline.run(20_521 as Instant)
    expect(at.driver.used(0)).toEqual([[0, 1025]])
    expect(at.driver.bytes(data, 1025)).toEqual(concat(new Uint8Array(512).fill(3), new Uint8Array(512).fill(4), Uint8Array.of(0xa5)))
    expect(at.driver.bytes(status, 2)).toEqual(Uint8Array.of(0, 0xa5))
    expect(at.driver.acknowledge()).toBe(1)
  })

  it('writes', () => {
    const at = board()
    expect(ask(at, { bytes: header(1, 7) }, { bytes: new Uint8Array(200).fill(9) }, { bytes: new Uint8Array(312).fill(8) })).toMatchObject({ status: 0, used: [[0, 1]] })
    const sector = new Uint8Array(512)
    at.disk.read(7 * 512, sector)
    expect(sector).toEqual(concat(new Uint8Array(200).fill(9), new Uint8Array(312).fill(8)))
  })

  it('answers requests in the order they came, one after another', () => {
    const at = board()
    for (const sector of [1, 2]) at.driver.lend(0, { bytes: header(0, sector) }, { room: 512 }, { room: 1 })
    at.driver.kick(0)
    at.timeline.step()
    expect(at.driver.used(0)).toEqual([[0, 513]])
    at.timeline.step()
    expect(at.driver.used(0)).toEqual([[3, 513]])
    expect(at.timeline.next).toBeUndefined()
  })

  it('tells its name, flushes, and writes zeroes', () => {
    const at = board()
    const { status, offsets } = ask(at, { bytes: header(8, 0) }, { room: 20 })
    expect(status).toBe(0)
    expect(fromLatin1(at.driver.bytes(offsets[1], 6))).toBe('disk0\0')
    expect(ask(at, { bytes: header(4, 0) }).status).toBe(0)
    const range = new Uint8Array(16)
    putU64le(range, 0, 2n)
    putU32le(range, 8, 1)
    expect(ask(at, { bytes: header(13, 0) }, { bytes: range }).status).toBe(0)
    const three = new Uint8Array(3 * 512)
    at.disk.read(512, three)
    expect([three[511], three[512], three[1023], three[1024]]).toEqual([1, 0, 0, 3])
  })

  it('discards and zeroes several ranges at once, gives up room where the disk can, and does nothing of a list with a range that is wrong', () => {
    const zeroed: number[][] = []
    const disk = Object.assign(new MemoryDisk(new Uint8Array(8 * 512).fill(7)), { zero: (offset: number, length: number) => void zeroed.push([offset, length]) })
    const at = board(disk)
    const ranges = (...list: [sector: number, count: number, flags: number][]): Uint8Array => concat(...list.map(([sector, count, flags]) => {
      const range = new Uint8Array(16)
      putU64le(range, 0, BigInt(sector))
      putU32le(range, 8, count)
      putU32le(range, 12, flags)
      return range
    }))
    const status = (type: number, bytes: Uint8Array): number => ask(at, { bytes: header(type, 0) }, { bytes }).status
    expect(status(11, ranges([0, 2, 0], [4, 1, 0]))).toBe(0)
    expect(status(13, ranges([6, 1, 1]))).toBe(0)
    expect(zeroed).toEqual([[0, 1024], [2048, 512], [3072, 512]])
    expect([status(11, ranges([0, 1, 0], [8, 1, 0])), status(11, ranges([0, 1, 1])), status(13, ranges([0, 1, 2])), status(11, new Uint8Array(24)), status(11, new Uint8Array(17 * 16))]).toEqual([1, 2, 2, 1, 1])
    expect(zeroed).toHaveLength(3)
    expect(board(new MemoryDisk(new Uint8Array(512), { readOnly: true })).driver.slot.read(0x100 + 36, 4)).toBe(0)
  })

  it('tells a geometry: a floppy disk its own', () => {
    const of = (kib: number): number[] => {
      const { driver } = board(new MemoryDisk(new Uint8Array(kib * 1024)))
      return [driver.slot.read(0x110, 2), driver.slot.read(0x112, 1), driver.slot.read(0x113, 1)]
    }
    expect([of(1440), of(1024)]).toEqual([[80, 2, 18], [2, 16, 63]])
  })

  it('has a queue for each hart, answers where it was asked, and in the order of arrival over all of them: a flush behind a write of another queue covers it', () => {
    const timeline = new Timeline()
    const done: string[] = []
    const disk = Object.assign(new MemoryDisk(new Uint8Array(512)), { flush: () => void done.push('flush') })
    const write = disk.write.bind(disk)
    disk.write = (offset, from) => (done.push('write'), write(offset, from))
    const driver = new Driver(new VirtioBlk('disk0', timeline, disk, 2)).start([12], 2)
    expect(driver.slot.read(0x100 + 34, 2)).toBe(2)
    driver.lend(1, { bytes: header(1, 0) }, { bytes: new Uint8Array(512) }, { room: 1 })
    driver.lend(0, { bytes: header(4, 0) }, { room: 1 })
    driver.kick(1)
    driver.kick(0)
    timeline.run(second)
    expect([done, driver.used(0), driver.used(1)]).toEqual([['write', 'flush'], [[0, 1]], [[0, 1]]])
  })

  it('answers an I/O error outside the disk, for parts of a sector, and for a write to a read-only disk', () => {
    const at = board()
    expect(ask(at, { bytes: header(0, 8) }, { room: 512 }).status).toBe(1)
    expect(ask(at, { bytes: header(0, 2 ** 55) }, { room: 512 }).status).toBe(1)
    expect(ask(at, { bytes: header(0, 0) }, { room: 100 }).status).toBe(1)
    const fixed = board(new MemoryDisk(new Uint8Array(512), { readOnly: true }))
    expect(ask(fixed, { bytes: header(1, 0) }, { bytes: new Uint8Array(512) }).status).toBe(1)
    expect(at.driver.reports).toEqual([])
  })

  it('answers an I/O error when the disk fails, and UNSUPP for what it does not know', () => {
    const full = new MemoryDisk(new Uint8Array(512))
    full.write = () => {
      throw new DiskError('ENOSPC', 'no space left')
    }
    const at = board(full)
    expect(ask(at, { bytes: header(1, 0) }, { bytes: new Uint8Array(512) }).status).toBe(1)
    expect(ask(at, { bytes: header(99, 0) }).status).toBe(2)
  })

  it('gives up on a request without header or status', () => {
    const at = board()
    at.driver.lend(0, { bytes: header(0, 0) })
    at.driver.kick(0)
    at.timeline.run(second)
    expect(at.driver.status & 0x40).toBe(0x40)
    expect(at.driver.reports).toHaveLength(1)
  })

  it('forgets what it was at when it is reset', () => {
    const at = board()
    at.driver.lend(0, { bytes: header(0, 0) }, { room: 512 }, { room: 1 })
    at.driver.kick(0)
    at.driver.slot.write(0x070, 4, 0)
    expect(at.timeline.next).toBeUndefined()
  })

  it('goes on from its saved state in the middle of a request', () => {
    const before = board()
    before.driver.lend(0, { bytes: header(0, 5) }, { room: 512 }, { room: 1 })
    before.driver.kick(0)
    const after = board()
    after.driver.ram.set(before.driver.ram)
    after.driver.slot.load(before.driver.slot.save())
    expect(after.timeline.next).toBe(before.timeline.next)
    after.timeline.run(second)
    expect(after.driver.used(0)).toEqual([[0, 513]])
  })
})
