import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { formatNamed } from '../../../src/disk/formats.ts'
import { MemoryFile } from '../memory-file.ts'
import { create, expectSame, open, readAll } from '../model.ts'

const size = 4 << 20
const old = '{5fbaabe3-6958-40ff-92a7-860e329aab41}'
const now = '{0c5cb4a4-0e1c-4b1a-9b6b-1d2f5e0c7a11}'

const image = (id: string, type: string, file: string): string => `<Image><GUID>${id}</GUID><Type>${type}</Type><File>${file}</File></Image>`
const describeDisk = (storages: string, snapshots: string): Uint8Array => utf8(`<?xml version='1.0' encoding='UTF-8'?>
<Parallels_disk_image Version="1.0"><Disk_Parameters><Disk_size>${size / 512}</Disk_size><Cylinders>4</Cylinders></Disk_Parameters>
<StorageData>${storages}</StorageData><Snapshots>${snapshots}</Snapshots></Parallels_disk_image>`)
const shot = (id: string, parent: string): string => `<Shot><GUID>${id}</GUID><ParentGUID>${parent}</ParentGUID></Shot>`

describe('a Parallels bundle', () => {
  it('is its storages side by side, each as deep as its snapshots', () => {
    const folder = new Map<string, MemoryFile>()
    const parallels = formatNamed('parallels')
    for (const name of ['0.hds', '1.hds']) create(parallels, size / 2, {}, folder, name)
    folder.set('plain & flat.hds', new MemoryFile('plain & flat.hds', new Uint8Array(size / 2).fill(3)))
    const bottom = open(folder.get('0.hds') as MemoryFile, 'parallels')
    bottom.write(0, new Uint8Array(1 << 20).fill(1))
    bottom.close()
    const storages = `<Storage><Start>0</Start><End>${size / 1024}</End><Blocksize>2048</Blocksize>${image(old, 'Compressed', '0.hds')}${image(now, 'Compressed', '1.hds')}</Storage>
      <Storage><Start>${size / 1024}</Start><End>${size / 512}</End><Blocksize>2048</Blocksize>${image(now, 'Plain', 'plain &amp; flat.hds')}</Storage>`
    const file = new MemoryFile('DiskDescriptor.xml', describeDisk(storages, `<TopGUID>${now}</TopGUID>${shot(old, '{00000000-0000-0000-0000-000000000000}')}${shot(now, old)}`), { folder })
    const disk = open(file, 'parallels')
    expect(disk.facts()).toMatchObject({ variant: 'bundle', sizeBytes: size, notes: ['2 storage files'] })
    const below = folder.get('0.hds')?.content()
    disk.write(512, new Uint8Array(512).fill(2))
    disk.write(size / 2 - 512, new Uint8Array(1024).fill(4))
    const bytes = readAll(disk)
    expect([bytes[0], bytes[511], bytes[512], bytes[1023], bytes[1024], bytes[(1 << 20) - 1], bytes[1 << 20]]).toEqual([1, 1, 2, 2, 1, 1, 0])
    expect([bytes[size / 2 - 1], bytes[size / 2 + 511], bytes[size / 2 + 512]]).toEqual([4, 4, 3])
    disk.close()
    expectSame(folder.get('0.hds')?.content() as Uint8Array, below as Uint8Array)
    expectSame(readAll(open(file, 'parallels', true)), bytes)
  })

  it.each([
    ['gaps', `<Storage><Start>1</Start><End>${size / 512}</End>${image(now, 'Plain', 'a')}</Storage>`, '', 'sectors 0 to 1 of the disk are nowhere'],
    ['too little', `<Storage><Start>0</Start><End>8</End>${image(now, 'Plain', 'a')}</Storage>`, '', 'of which 8 are somewhere'],
    ['no image', `<Storage><Start>0</Start><End>${size / 512}</End></Storage>`, '', '0 layers'],
    ['a circle of snapshots', `<Storage><Start>0</Start><End>${size / 512}</End>${image(now, 'Plain', 'a')}</Storage>`, `<TopGUID>${now}</TopGUID>${shot(old, now)}${shot(now, old)}`, 'taken over itself'],
    ['words for numbers', `<Storage><Start>zero</Start><End>8</End>${image(now, 'Plain', 'a')}</Storage>`, '', 'Start is "zero"'],
  ])('with %s is refused', (_what, storages, snapshots, why) => {
    expect(() => open(new MemoryFile('DiskDescriptor.xml', describeDisk(storages, snapshots)), 'parallels')).toThrow(why)
  })
})
