import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync, linkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../../src/base/bytes.ts'
import { HostVolume } from '../../../src/host/volume/host-volume.ts'
import type { NodeId } from '../../../src/stack/volume.ts'

let folder: string
let root: string
let now = 5_000_000_000n
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-host-volume-'))
  root = join(folder, 'root')
  mkdirSync(root)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = (write = true): HostVolume => new HostVolume({ root, write, clock: () => now })
const file = { kind: 'file', mode: 0o644, uid: 0, gid: 0 } as const
const dir = { kind: 'folder', mode: 0o755, uid: 0, gid: 0 } as const
const code = (work: () => unknown): string => {
  try {
    work()
    return 'done'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

const numbers = (names: readonly string[]): Record<string, NodeId> => {
  for (const name of names) writeFileSync(join(root, name), '')
  const volume = open(false)
  const found = Object.fromEntries(volume.list(volume.root).map((name) => [name, volume.lookup(volume.root, name)]))
  volume.close()
  for (const name of names) rmSync(join(root, name))
  return found
}

describe('what is on the host', () => {
  it('is shown as root’s, with the host’s mode and time', () => {
    writeFileSync(join(root, 'f'), 'abc')
    chmodSync(join(root, 'f'), 0o640)
    utimesSync(join(root, 'f'), 1000, 2000)
    const volume = open(false)
    expect(volume.attributes(volume.lookup(volume.root, 'f'))).toMatchObject({ kind: 'file', mode: 0o640, uid: 0, gid: 0, size: 3, links: 1, accessed: 2_000_000_000_000n, modified: 2_000_000_000_000n, changed: 2_000_000_000_000n })
    volume.close()
  })

  it('has numbers that come from names, not from inodes', () => {
    expect(numbers(['a', 'b', 'c'])).toEqual(numbers(['c', 'b', 'a']))
  })

  it('is never changed in owner, set-id bits or kind, and stays its user’s to read', () => {
    const volume = open()
    const id = volume.create(volume.root, 'su', { kind: 'file', mode: 0o4000, uid: 1, gid: 2 })
    volume.create(volume.root, 'sda', { kind: 'block', mode: 0o660, uid: 0, gid: 6, major: 8, minor: 0 })
    volume.change(id, { mode: 0o6000, uid: 3 })
    const stats = statSync(join(root, 'su'))
    expect([stats.mode & 0o7777, stats.uid]).toEqual([0o600, process.getuid?.()])
    expect(statSync(join(root, 'sda')).isFile()).toBe(true)
    volume.close()
  })

  it('gets the lab’s times when the lab is done', () => {
    const volume = open()
    const id = volume.create(volume.root, 'f', file)
    now = 9_000_000_000n
    volume.write(id, 0, latin1('x'))
    volume.close()
    expect(statSync(join(root, 'f')).mtimeMs).toBeCloseTo(9000, 1)
    now = 5_000_000_000n
  })

  it('shows what its user changes meanwhile', () => {
    const volume = open()
    const id = volume.create(volume.root, 'f', file)
    volume.write(id, 0, latin1('x'))
    volume.attributes(id)
    appendFileSync(join(root, 'f'), 'yz')
    utimesSync(join(root, 'f'), 3000, 3000)
    expect(volume.attributes(id)).toMatchObject({ size: 3, modified: 3_000_000_000_000n })
    expect(fromLatin1(volume.read(id, 0, 9))).toBe('xyz')
    renameSync(join(root, 'f'), join(root, 'g'))
    writeFileSync(join(root, 'f'), 'another')
    expect(code(() => volume.attributes(id))).toBe('ESTALE')
    expect(volume.lookup(volume.root, 'f')).not.toBe(id)
    volume.close()
  })
})

describe('a restart', () => {
  it('keeps numbers, owners, devices and links, of what was made, moved and linked', () => {
    mkdirSync(join(root, 'old'))
    writeFileSync(join(root, 'old', 'f'), 'f')
    const before = open()
    const old = before.lookup(before.root, 'old')
    const f = before.lookup(old, 'f')
    const made = before.create(old, 'made', { kind: 'file', mode: 0o4755, uid: 9, gid: 8 })
    const tty = before.create(before.root, 'tty', { kind: 'character', mode: 0o620, uid: 0, gid: 5, major: 4, minor: 64 })
    const deep = before.create(old, 'deep', dir)
    const inner = before.create(deep, 'inner', file)
    before.link(made, before.root, 'second')
    before.rename(before.root, 'old', before.root, 'new')
    before.rename(before.root, 'tty', old, 'tty')
    before.close()
    const volume = open()
    expect(volume.attributes(made)).toMatchObject({ id: made, mode: 0o4755, uid: 9, gid: 8, links: 2 })
    expect(volume.attributes(tty)).toMatchObject({ kind: 'character', mode: 0o620, gid: 5, major: 4, minor: 64 })
    expect(volume.attributes(f)).toMatchObject({ id: f, kind: 'file', size: 1 })
    expect([volume.lookup(volume.root, 'new'), volume.lookup(volume.root, 'second'), volume.parent(deep), volume.lookup(deep, 'inner')]).toEqual([old, made, old, inner])
    expect(volume.attributes(inner).id).toBe(inner)
    volume.close()
  })

  it('says of what is gone that it is stale', () => {
    writeFileSync(join(root, 'f'), '')
    const before = open()
    const [f, g] = [before.lookup(before.root, 'f'), before.create(before.root, 'g', file)]
    before.remove(before.root, 'g')
    const again = before.create(before.root, 'g', file)
    before.close()
    rmSync(join(root, 'f'))
    const volume = open()
    expect([code(() => volume.attributes(f)), code(() => volume.attributes(g)), volume.attributes(again).id]).toEqual(['ESTALE', 'ESTALE', again])
    volume.close()
  })

  it('forgives a half-written line, and nothing else', () => {
    const before = open()
    before.create(before.root, 'f', { ...file, uid: 7 })
    before.close()
    appendFileSync(`${root}.netloom`, '["set","f",{"ui')
    const volume = open()
    expect(volume.attributes(volume.lookup(volume.root, 'f')).uid).toBe(7)
    volume.create(volume.root, 'g', { ...file, uid: 8 })
    volume.close()
    const third = open()
    expect(third.attributes(third.lookup(third.root, 'g')).uid).toBe(8)
    third.close()
    writeFileSync(`${root}.netloom`, 'something else\n')
    expect(() => open()).toThrow(/is no ledger of a volume/)
  })

  it('read-only leaves no trace', () => {
    open(false).close()
    expect(existsSync(`${root}.netloom`)).toBe(false)
  })
})

describe('the way out', () => {
  it('is not found through symbolic links, which are only text here', () => {
    writeFileSync(join(folder, 'secret'), 'secret')
    symlinkSync('../secret', join(root, 'l'))
    symlinkSync('..', join(root, 'up'))
    const volume = open()
    const [l, up] = [volume.lookup(volume.root, 'l'), volume.lookup(volume.root, 'up')]
    expect([volume.attributes(l).kind, volume.target(l), volume.target(up)]).toEqual(['link', '../secret', '..'])
    expect([code(() => volume.read(l, 0, 9)), code(() => volume.lookup(up, 'secret')), code(() => volume.write(l, 0, latin1('x'))), code(() => volume.create(up, 'x', file)), code(() => volume.change(l, { size: 0 }))]).toEqual(['EINVAL', 'ENOTDIR', 'EINVAL', 'ENOTDIR', 'EINVAL'])
    volume.change(l, { mode: 0o600, modified: 1n })
    expect([readFileSync(join(folder, 'secret'), 'utf8'), existsSync(join(folder, 'x')), statSync(join(folder, 'secret')).mtimeMs > 1000]).toEqual(['secret', false, true])
    volume.close()
  })

  it('is not found by putting a link in the place of a folder or a file', () => {
    mkdirSync(join(folder, 'outside'))
    writeFileSync(join(folder, 'outside', 'f'), 'secret')
    const volume = open()
    const d = volume.create(volume.root, 'd', dir)
    const f = volume.create(d, 'f', file)
    volume.write(f, 0, latin1('mine'))
    rmSync(join(root, 'd'), { recursive: true })
    symlinkSync(join(folder, 'outside'), join(root, 'd'))
    // The descriptors that are held are the old, removed things; a fresh walk finds the link.
    expect(['ESTALE', 'ENOENT']).toContain(code(() => volume.attributes(f)))
    expect(['ESTALE', 'ENOENT']).toContain(code(() => volume.create(d, 'new', file)))
    expect(existsSync(join(folder, 'outside', 'new'))).toBe(false)
    expect(volume.attributes(volume.lookup(volume.root, 'd')).kind).toBe('link')
    volume.close()
  })

  it('hard links of the host are one thing', () => {
    writeFileSync(join(root, 'a'), 'x')
    linkSync(join(root, 'a'), join(root, 'b'))
    const volume = open()
    const [a, b] = [volume.lookup(volume.root, 'a'), volume.lookup(volume.root, 'b')]
    expect([a, volume.attributes(a).links]).toEqual([b, 2])
    volume.remove(volume.root, 'a')
    expect([volume.attributes(b).links, fromLatin1(volume.read(b, 0, 9))]).toEqual([1, 'x'])
    volume.close()
  })
})
