import { describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/bytes.ts'
import type { Client } from './client.ts'
import { errno, mounted } from './client.ts'

function opened(client: Client, path = '', flags = 0): number {
  const fid = client.walk(path)
  const { code } = client.ask('lopen', { fid, flags })
  if (code !== undefined) throw new Error(`open ${path}: ${code}`)
  return fid
}

describe('what a guest sees of a share', () => {
  it('opens files and folders, and nothing else', () => {
    const { client, volume } = mounted()
    for (const kind of ['file', 'folder', 'link', 'fifo'] as const) volume.create(volume.root, kind, { kind, mode: 0o755, uid: 0, gid: 0, target: 'file' })
    const open = (path: string, flags: number): number | undefined => client.code('lopen', { fid: client.walk(path), flags })
    expect([open('file', 2), open('folder', 0o200000), open('folder', 1), open('file', 0o200000), open('link', 0), open('fifo', 0)]).toEqual([undefined, undefined, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, 6])
    const fid = opened(client, 'file')
    expect(client.ask('lopen', { fid: client.walk('file'), flags: 0 })).toMatchObject({ qid: { type: 0 }, iounit: 65_512 })
    expect([client.code('lopen', { fid, flags: 0 }), client.code('walk', { fid, newFid: fid, names: [] })]).toEqual([errno.EBUSY, errno.EBUSY])
  })

  it('reads as much as a message and the room for it take', () => {
    const { client, volume } = mounted()
    volume.write(volume.create(volume.root, 'f', { kind: 'file', mode: 0o644, uid: 0, gid: 0 }), 0, new Uint8Array(100_000).fill(7))
    const fid = opened(client, 'f')
    const length = (offset: number, count: number, room?: number): number => client.ask('read', { fid, offset, count }, room).data.length
    expect([length(0, 100_000), length(99_990, 4096), length(200_000, 1), length(2 ** 60, 9), length(0, 4096, 111)]).toEqual([65_512, 10, 0, 0, 100])
    expect(client.code('read', { fid: 0, offset: 0, count: 1 })).toBe(errno.EBADF)
  })

  it('lists a folder in pieces, with . and .., and misses nothing that stays while names go and come', () => {
    const { client, volume } = mounted()
    const names = Array.from({ length: 300 }, (_, at) => `name-${String(at).padStart(3, '0')}`)
    for (const name of names) volume.create(volume.root, name, { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    const fid = opened(client)
    expect(client.names(fid, 200)).toEqual(['.', '..', ...names])
    expect(client.names(fid, 5000, 150)).toEqual(names.slice(148))
    const first = client.ask('readdir', { fid, offset: 0, count: 24 + 25 + 3 * 32 + 31 }).data
    expect(first.length).toBe(25 + 26 + 3 * 32)
    for (const name of ['name-000', 'name-002', 'name-003']) volume.remove(volume.root, name)
    volume.create(volume.root, 'aaa', { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    expect(client.names(fid, 4096, 5)).toEqual(names.slice(4))
    expect(client.code('readdir', { fid, offset: 0, count: 10 })).toBe(errno.EINVAL)
    expect(client.code('readdir', { fid: 0, offset: 0, count: 100 })).toBe(errno.EBADF)
  })

  it('tells the space of the volume', () => {
    expect(mounted().client.ask('statfs', { fid: 0 })).toMatchObject({ type: 0x0102_1997, blockSize: 4096, blocks: 131_072, nameLength: 255 })
  })

  it('gives a changed file another version, so that caches see it', () => {
    const { client } = mounted()
    const fid = client.create('f')
    const before = client.attributes(fid).qid
    client.ask('write', { fid, offset: 0, data: latin1('x') })
    expect(client.attributes(fid).qid).toMatchObject({ path: before.path, type: 0 })
    expect(client.attributes(fid).qid.version).not.toBe(before.version)
  })

  it('locks ranges between processes, and lets go with the fid', () => {
    const { client } = mounted()
    const fid = client.create('f')
    const other = opened(client, 'f', 2)
    const lock = (through: number, process: number, kind: number, start: number, length: number): number => client.ask('lock', { fid: through, kind, flags: 0, start, length, process, client: 'guest' }).status
    const test = (process: number, kind: number, start: number, length: number): unknown => {
      const { kind: found, start: at, length: bytes, process: owner } = client.ask('getlock', { fid: other, kind, start, length, process, client: 'guest' })
      return found === 2 ? 'free' : [found, at, bytes, owner]
    }
    expect([lock(fid, 1, 1, 10, 10), lock(other, 2, 0, 19, 1), lock(other, 2, 0, 20, 0)]).toEqual([0, 1, 0])
    expect([lock(fid, 1, 0, 12, 3), test(2, 1, 0, 11), test(2, 0, 12, 3), test(2, 1, 12, 3)]).toEqual([0, [1, 10, 2, 1], 'free', [0, 12, 3, 1]])
    expect([lock(fid, 1, 2, 0, 0), test(2, 1, 0, 0)]).toEqual([0, 'free'])
    expect(test(1, 1, 0, 0)).toEqual([0, 20, 0, 2])
    client.ask('clunk', { fid: other })
    expect(lock(fid, 1, 1, 0, 0)).toBe(0)
    expect(client.code('lock', { fid, kind: 3, flags: 0, start: 0, length: 0, process: 1, client: '' })).toBe(errno.EINVAL)
    expect(client.code('lock', { fid: 0, kind: 1, flags: 0, start: 0, length: 0, process: 1, client: '' })).toBe(errno.EBADF)
  })
})
