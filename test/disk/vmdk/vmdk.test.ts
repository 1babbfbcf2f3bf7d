import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import { formatNamed } from '../../../src/disk/formats.ts'
import { MemoryFile } from '../memory-file.ts'
import { create, expectSame, open, readAll, Scribbler } from '../model.ts'

const vmdk = formatNamed('vmdk')
const size = 3 << 20

describe('a VMDK', () => {
  it.each(['monolithicFlat', 'twoGbMaxExtentSparse', 'twoGbMaxExtentFlat'])('%s holds what was written, in files beside it', (variant) => {
    const folder = new Map<string, MemoryFile>()
    const file = create(vmdk, size, { variant }, folder, 'disk.vmdk')
    const disk = open(file, 'vmdk')
    const scribbler = new Scribbler(variant, new Uint8Array(size))
    for (let step = 0; step < 50; step++) scribbler.step(disk)
    disk.close()
    expect(folder.size).toBe(2)
    expect(fromUtf8(file.content())).toContain(`createType="${variant}"`)
    expectSame(readAll(open(file, 'vmdk', true)), scribbler.content)
  })

  it('as a stream takes whole grains once, from front to back', () => {
    const file = create(vmdk, size, { variant: 'streamOptimized' }, new Map(), 'disk.vmdk')
    const disk = open(file, 'vmdk')
    disk.writeCompressed?.(65_536, new Uint8Array(65_536).fill(1))
    disk.write(size - 65_536, new Uint8Array(65_536).fill(2))
    expect(() => disk.write(0, new Uint8Array(65_536))).toThrow('from front to back')
    expect(() => disk.write(0, new Uint8Array(512))).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    disk.close()
    const done = open(file, 'vmdk')
    const wanted = new Uint8Array(size)
    wanted.fill(1, 65_536, 131_072)
    wanted.fill(2, size - 65_536)
    expectSame(readAll(done), wanted)
    expect([done.readOnly, done.facts().variant]).toEqual([true, 'streamOptimized'])
  })

  it('is put together from extents of every kind, over another one', () => {
    const folder = new Map<string, MemoryFile>()
    const extent = create(vmdk, 1 << 20, {}, folder, 'part.vmdk')
    const part = open(extent, 'vmdk')
    part.write(0, new Uint8Array(512).fill(7))
    part.close()
    folder.set('flat.bin', new MemoryFile('flat.bin', new Uint8Array(2 << 20).fill(9)))
    const text = ['# Disk DescriptorFile', 'version=1', 'CID=12345678', 'parentCID=ffffffff', 'createType="custom"', 'RW 2048 SPARSE "part.vmdk"', 'RW 1024 ZERO', 'RDONLY 1024 FLAT "flat.bin" 2048', ''].join('\r\n')
    const disk = open(new MemoryFile('disk.vmdk', utf8(text), { folder }), 'vmdk')
    const bytes = readAll(disk)
    expect([disk.size, disk.readOnly]).toEqual([4096 * 512, true])
    expect([bytes[0], bytes[512], bytes[2048 * 512], bytes[3072 * 512], bytes[4096 * 512 - 1]]).toEqual([7, 0, 0, 9, 9])
  })

  it.each([
    ['without extents', 'version=1', '0 extents'],
    ['with an extent of an unknown kind', 'RW 2048 VMFS "a.vmdk"', 'kind VMFS'],
    ['with an extent that is not there', 'RW 2048 FLAT "a.vmdk" 0', 'which is not there'],
    ['of endless length', 'RW 999999999999999 ZERO', 'extents with 999999999999999 sectors'],
  ])('%s is refused', (_what, line, why) => {
    expect(() => open(new MemoryFile('disk.vmdk', utf8(`# Disk DescriptorFile\n${line}\n`)), 'vmdk')).toThrow(why)
  })
})
