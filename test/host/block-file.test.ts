import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { DiskError } from '../../src/disk/block.ts'
import { BlockFile } from '../../src/host/block-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'netloom-disk-'))
afterAll(() => rmSync(folder, { recursive: true }))
const image = (name: string, bytes: number): string => {
  const path = join(folder, name)
  writeFileSync(path, new Uint8Array(bytes).fill(0xa5))
  return path
}
const code = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof DiskError ? error.code : String(error)
  }
}

describe('a raw image in a file', () => {
  it('is read and written in place', () => {
    const path = image('rw.img', 2048)
    const disk = new BlockFile(path, false)
    disk.write(512, Uint8Array.of(1, 2, 3))
    disk.flush()
    const into = new Uint8Array(5)
    disk.read(511, into)
    disk.close()
    expect([disk.size, [...into], [...readFileSync(path).subarray(511, 516)]]).toEqual([2048, [0xa5, 1, 2, 3, 0xa5], [0xa5, 1, 2, 3, 0xa5]])
  })

  it('refuses writes when read-only, and what lies outside', () => {
    const disk = new BlockFile(image('ro.img', 512), true)
    expect([code(() => disk.write(0, Uint8Array.of(1))), code(() => disk.read(511, new Uint8Array(2))), code(() => disk.read(-1, new Uint8Array(1)))]).toEqual(['EROFS', 'EINVAL', 'EINVAL'])
    disk.close()
  })

  it('that shrinks under us fails like a disk', () => {
    const path = image('shrinks.img', 1024)
    const disk = new BlockFile(path, false)
    truncateSync(path, 512)
    expect(code(() => disk.read(512, new Uint8Array(512)))).toBe('EIO')
    disk.close()
  })

  it('that is not there, or not whole, is refused with what to type', () => {
    expect(() => new BlockFile(join(folder, 'none.img'), false)).toThrow(expect.objectContaining({ code: 'ENOENT', hint: expect.stringContaining('truncate -s 64M') }))
    expect(() => new BlockFile(image('odd.img', 700), false)).toThrow(/is 700 bytes long, not a multiple of 512/)
  })
})
