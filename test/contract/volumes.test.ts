/** One script, many worlds: what a volume owes to whoever serves it, in memory, on the host, and with either under an overlay. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../src/base/bytes.ts'
import { HostVolume } from '../../src/host/volume/host-volume.ts'
import { MemoryVolume } from '../../src/lab/volume/memory-volume.ts'
import type { NewNode, NodeId, Volume } from '../../src/stack/volume.ts'

let folder: string
let now: bigint
const clock = (): bigint => now
beforeEach(() => {
  now = 1_000_000_000_000n
  folder = mkdtempSync(join(tmpdir(), 'netloom-volume-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function hostFolder(): string {
  const root = join(folder, 'root')
  mkdirSync(root, { recursive: true })
  return root
}

const worlds: readonly (readonly [string, () => Volume])[] = [
  ['memory', () => new MemoryVolume({ clock })],
  ['the host', () => new HostVolume({ root: hostFolder(), write: true, clock })],
  ['an overlay on memory', () => new MemoryVolume({ clock, base: new MemoryVolume({ clock }) })],
  ['an overlay on the host', () => new MemoryVolume({ clock, base: new HostVolume({ root: hostFolder(), write: false, clock }) })],
]

const file: NewNode = { kind: 'file', mode: 0o644, uid: 0, gid: 0 }
const dir: NewNode = { kind: 'folder', mode: 0o755, uid: 0, gid: 0 }
const code = (work: () => unknown): string => {
  try {
    work()
    return 'done'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
const text = (volume: Volume, id: NodeId): string => fromLatin1(volume.read(id, 0, 1e6))

describe.each(worlds)('%s', (_, make) => {
  it('keeps what it is given, whoever runs the lab', () => {
    const volume = make()
    const id = volume.create(volume.root, 'f', { kind: 'file', mode: 0o4750, uid: 1234, gid: 99 })
    expect(volume.attributes(id)).toMatchObject({ id, kind: 'file', mode: 0o4750, uid: 1234, gid: 99, links: 1, size: 0 })
    expect(volume.change(id, { mode: 0o000, uid: 7 })).toMatchObject({ mode: 0, uid: 7, gid: 99 })
    volume.write(id, 2, latin1('abc'))
    expect(text(volume, id)).toBe('\0\0abc')
    expect(volume.change(id, { size: 3, accessed: 5n, modified: 6n })).toMatchObject({ size: 3, accessed: 5n, modified: 6n })
    expect(volume.change(id, { size: 5 }).size).toBe(5)
    expect(text(volume, id)).toBe('\0\0a\0\0')
    volume.close()
  })

  it('keeps a file that is held when its last name goes, until it is let go as often', () => {
    const volume = make()
    for (const gone of ['removed', 'replaced'] as const) {
      const id = volume.create(volume.root, gone, file)
      volume.write(id, 0, latin1('old'))
      volume.setXattr(id, 'user.a', latin1('1'))
      volume.hold(id)
      volume.hold(id)
      if (gone === 'removed') volume.remove(volume.root, gone)
      else volume.rename(volume.root, 'other', volume.root, gone)
      volume.create(volume.root, 'other', file)
      expect(volume.attributes(id)).toMatchObject({ id, links: 0, size: 3 })
      volume.write(id, 3, latin1('er'))
      expect([text(volume, id), volume.change(id, { mode: 0o4711, uid: 5, size: 4 })]).toMatchObject(['older', { mode: 0o4711, uid: 5, size: 4, links: 0 }])
      expect(fromLatin1(volume.xattr(id, 'user.a') ?? latin1('none'))).toBe('1')
      expect(code(() => volume.link(id, volume.root, 'again'))).toBe('ENOENT')
      volume.release(id)
      expect(text(volume, id)).toBe('olde')
      volume.release(id)
      expect(code(() => volume.read(id, 0, 1))).toBe('ESTALE')
    }
    expect(volume.list(volume.root)).toEqual(['other', 'replaced'])
    volume.close()
  })

  it('keeps extended attributes, within bounds, with all names of a thing', () => {
    const volume = make()
    const id = volume.create(volume.root, 'f', file)
    expect(volume.xattrs(id)).toEqual([])
    const { changed } = volume.attributes(id)
    volume.setXattr(id, 'user.b', latin1('two'))
    volume.setXattr(id, 'user.\xe9', Uint8Array.of(0, 255))
    volume.setXattr(id, 'user.a', new Uint8Array(0))
    expect(volume.attributes(id).changed).toBeGreaterThan(changed)
    volume.link(id, volume.root, 'g')
    volume.remove(volume.root, 'f')
    const g = volume.lookup(volume.root, 'g')
    expect(volume.xattrs(g)).toEqual(['user.a', 'user.b', 'user.\xe9'])
    expect([volume.xattr(g, 'user.a'), volume.xattr(g, 'user.\xe9'), volume.xattr(g, 'user.c')]).toEqual([new Uint8Array(0), Uint8Array.of(0, 255), undefined])
    volume.setXattr(g, 'user.b', undefined)
    expect(volume.xattrs(g)).toEqual(['user.a', 'user.\xe9'])
    expect(code(() => volume.setXattr(g, 'user.b', undefined))).toBe('ENODATA')
    expect(code(() => volume.setXattr(g, '', latin1('x')))).toBe('EINVAL')
    expect(code(() => volume.setXattr(g, 'user.big', new Uint8Array(65_537)))).toBe('E2BIG')
    for (const each of ['1', '2', '3']) volume.setXattr(g, each, new Uint8Array(65_536))
    expect(code(() => volume.setXattr(g, '4', new Uint8Array(65_536)))).toBe('ENOSPC')
    volume.close()
  })

  it('tells the lab’s time of every change, and never the same twice', () => {
    const volume = make()
    const id = volume.create(volume.root, 'f', file)
    const first = volume.attributes(id)
    volume.write(id, 0, latin1('x'))
    const second = volume.attributes(id)
    expect(second.changed).toBeGreaterThan(first.changed)
    expect(second.modified).toBe(second.changed)
    now += 7_000_000_000n
    volume.create(volume.root, 'g', file)
    const root = volume.attributes(volume.root)
    expect([root.modified >= now, root.modified < now + 1000n, root.changed]).toEqual([true, true, root.modified])
    expect(volume.change(id, { accessed: 'now' }).modified).toBe(second.modified)
    volume.close()
  })

  it('has special files, links of both kinds, and names of any bytes', () => {
    const volume = make()
    for (const kind of ['block', 'character', 'fifo', 'socket'] as const) {
      const id = volume.create(volume.root, kind, { kind, mode: 0o660, uid: 0, gid: 6, major: 8, minor: 300 })
      expect(volume.attributes(id)).toMatchObject({ kind, mode: 0o660, gid: 6, major: 8, minor: 300, size: 0 })
      expect([code(() => volume.read(id, 0, 1)), code(() => volume.write(id, 0, latin1('x')))]).toEqual(['EINVAL', 'EINVAL'])
    }
    const link = volume.create(volume.root, 'link', { kind: 'link', mode: 0o777, uid: 0, gid: 0, target: '../../\xff etc/passwd' })
    expect([volume.target(link), volume.attributes(link).size]).toEqual(['../../\xff etc/passwd', 18])
    const odd = volume.create(volume.root, '\xff\xfe\n', file)
    expect(volume.lookup(volume.root, '\xff\xfe\n')).toBe(odd)
    volume.link(odd, volume.root, 'other')
    expect(volume.lookup(volume.root, 'other')).toBe(odd)
    expect(volume.attributes(odd).links).toBe(2)
    volume.remove(volume.root, '\xff\xfe\n')
    expect(volume.attributes(odd).links).toBe(1)
    expect(volume.list(volume.root)).toEqual(['block', 'character', 'fifo', 'link', 'other', 'socket'])
    volume.close()
  })

  it('refuses what can’t be', () => {
    const volume = make()
    const { root } = volume
    const a = volume.create(root, 'a', dir)
    const f = volume.create(a, 'f', file)
    expect(code(() => volume.lookup(root, 'x'))).toBe('ENOENT')
    expect(code(() => volume.lookup(f, 'x'))).toBe('ENOTDIR')
    expect(code(() => volume.create(root, 'a', file))).toBe('EEXIST')
    expect(code(() => volume.remove(root, 'a'))).toBe('EISDIR')
    expect(code(() => volume.removeFolder(root, 'a'))).toBe('ENOTEMPTY')
    expect(code(() => volume.removeFolder(a, 'f'))).toBe('ENOTDIR')
    expect(code(() => volume.link(a, root, 'b'))).toBe('EISDIR')
    expect(code(() => volume.rename(root, 'a', a, 'b'))).toBe('EINVAL')
    expect(code(() => volume.target(f))).toBe('EINVAL')
    expect(code(() => volume.read(a, 0, 1))).toBe('EISDIR')
    for (const name of ['', '.', '..', 'a/b', 'a\0b']) expect(code(() => volume.create(root, name, file))).toBe('EINVAL')
    expect(code(() => volume.create(root, 'x'.repeat(256), file))).toBe('ENAMETOOLONG')
    expect(volume.list(root)).toEqual(['a'])
    volume.close()
  })

  it('says that what is gone is stale, also when its name is there again', () => {
    const volume = make()
    const { root } = volume
    const first = volume.create(root, 'f', file)
    volume.remove(root, 'f')
    const second = volume.create(root, 'f', file)
    expect(second).not.toBe(first)
    for (const work of [() => volume.attributes(first), () => volume.read(first, 0, 1), () => volume.write(first, 0, latin1('x')), () => volume.link(first, root, 'l')]) expect(code(work)).toBe('ESTALE')
    const folder = volume.create(root, 'd', dir)
    volume.removeFolder(root, 'd')
    expect([code(() => volume.list(folder)), code(() => volume.create(folder, 'x', file))]).toEqual(['ESTALE', 'ESTALE'])
    volume.close()
  })

  it('moves files and folders, with what is in them', () => {
    const volume = make()
    const { root } = volume
    const [a, b] = [volume.create(root, 'a', dir), volume.create(root, 'b', dir)]
    const inner = volume.create(a, 'inner', dir)
    const f = volume.create(inner, 'f', { ...file, uid: 5 })
    volume.write(f, 0, latin1('deep'))
    volume.rename(a, 'inner', b, 'moved')
    expect([volume.lookup(b, 'moved'), volume.parent(inner), volume.lookup(inner, 'f')]).toEqual([inner, b, f])
    expect([volume.attributes(root).links, volume.attributes(a).links, volume.attributes(b).links]).toEqual([4, 2, 3])
    expect([text(volume, f), volume.attributes(f).uid]).toEqual(['deep', 5])
    const g = volume.create(root, 'g', file)
    volume.rename(inner, 'f', root, 'g')
    expect([volume.lookup(root, 'g'), code(() => volume.attributes(g)), volume.list(inner)]).toEqual([f, 'ESTALE', []])
    volume.rename(root, 'a', b, 'moved')
    expect([code(() => volume.attributes(inner)), volume.parent(a)]).toEqual(['ESTALE', b])
    volume.close()
  })

  it('takes and gives bytes across its pages', () => {
    const volume = make()
    const id = volume.create(volume.root, 'f', file)
    const want = new Uint8Array(100_000)
    for (const [at, length] of [[0, 10], [16_380, 8], [50_000, 40_000], [16_384, 16_384], [99_999, 1]]) {
      const bytes = Uint8Array.from({ length }, (_each, index) => (at + index * 7) & 0xff)
      want.set(bytes, at)
      volume.write(id, at, bytes)
    }
    expect(volume.attributes(id).size).toBe(100_000)
    expect(volume.read(id, 0, 1e6)).toEqual(want)
    expect(volume.read(id, 16_383, 3)).toEqual(want.subarray(16_383, 16_386))
    expect(volume.read(id, 100_000, 3).length).toBe(0)
    volume.close()
  })
})

describe('an overlay', () => {
  it('never changes what it lies over', () => {
    const root = hostFolder()
    writeFileSync(join(root, 'f'), 'base')
    mkdirSync(join(root, 'd'))
    writeFileSync(join(root, 'd', 'inner'), 'inner')
    symlinkSync('f', join(root, 'l'))
    const base = (): HostVolume => new HostVolume({ root, write: false, clock })
    const volume = new MemoryVolume({ clock, base: base() })
    const f = volume.lookup(volume.root, 'f')
    volume.write(f, 1, latin1('U'))
    expect(text(volume, f)).toBe('bUse')
    const d = volume.lookup(volume.root, 'd')
    volume.remove(d, 'inner')
    volume.removeFolder(volume.root, 'd')
    volume.rename(volume.root, 'l', volume.root, 'm')
    volume.create(volume.root, 'd', file)
    expect(volume.list(volume.root)).toEqual(['d', 'f', 'm'])
    volume.close()
    const below = base()
    expect(below.list(below.root)).toEqual(['d', 'f', 'l'])
    expect(text(below, below.lookup(below.root, 'f'))).toBe('base')
    expect(below.list(below.lookup(below.root, 'd'))).toEqual(['inner'])
    below.close()
  })

  it('is full when it is', () => {
    const volume = new MemoryVolume({ clock, limitBytes: 100_000 })
    const id = volume.create(volume.root, 'f', file)
    expect(code(() => volume.write(id, 0, new Uint8Array(200_000)))).toBe('ENOSPC')
    expect(code(() => volume.write(id, 2 ** 40, latin1('x')))).toBe('done')
    let made = 0
    while (code(() => volume.create(volume.root, `n${made}`, file)) === 'done') made++
    expect(made).toBeLessThan(200)
    expect(volume.space().freeNodes).toBeLessThan(2)
    volume.close()
  })
})
