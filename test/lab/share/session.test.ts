import { describe, expect, it } from 'vitest'
import { concat, latin1, unhex } from '../../../src/base/bytes.ts'
import { Malformed } from '../../../src/base/errors.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { ShareSession } from '../../../src/lab/share/session.ts'
import { MemoryVolume } from '../../../src/lab/volume/memory-volume.ts'
import * as ninep from '../../../src/wire/9p.ts'
import { Client, errno, mounted } from './client.ts'

const fresh = (): Client => new Client(new ShareSession(new MemoryVolume({ clock: () => 1n }), false))
const attach = { fid: 0, authFid: ninep.noFid, user: 'root', tree: '', uid: 0 }

describe('a share’s session', () => {
  it('agrees on a version and the smaller of two message sizes, byte for byte', () => {
    const { server } = fresh()
    const request = concat(unhex('15000000 64 ffff 00000080 0800'), latin1('9P2000.L'))
    expect(concat(...server.serve(request, 500))).toEqual(concat(unhex('15000000 65 ffff 00000800 0800'), latin1('9P2000.L')))
  })

  it('says unknown to other dialects, refuses tiny messages, and everything before a version', () => {
    const client = fresh()
    expect(client.ask('version', { msize: 8192, version: '9P2000.u' })).toEqual({ msize: 8192, version: 'unknown' })
    expect(client.code('version', { msize: 4095, version: ninep.version })).toBe(errno.EINVAL)
    expect(client.code('attach', attach)).toBe(errno.EPROTO)
  })

  it('forgets all fids with a new version', () => {
    const { client } = mounted()
    client.ask('version', { msize: 8192, version: ninep.version })
    expect(client.code('getattr', { fid: 0, mask: 0 })).toBe(errno.EBADF)
  })

  it('attaches at the root or a folder in it, asks nobody to prove anything, and gives a fid once', () => {
    const { client } = mounted()
    client.ask('mkdir', { fid: 0, name: 'sub', mode: 0o755, gid: 0 })
    expect(client.ask('attach', { ...attach, fid: 1, tree: '/sub' }).qid.type).toBe(0x80)
    expect(client.code('attach', { ...attach, fid: 2, tree: '/../etc' })).toBe(errno.EEXIST)
    expect(client.code('attach', { ...attach, fid: 2, tree: '/none' })).toBe(errno.ENOENT)
    expect(client.code('attach', attach)).toBe(errno.EBADF)
    expect(client.code('auth', { authFid: 5, user: '', tree: '', uid: 0 })).toBe(errno.EOPNOTSUPP)
    expect(client.code('attach', { ...attach, fid: 2, authFid: 5 })).toBe(errno.EOPNOTSUPP)
  })

  it('walks names, tells how far it came, and never leaves the root', () => {
    const { client, volume } = mounted()
    client.ask('mkdir', { fid: 0, name: 'a', mode: 0o755, gid: 0 })
    client.ask('mkdir', { fid: client.walk('a'), name: 'b', mode: 0o755, gid: 0 })
    expect(client.ask('walk', { fid: 0, newFid: 1, names: ['a', 'b', '..', '..', '..', '..'] }).qids.map(({ path }) => path).slice(3)).toEqual([volume.root, volume.root, volume.root])
    expect(client.ask('walk', { fid: 0, newFid: 2, names: ['a', 'none', 'b'] }).qids.length).toBe(1)
    expect(client.code('getattr', { fid: 2, mask: 0 })).toBe(errno.EBADF)
    expect(client.code('walk', { fid: 0, newFid: 2, names: ['none'] })).toBe(errno.ENOENT)
    expect(client.code('walk', { fid: 0, newFid: 2, names: ['a/b'] })).toBe(errno.EINVAL)
    expect(client.code('walk', { fid: 0, newFid: 2, names: ['n'.repeat(256)] })).toBe(errno.ENAMETOOLONG)
    expect(client.code('walk', { fid: 0, newFid: 1, names: [] })).toBe(errno.EBADF)
    expect(client.code('walk', { fid: client.create('f'), newFid: 3, names: ['x'] })).toBe(errno.ENOTDIR)
    expect(client.ask('walk', { fid: 1, newFid: 1, names: ['a'] }).qids.length).toBe(1)
  })

  it('answers a flush at once, and what it doesn’t know as not supported', () => {
    const { client, session } = mounted()
    expect(client.ask('flush', { oldTag: 3 })).toEqual({})
    expect(concat(...session.serve(unhex('07000000 63 0500'), 64))).toEqual(unhex('0b000000 07 0500 5f000000'))
  })

  it('refuses messages that are longer than agreed, longer than they are, or make no sense', () => {
    const { client, session } = mounted()
    const answer = (bytes: Uint8Array, room = 4096): Uint8Array => concat(...session.serve(bytes, room))
    expect(ninep.parseReply(answer(concat(unhex('01000100'), ninep.build('clunk', 1, { fid: 1 }).subarray(4))))).toMatchObject({ message: 'lerror', code: errno.EMSGSIZE })
    expect(ninep.parseReply(answer(unhex('08000000 78 0100 00')))).toMatchObject({ message: 'lerror', code: errno.EPROTO })
    expect(() => session.serve(unhex('0700'), 64)).toThrow(Malformed)
    expect(() => session.serve(ninep.build('clunk', 1, { fid: 1 }), 10)).toThrow('10 bytes of room')
    expect(client.ask('getattr', { fid: 0, mask: 0 }, 100).code).toBe(errno.EMSGSIZE)
  })

  it('gives out 65,536 fids and no more', () => {
    const { client } = mounted()
    for (let fid = 1; fid < 65_536; fid++) client.ask('walk', { fid: 0, newFid: fid, names: [] })
    expect(client.code('walk', { fid: 0, newFid: 99_999, names: [] })).toBe(errno.ENFILE)
    client.ask('clunk', { fid: 5 })
    expect(client.code('walk', { fid: 0, newFid: 99_999, names: [] })).toBeUndefined()
  })

  it('keeps fids, open files, listings and locks over save and load', () => {
    const { client, volume, session } = mounted({ uid: 7 })
    const file = client.create('f')
    client.ask('write', { fid: file, offset: 0, data: latin1('text') })
    client.ask('unlinkat', { fid: 0, name: 'f', flags: 0 })
    client.ask('lock', { fid: file, kind: 1, flags: 0, start: 0, length: 0, process: 1, client: 'guest' })
    const attribute = client.walk()
    client.ask('xattrcreate', { fid: attribute, name: 'user.x', size: 2, flags: 0 })
    const other = new ShareSession(volume, false)
    other.load(structuredClone(session.save()))
    const again = new Client(other)
    session.reset()
    expect(again.read(file)).toBe('text')
    expect(again.ask('getlock', { fid: file, kind: 1, start: 5, length: 1, process: 2, client: 'guest' })).toMatchObject({ kind: 1, start: 0, length: 0, process: 1 })
    again.ask('write', { fid: attribute, offset: 0, data: latin1('xy') })
    expect(again.code('clunk', { fid: attribute })).toBeUndefined()
    expect(volume.xattr(volume.root, 'user.x')).toEqual(latin1('xy'))
    again.ask('clunk', { fid: file })
    expect(other.save().fids.map(([number]) => number)).toEqual([0])
  })

  it('answers whatever a guest sends, and stays within bounds', () => {
    const random = new SeededRandom('guest')
    const { session, volume } = mounted()
    const numbers = Object.values(ninep.requests).map(([number]) => number).filter((number) => number !== 100)
    for (let round = 0; round < 20_000; round++) {
      const bytes = random.bytes(7 + random.below(60))
      bytes.set([bytes.length, 0, 0, 0, numbers[random.below(numbers.length)]])
      // Small numbers and short texts, so that much of it means something.
      for (let at = 7; at < bytes.length; at++) if (random.below(4) > 0) bytes[at] = random.below(3)
      const reply = ninep.parseReply(concat(...session.serve(bytes, 4096)))
      expect(reply.tag).toBe(bytes[5] | (bytes[6] << 8))
    }
    session.reset()
    expect(volume.attributes(volume.root).kind).toBe('folder')
  })
})
