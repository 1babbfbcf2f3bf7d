import { describe, expect, it } from 'vitest'
import { chooseFormat, formatNamed, formatOfName, formats, openImage } from '../../src/disk/formats.ts'
import { MemoryFile } from './memory-file.ts'
import { create, expectSame, open, readAll, testCodec } from './model.ts'

const qcow2 = formatNamed('qcow2')

describe('the choice of a format', () => {
  it('goes by content where the name agrees', () => {
    for (const format of formats.filter((one) => one.create !== undefined && one.name !== 'raw')) expect(chooseFormat(create(format, 1 << 20))).toBe(format)
    expect(chooseFormat(new MemoryFile('disk.img', new Uint8Array(4096))).name).toBe('raw')
    expect(chooseFormat(new MemoryFile('disk', new Uint8Array(4096))).name).toBe('raw')
  })

  it('asks where a guest could have written what is there', () => {
    const file = create(qcow2, 1 << 20)
    for (const name of ['disk.img', 'disk.raw', 'disk', 'disk.vdi']) expect(() => chooseFormat(new MemoryFile(name, file.content()))).toThrow(`${name} looks like qcow2, but a guest with a raw disk could have written that too: say format: qcow2, or format: raw`)
    expect(() => chooseFormat(new MemoryFile('disk.qcow2', new Uint8Array(4096)))).toThrow('is called qcow2 and does not hold one')
    expect(open(new MemoryFile('disk.img', file.content()), 'raw').facts().format).toBe('raw')
    expect(() => open(new MemoryFile('disk.img', new Uint8Array(4096)), 'qcow2')).toThrow('disk.img is no qcow2 image')
  })

  it('knows names and endings', () => {
    expect([formatNamed('vpc').name, formatOfName('a/b.VHDX')?.name, formatOfName('x.iso')?.name, formatOfName('x.txt')]).toEqual(['vhd', 'vhdx', 'iso', undefined])
    expect(() => formatNamed('qcow')).toThrow('there is no disk format "qcow"; there are qcow2, vmdk')
  })

  it('sees floppy disks by their size, and writes no CD', () => {
    expect([360, 720, 1200, 1440, 2880].map((kibibytes) => open(new MemoryFile('a.img', new Uint8Array(kibibytes * 1024)), 'raw').facts().variant)).toEqual(['floppy 360K', 'floppy 720K', 'floppy 1.2M', 'floppy 1.44M', 'floppy 2.88M'])
    const cd = new Uint8Array(2048 * 20)
    cd.set([1, 0x43, 0x44, 0x30, 0x30, 0x31, 1], 2048 * 16)
    const disk = openImage(new MemoryFile('a.iso', cd), { codec: testCodec(), readOnly: false })
    expect([disk.facts().format, disk.readOnly]).toEqual(['iso', true])
  })
})

function chain(length: number): { folder: Map<string, MemoryFile>; top: MemoryFile } {
  const folder = new Map<string, MemoryFile>()
  let top = create(qcow2, 1 << 20, {}, folder, '0.qcow2')
  for (let at = 1; at < length; at++) top = create(qcow2, 1 << 20, { backing: { name: `${at - 1}.qcow2`, format: 'qcow2' } }, folder, `${at}.qcow2`)
  return { folder, top }
}

describe('images over images', () => {
  it('show what is below, down to sixteen', () => {
    const { folder, top } = chain(16)
    const bottom = open(folder.get('0.qcow2') as MemoryFile, 'qcow2')
    bottom.write(4096, new Uint8Array(512).fill(9))
    bottom.close()
    const disk = open(top, 'qcow2')
    const wanted = new Uint8Array(1 << 20)
    wanted.fill(9, 4096, 4608)
    expectSame(readAll(disk), wanted)
    disk.write(4608, new Uint8Array(512).fill(8))
    wanted.fill(8, 4608, 5120)
    expectSame(readAll(disk), wanted)
    expect(() => open(chain(17).top, 'qcow2')).toThrow('more than 16 images lie over each other')
  })

  it('whose base has a format that nobody knows are refused before the base is opened', () => {
    const folder = new Map<string, MemoryFile>()
    const base = new MemoryFile('base.img', new Uint8Array(1 << 20), { folder })
    const top = create(qcow2, 1 << 20, { backing: { name: 'base.img', format: 'raw' } }, folder, 'top.qcow2')
    const said = top.content().findIndex((byte, at, all) => at > 104 && byte === 0x72 && all[at + 1] === 0x61 && all[at + 2] === 0x77)
    top.write(said, Uint8Array.of(0x72, 0x61, 0x78))
    expect(() => open(top, 'qcow2')).toThrow('there is no disk format "rax"')
    expect([base.opened, base.closed, top.closed]).toEqual([0, 0, 1])
  })

  it('name a VHD as QEMU does', () => {
    const folder = new Map<string, MemoryFile>()
    create(formatNamed('vhd'), 1 << 20, {}, folder, 'base.vhd')
    const top = create(qcow2, 1 << 20, { backing: { name: 'base.vhd', format: 'vhd' } }, folder, 'top.qcow2')
    expect(Buffer.from(top.content()).includes('vpc')).toBe(true)
    expect(open(top, 'qcow2').facts().base?.format).toBe('vhd')
  })

  it('may not lie over themselves', () => {
    const folder = new Map<string, MemoryFile>()
    create(qcow2, 1 << 20, { backing: { name: 'b.qcow2', format: 'qcow2' } }, folder, 'a.qcow2')
    const b = create(qcow2, 1 << 20, { backing: { name: 'a.qcow2', format: 'qcow2' } }, folder, 'b.qcow2')
    expect(() => open(b, 'qcow2')).toThrow('has itself as its base')
    expect(folder.get('a.qcow2')?.closed).toBeGreaterThan(0)
  })

  it('never change what is below, not even for zeros', () => {
    const folder = new Map<string, MemoryFile>()
    const base = new MemoryFile('base.img', new Uint8Array(1 << 20).fill(0xee), { folder })
    const disk = open(create(qcow2, 1 << 20, { backing: { name: 'base.img', format: 'raw' } }, folder, 'top.qcow2'), 'qcow2')
    disk.zero?.(0, 1 << 20)
    disk.write(100, new Uint8Array(5).fill(1))
    disk.flush()
    const wanted = new Uint8Array(1 << 20)
    wanted.fill(1, 100, 105)
    expectSame(readAll(disk), wanted)
    expectSame(base.content(), new Uint8Array(1 << 20).fill(0xee))
  })
})
