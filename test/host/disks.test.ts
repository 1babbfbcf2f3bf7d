import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlockDevice } from '../../src/disk/block.ts'
import { checkImage, convertImage, createImage, describeImage, snapshotImage } from '../../src/host/disk-images.ts'
import { closeDisk, closeDisks, openDisk } from '../../src/host/disks.ts'
import { openLab } from '../../src/host/open-lab.ts'
import type { DiskPlan } from '../../src/lab/topology.ts'

let folder: string
const at = (name: string): string => join(folder, name)
const plan = (file: string, more: Partial<DiskPlan> = {}): DiskPlan => ({ file, readOnly: false, format: undefined, overlay: undefined, uses: [], ...more })
const byte = (disk: BlockDevice, offset: number): number => {
  const bytes = new Uint8Array(1)
  disk.read(offset, bytes)
  return bytes[0]
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'netloom-test-')))
  mkdirSync(at('images'))
  writeFileSync(at('images/base.img'), new Uint8Array(1 << 20).fill(0xbb))
})
afterEach(() => {
  closeDisks()
  rmSync(folder, { recursive: true, force: true })
})

describe('a disk of a lab', () => {
  it('is written in place', () => {
    const disk = openDisk(plan('images/base.img'), folder)
    disk.write(512, new Uint8Array(512).fill(1))
    closeDisks()
    expect([...readFileSync(at('images/base.img')).subarray(511, 513)]).toEqual([0xbb, 1])
  })

  it('is left as it is under an overlay, which is made once and kept', () => {
    for (const round of [1, 2]) {
      const disk = openDisk(plan('images/base.img', { overlay: './one.qcow2' }), folder)
      expect([byte(disk, 0), byte(disk, 512)]).toEqual([0xbb, round === 1 ? 0xbb : 1])
      disk.write(512, new Uint8Array(512).fill(round))
      closeDisks()
    }
    expect(readFileSync(at('images/base.img')).every((value) => value === 0xbb)).toBe(true)
    expect(describeImage(at('one.qcow2'), { listed: [at('images')] })).toMatchObject({ format: 'qcow2', backing: 'images/base.img', sizeBytes: 1 << 20 })
    expect(readdirSync(folder).sort()).toEqual(['images', 'one.qcow2'])
  })

  it('may have an overlay that nobody finds afterwards', () => {
    const disk = openDisk(plan('images/base.img', { overlay: true }), folder)
    disk.write(0, new Uint8Array(512).fill(7))
    disk.flush()
    expect([byte(disk, 0), readFileSync(at('images/base.img'))[0], readdirSync(folder)]).toEqual([7, 0xbb, ['images']])
  })

  it('is given back when its lab ends, so that the next one may write to it', async () => {
    writeFileSync(at('lab.yaml'), 'name: disks\nnodes:\n  one: { program: hello, disks: [{ file: ./images/base.img, overlay: ./one.qcow2 }] }\n')
    for (let round = 0; round < 2; round++) {
      const { lab } = await openLab({ file: at('lab.yaml') })
      await expect(openLab({ file: at('lab.yaml') })).rejects.toThrow('is open for writing already')
      lab.close('done')
      lab.close('done')
    }
    const disk = openDisk(plan('one.qcow2', { uses: ['images'] }), folder)
    closeDisk(disk)
    closeDisk(disk)
    expect(checkImage(at('one.qcow2'), { listed: [at('images')] })).toMatchObject({ errors: [], leaks: 0 })
  })

  it('is refused with what to do about it', () => {
    const refused = (what: DiskPlan): unknown => {
      try {
        return openDisk(what, folder)
      } catch (error) {
        return `${(error as Error).message} / ${(error as { hint?: string }).hint}`
      }
    }
    createImage(at('a.qcow2'), 1 << 20, {})
    writeFileSync(at('guest.img'), readFileSync(at('a.qcow2')))
    expect(refused(plan('guest.img'))).toContain('say format: qcow2, or format: raw')
    expect(refused(plan('none.img'))).toContain('images create')
    openDisk(plan('a.qcow2'), folder)
    expect(refused(plan('a.qcow2'))).toContain('overlay: ./NODE.qcow2')
    createImage(at('over.qcow2'), undefined, { base: at('a.qcow2') })
    expect(refused(plan('images/base.img', { overlay: 'over.qcow2' }))).toContain('lies over a.qcow2, not over')
  })
})

describe('what is done to images', () => {
  it('makes, converts, checks and snapshots them', () => {
    convertImage(at('images/base.img'), at('a.qcow2'), { compress: true })
    convertImage(at('a.qcow2'), at('b.vdi'), {})
    convertImage(at('b.vdi'), at('c.raw'), {})
    expect(readFileSync(at('c.raw')).equals(readFileSync(at('images/base.img')))).toBe(true)
    expect(() => convertImage(at('a.qcow2'), at('c.raw'), {})).toThrow('is there already')
    expect(() => convertImage(at('a.qcow2'), at('d.vdi'), { compress: true })).toThrow('vdi has no compression')
    expect(() => convertImage(at('a.qcow2'), at('d.iso'), {})).toThrow('mkiso')
    expect(() => createImage(at('e.qcow2'), 1000, {})).toThrow('not whole sectors')
    expect(() => createImage(at('e.vhdx'), 1 << 20, { variant: 'thin' })).toThrow('vhdx has no variant "thin"; it has dynamic, fixed')
    expect(readdirSync(folder).sort()).toEqual(['a.qcow2', 'b.vdi', 'c.raw', 'images'])
    expect(checkImage(at('a.qcow2'), {})).toEqual({ errors: [], leaks: 0, repaired: 0 })
    expect(checkImage(at('c.raw'), {})).toBeUndefined()
    expect(snapshotImage(at('a.qcow2'), 'create', 'one', {}).map(({ name }) => name)).toEqual(['one'])
    expect(() => snapshotImage(at('b.vdi'), 'create', 'one', {})).toThrow('no snapshots inside')
  })
})
