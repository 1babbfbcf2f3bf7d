import { describe, expect, it } from 'vitest'
import type { ImageFile } from '../../src/disk/image-file.ts'
import { RawDisk } from '../../src/disk/raw.ts'

/** A file that moves at most `burst` bytes at a time. */
function file(bytes: Uint8Array, burst = 100): ImageFile & { synced: number } {
  return {
    name: 'disk.img',
    identity: 'disk.img',
    truncate: () => undefined,
    sibling: () => failing('ENOENT'),
    close: () => undefined,
    size: bytes.length,
    writable: true,
    synced: 0,
    read(position, into) {
      const part = bytes.subarray(position, Math.min(position + burst, position + into.length))
      into.set(part)
      return part.length
    },
    write(position, from) {
      const part = from.subarray(0, burst)
      bytes.set(part, position)
      return part.length
    },
    sync() {
      this.synced++
    },
  }
}

const failing = (code: string): never => {
  throw Object.assign(new Error(`${code}: refused`), { code })
}

describe('raw disk', () => {
  it('reads and writes through short transfers', () => {
    const bytes = Uint8Array.from({ length: 1024 }, (_, at) => at)
    const disk = new RawDisk(file(bytes))
    const back = new Uint8Array(512)
    disk.read(300, back)
    expect(back).toEqual(bytes.slice(300, 812))
    disk.write(1, new Uint8Array(512).fill(7))
    expect([bytes[0], bytes[1], bytes[512], bytes[513]]).toEqual([0, 7, 7, 1])
  })

  it('reads zeros after the end of a file that ends within a sector', () => {
    const disk = new RawDisk(file(new Uint8Array(600).fill(9)))
    expect(disk.size).toBe(1024)
    const back = new Uint8Array(512).fill(0xa5)
    disk.read(512, back)
    expect([back[87], back[88], back[511]]).toEqual([9, 0, 0])
  })

  it('tells the host its error as the disk does, and flushes', () => {
    const broken = { ...file(new Uint8Array(512)), write: () => failing('ENOSPC'), read: () => failing('EIO') }
    const disk = new RawDisk(broken)
    expect(() => disk.write(0, new Uint8Array(512))).toThrow(expect.objectContaining({ name: 'DiskError', code: 'ENOSPC' }))
    expect(() => disk.read(0, new Uint8Array(512))).toThrow(expect.objectContaining({ name: 'DiskError', code: 'EIO' }))
    expect(() => disk.read(512, new Uint8Array(1))).toThrow('1 bytes at 512 of 512')
    const good = file(new Uint8Array(512))
    new RawDisk(good).flush()
    expect(good.synced).toBe(1)
  })

  it('writes nothing to what is read-only', () => {
    expect(new RawDisk({ ...file(new Uint8Array(512)), writable: false }).readOnly).toBe(true)
    const disk = new RawDisk(file(new Uint8Array(512)), { readOnly: true })
    expect(() => disk.write(0, new Uint8Array(512))).toThrow('read-only')
    disk.flush()
  })
})
