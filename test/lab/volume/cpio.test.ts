import { describe, expect, it } from 'vitest'
import { concat, fromLatin1, latin1 } from '../../../src/base/bytes.ts'
import { Malformed } from '../../../src/base/errors.ts'
import { build } from '../../../src/host/images/cpio.ts'
import { cpioVolume, isCpio } from '../../../src/lab/volume/cpio.ts'

const clock = (): bigint => 9n
const pad = (bytes: Uint8Array): Uint8Array => concat(bytes, new Uint8Array((4 - (bytes.length & 3)) & 3))

/** One member, as `cpio -o -H newc` writes it. */
function member(name: string, { inode = 1, mode = 0o100644, uid = 0, gid = 0, links = 1, time = 0, major = 0, minor = 0 }: Readonly<Record<string, number>>, content = ''): Uint8Array {
  const fields = [inode, mode, uid, gid, links, time, content.length, 0, 0, major, minor, name.length + 1, 0]
  return concat(pad(latin1(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`)), pad(latin1(content)))
}
const end = member('TRAILER!!!', {})

describe('an archive as a volume', () => {
  it('has what our own builder put into it', () => {
    const archive = build(new Map([['etc/motd', { kind: 'file', mode: 0o600, content: latin1('hello') }], ['bin', { kind: 'link', target: 'usr/bin' }], ['dev/console', { kind: 'device', type: 'char', mode: 0o620, major: 5, minor: 1 }]]))
    const volume = cpioVolume(archive, { clock })
    expect([isCpio(archive), volume.list(volume.root)]).toEqual([true, ['bin', 'dev', 'etc']])
    const file = volume.lookup(volume.lookup(volume.root, 'etc'), 'motd')
    expect([fromLatin1(volume.read(file, 0, 99)), volume.attributes(file)]).toMatchObject(['hello', { mode: 0o600, modified: 0n, links: 1 }])
    expect(volume.target(volume.lookup(volume.root, 'bin'))).toBe('usr/bin')
    expect(volume.attributes(volume.lookup(volume.lookup(volume.root, 'dev'), 'console'))).toMatchObject({ kind: 'character', mode: 0o620, major: 5, minor: 1 })
  })

  it('has owners, times, hard links whose bytes come last, and the root’s own mode', () => {
    const archive = concat(member('.', { mode: 0o040700 }), member('./a', { inode: 7, links: 2, uid: 5, gid: 6, mode: 0o104755, time: 1000 }), member('b', { inode: 7, links: 2, uid: 5, gid: 6, mode: 0o104755, time: 1000 }, 'shared'), end)
    const volume = cpioVolume(archive, { clock })
    const a = volume.lookup(volume.root, 'a')
    expect([a, volume.attributes(volume.root).mode]).toEqual([volume.lookup(volume.root, 'b'), 0o700])
    expect(volume.attributes(a)).toMatchObject({ links: 2, uid: 5, gid: 6, mode: 0o4755, size: 6, modified: 1_000_000_000_000n })
    expect(fromLatin1(volume.read(a, 0, 9))).toBe('shared')
  })

  it('is written over without its bytes being touched', () => {
    const archive = concat(member('f', {}, 'base'), end)
    const before = archive.slice()
    const volume = cpioVolume(archive, { clock })
    const file = volume.lookup(volume.root, 'f')
    volume.write(file, 0, latin1('B'))
    volume.change(file, { size: 2 })
    expect([fromLatin1(volume.read(file, 0, 9)), archive]).toEqual(['Ba', before])
  })
})

it.each([
  ['no header', latin1('x'.repeat(200))],
  ['a name cut short', member('name', {}).subarray(0, 112)],
  ['content cut short', member('f', {}, 'content').subarray(0, 116)],
  ['a way out', concat(member('../f', {}), end)],
  ['a kind that is not', concat(member('f', { mode: 0o070644 }), end)],
])('%s is malformed', (_, archive) => {
  expect(() => cpioVolume(archive, { clock })).toThrow(Malformed)
})
