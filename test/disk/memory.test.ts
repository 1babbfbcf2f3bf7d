import { describe, expect, it } from 'vitest'
import { MemoryDisk } from '../../src/disk/memory.ts'

describe('memory disk', () => {
  it('keeps what is written where it was written', () => {
    const disk = new MemoryDisk(new Uint8Array(1024))
    disk.write(511, Uint8Array.of(1, 2))
    disk.flush()
    const back = new Uint8Array(4).fill(0xa5)
    disk.read(510, back)
    expect(back).toEqual(Uint8Array.of(0, 1, 2, 0))
    expect([disk.size, disk.readOnly]).toEqual([1024, false])
  })

  it('refuses what is outside, and writes when it is read-only', () => {
    const disk = new MemoryDisk(new Uint8Array(512), { readOnly: true })
    expect(() => disk.read(500, new Uint8Array(13))).toThrow('13 bytes at 500 of 512')
    expect(() => disk.write(0, new Uint8Array(1))).toThrow('read-only')
    expect(() => new MemoryDisk(new Uint8Array(100))).toThrow('not whole sectors')
  })
})
