import { describe, expect, it } from 'vitest'
import { fromLatin1, u32be, u32le } from '../../../src/base/bytes.ts'
import { formatNamed } from '../../../src/disk/formats.ts'
import { longDate, shortDate } from '../../../src/disk/iso/fields.ts'
import { isoNames, jolietNames } from '../../../src/disk/iso/names.ts'
import type { IsoEntry, IsoFolder } from '../../../src/disk/iso/tree.ts'
import { writeIso } from '../../../src/disk/iso/write.ts'
import { MemoryFile } from '../memory-file.ts'

const common = { mode: 0o644, uid: 0, gid: 0, seconds: 1_700_000_000 }
const file = (name: string, text: string): IsoEntry => ({ ...common, name, kind: 'file', sizeBytes: text.length, read: (position, into) => into.set(Buffer.from(text, 'latin1').subarray(position, position + into.length)) })
const folder = (name: string, ...entries: IsoEntry[]): IsoFolder => ({ ...common, mode: 0o755, name, kind: 'folder', entries })
const link = (name: string, target: string): IsoEntry => ({ ...common, name, kind: 'link', target })

function write(root: IsoFolder, volume = 'cidata'): Uint8Array {
  const image = new MemoryFile('a.iso')
  writeIso(image, { root, volume, seconds: 1_700_000_000 })
  expect(formatNamed('iso').recognise(image)).toBe(true)
  return image.content()
}

const sector = (bytes: Uint8Array, number: number): Uint8Array => bytes.subarray(number * 2048, (number + 1) * 2048)

const names = (entries: IsoEntry[], spell: (entries: IsoEntry[]) => Map<IsoEntry, Uint8Array>): string[] => [...spell(entries).values()].map((name) => fromLatin1(name).replaceAll('\0', ''))

describe('a CD', () => {
  it('has the descriptors of both trees, and the terminator', () => {
    const bytes = write(folder('', file('user-data', '#cloud-config\n'), file('meta-data', '')))
    const [primary, joliet, last] = [16, 17, 18].map((number) => sector(bytes, number))
    expect([primary, joliet, last].map((one) => [one[0], fromLatin1(one.subarray(1, 6)), one[6]])).toEqual([[1, 'CD001', 1], [2, 'CD001', 1], [255, 'CD001', 1]])
    expect(fromLatin1(primary.subarray(40, 72))).toBe('cidata'.padEnd(32))
    expect(fromLatin1(joliet.subarray(88, 91))).toBe('%/E')
    expect([u32le(primary, 80), u32be(primary, 84)]).toEqual([bytes.length / 2048, bytes.length / 2048])
    expect(fromLatin1(primary.subarray(813, 829))).toBe('2023111422132000')
    // The root's own record: with SP first, which says that Rock Ridge follows.
    const root = sector(bytes, u32le(primary, 156 + 2))
    expect(fromLatin1(root.subarray(34, 36))).toBe('SP')
    expect(fromLatin1(root)).toContain('user-data')
    expect(fromLatin1(root)).toContain('USER_DATA.;1')
    expect(fromLatin1(bytes)).toContain('#cloud-config\n')
  })

  it('keeps links and long names where they fit, and refuses what does not', () => {
    const bytes = write(folder('', link('here', '../there/./file'), folder('deep', file('n'.repeat(255), 'x')), link('far', '/x'.repeat(300))))
    expect(fromLatin1(bytes)).toContain('there')
    expect(fromLatin1(bytes).replace(/[^n]/g, '').length).toBeGreaterThanOrEqual(255)
    expect(() => write(folder('', file('n'.repeat(256), '')))).toThrow('longer than 255 bytes')
    expect(() => write(folder('', link('far', '/x'.repeat(2000))))).toThrow('points too far')
    expect(() => write(folder('', { ...file('big', ''), sizeBytes: 2 ** 32 } as IsoEntry))).toThrow('4 GiB')
    expect(() => write(folder(''), '')).toThrow('1 to 32 characters')
  })

  it('is one to boot from, where it is told which file', () => {
    const image = new MemoryFile('a.iso')
    const root = folder('', folder('boot', file('efi.img', 'FAT'.padEnd(1500))), file('readme', 'x'))
    writeIso(image, { root, volume: 'boot', seconds: 0, efi: 'boot/efi.img' })
    const bytes = image.content()
    expect([16, 17, 18, 19].map((number) => sector(bytes, number)[0])).toEqual([1, 0, 2, 255])
    const record = sector(bytes, 17)
    expect(fromLatin1(record.subarray(1, 39)).replaceAll('\0', '')).toBe('CD001\x01EL TORITO SPECIFICATION')
    const catalog = sector(bytes, u32le(record, 71))
    let sum = 0
    for (let at = 0; at < 32; at += 2) sum += catalog[at] + catalog[at + 1] * 256
    // Validation entry: EFI's platform, key bytes, words that sum to nothing; then one bootable image without emulation, three sectors of 512 bytes.
    expect([catalog[0], catalog[1], catalog[30], catalog[31], sum & 0xffff]).toEqual([1, 0xef, 0x55, 0xaa, 0])
    expect([catalog[32], catalog[33], catalog[38], catalog[39]]).toEqual([0x88, 0, 3, 0])
    expect(fromLatin1(sector(bytes, u32le(catalog, 40)).subarray(0, 3))).toBe('FAT')
    expect(() => writeIso(new MemoryFile('b.iso'), { root, volume: 'boot', seconds: 0, efi: 'boot' })).toThrow('there is no file boot in the folder')
  })

  it('spells every name once in its folder', () => {
    const entries = [file('Read me.txt', ''), file('read_me.TXT', ''), folder('x.d'), file('a.b.c', ''), file('noext', '')]
    expect(names(entries, isoNames)).toEqual(['READ_ME.TXT;1', 'READ_ME_1.TXT;1', 'X_D', 'A_B.C;1', 'NOEXT.;1'])
    expect(names([file('a:b', ''), file('a*b', ''), folder('ok')], jolietNames)).toEqual(['a_b;1', 'a_b_1;1', 'ok'])
  })

  it('writes dates of every century', () => {
    expect([...shortDate(951_782_400)]).toEqual([100, 2, 29, 0, 0, 0, 0])
    expect([...shortDate(-1)]).toEqual([69, 12, 31, 23, 59, 59, 0])
    expect([...shortDate(-1e12)]).toEqual([0, 1, 1, 0, 0, 0, 0])
    expect(fromLatin1(longDate(4_102_444_799).subarray(0, 16))).toBe('2099123123595900')
  })
})
