import { describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/bytes.ts'
import { errno, mounted } from './client.ts'

const nothing = { mode: 0, uid: 0, gid: 0, size: 0, accessed: 0, accessedNs: 0, modified: 0, modifiedNs: 0 }

describe('what a guest changes on a share', () => {
  it('creates and opens at once, as the one who attached, and says what is there already', () => {
    const { client } = mounted({ uid: 1001 })
    const fid = client.create('f', { mode: 0o100640, gid: 50 })
    expect(client.attributes(fid)).toMatchObject({ mode: 0o100640, uid: 1001, gid: 50, links: 1, size: 0 })
    expect(client.ask('write', { fid, offset: 1, data: latin1('ab') })).toEqual({ count: 2 })
    expect(client.read(fid)).toBe('\0ab')
    expect(client.code('lcreate', { fid: client.walk(), name: 'f', flags: 0o202, mode: 0o644, gid: 0 })).toBe(errno.EEXIST)
    expect(client.read(client.create('f', { flags: 0o1002 }))).toBe('')
    expect(client.code('lcreate', { fid, name: 'x', flags: 2, mode: 0o644, gid: 0 })).toBe(errno.EBUSY)
    for (const name of ['.', '..']) expect(client.code('mkdir', { fid: 0, name, mode: 0o755, gid: 0 })).toBe(errno.EEXIST)
    expect(client.code('mkdir', { fid: 0, name: '', mode: 0o755, gid: 0 })).toBe(errno.ENOENT)
    expect(client.code('mkdir', { fid: client.walk('f'), name: 'x', mode: 0o755, gid: 0 })).toBe(errno.ENOTDIR)
  })

  it('makes folders, links and special files; a set-gid folder gives its group', () => {
    const { client } = mounted()
    client.ask('mkdir', { fid: 0, name: 'd', mode: 0o42775, gid: 77 })
    expect(client.attributes(client.walk('d'))).toMatchObject({ mode: 0o42775, gid: 77, links: 2 })
    client.ask('mkdir', { fid: client.walk('d'), name: 'e', mode: 0o755, gid: 5 })
    expect(client.attributes(client.walk('d/e'))).toMatchObject({ mode: 0o42755, gid: 77 })
    expect(client.attributes(client.create('f', { folder: 'd', gid: 5 })).gid).toBe(77)
    expect(client.ask('symlink', { fid: 0, name: 's', target: '/etc/../x', gid: 3 }).qid.type).toBe(2)
    expect(client.ask('readlink', { fid: client.walk('s') })).toEqual({ target: '/etc/../x' })
    client.ask('mknod', { fid: 0, name: 'b', mode: 0o060660, major: 8, minor: 300, gid: 6 })
    expect(client.attributes(client.walk('b'))).toMatchObject({ mode: 0o060660, gid: 6, device: 0x0010_082c })
    expect(client.code('mknod', { fid: 0, name: 'x', mode: 0o120777, major: 0, minor: 0, gid: 0 })).toBe(errno.EINVAL)
    expect(client.code('symlink', { fid: 0, name: 'x', target: 'x'.repeat(4096), gid: 0 })).toBe(errno.ENAMETOOLONG)
    client.ask('link', { folder: 0, fid: client.walk('d/f'), name: 'hard' })
    expect(client.attributes(client.walk('hard')).links).toBe(2)
    expect(client.code('link', { folder: 0, fid: client.walk('d'), name: 'folder' })).toBe(1)
  })

  it('renames in both ways, and fids follow their names', () => {
    const { client } = mounted()
    client.ask('mkdir', { fid: 0, name: 'd', mode: 0o755, gid: 0 })
    client.ask('clunk', { fid: client.create('f') })
    const [folder, file] = [client.walk('d'), client.walk('f')]
    expect(client.ask('renameat', { fid: 0, name: 'f', folder, newName: 'g' })).toEqual({})
    expect(client.ask('rename', { fid: file, folder: 0, name: 'h' })).toEqual({})
    expect(client.names(openFolder(client, 0))).toEqual(['.', '..', 'd', 'h'])
    expect(client.ask('remove', { fid: file })).toEqual({})
    expect(client.code('getattr', { fid: file, mask: 0 })).toBe(errno.EBADF)
    expect(client.code('renameat', { fid: 0, name: 'd', folder, newName: 'below' })).toBe(errno.EINVAL)
    expect(client.code('rename', { fid: 0, folder, name: 'root' })).toBe(errno.EBUSY)
  })

  it('removes names, and keeps what is open until it is clunked', () => {
    const { client } = mounted()
    const fid = client.create('f')
    client.ask('write', { fid, offset: 0, data: latin1('still') })
    expect(client.ask('unlinkat', { fid: 0, name: 'f', flags: 0 })).toEqual({})
    expect([client.read(fid), client.attributes(fid).links]).toEqual(['still', 0])
    client.ask('clunk', { fid })
    client.ask('mkdir', { fid: 0, name: 'd', mode: 0o755, gid: 0 })
    expect(client.code('unlinkat', { fid: 0, name: 'd', flags: 0 })).toBe(errno.EISDIR)
    client.create('x', { folder: 'd' })
    expect(client.code('unlinkat', { fid: 0, name: 'd', flags: 0x200 })).toBe(errno.ENOTEMPTY)
    const folder = client.walk('d')
    expect(client.code('remove', { fid: folder })).toBe(errno.ENOTEMPTY)
    expect(client.code('clunk', { fid: folder })).toBe(errno.EBADF)
  })

  it('sets just what is valid; a time that is not given is the lab’s', () => {
    const { client } = mounted()
    const fid = client.create('f', { mode: 0o644 })
    client.ask('setattr', { ...nothing, fid, valid: 0x1, mode: 0o104711, uid: 9 })
    expect(client.attributes(fid)).toMatchObject({ mode: 0o104711, uid: 0 })
    client.ask('setattr', { ...nothing, fid, valid: 0x2 | 0x4 | 0x8, uid: 3, gid: 4, size: 6 })
    expect(client.attributes(fid)).toMatchObject({ uid: 3, gid: 4, size: 6 })
    client.ask('setattr', { ...nothing, fid, valid: 0x10 | 0x80 | 0x20, accessed: -5, accessedNs: 6, modified: 1 })
    expect(client.attributes(fid)).toMatchObject({ accessed: -5, accessedNs: 6, modified: 1000 })
    expect(client.code('setattr', { ...nothing, fid, valid: 0x20 | 0x100, modifiedNs: 1e9 })).toBe(errno.EINVAL)
    expect(client.code('setattr', { ...nothing, fid: 0, valid: 0x8 })).toBe(errno.EISDIR)
  })

  it('appends, and takes set-id bits from what somebody else than root writes to', () => {
    const { client } = mounted({ uid: 1001 })
    const fid = client.create('f', { flags: 0o2001, mode: 0o6755 })
    client.ask('write', { fid, offset: 0, data: latin1('one') })
    client.ask('write', { fid, offset: 0, data: latin1('two') })
    expect(client.attributes(fid)).toMatchObject({ size: 6, mode: 0o100755 })
    expect(client.code('read', { fid, offset: 0, count: 1 })).toBe(errno.EBADF)
  })

  it('writes attributes whole, when they are clunked, and takes them away', () => {
    const { client, volume } = mounted()
    const put = (name: string, size: number, flags: number, value: string): number | undefined => {
      const fid = client.walk()
      const code = client.code('xattrcreate', { fid, name, size, flags })
      if (code !== undefined) return code
      if (value !== '') client.ask('write', { fid, offset: 0, data: latin1(value) })
      return client.code('clunk', { fid })
    }
    expect([put('user.a', 3, 0, 'abc'), put('user.b', 0, 1, ''), put('user.c', 3, 0, 'ab')]).toEqual([undefined, undefined, 5])
    expect(volume.xattrs(volume.root)).toEqual(['user.a', 'user.b'])
    expect([put('user.a', 1, 1, 'x'), put('user.c', 1, 2, 'x'), put('user.d', 65_537, 0, '')]).toEqual([errno.EEXIST, errno.ENODATA, errno.E2BIG])
    const fid = client.walk()
    expect(client.ask('xattrwalk', { fid: 0, newFid: 1, name: '' })).toEqual({ size: 14 })
    expect(client.read(1)).toBe('user.a\0user.b\0')
    expect(client.ask('xattrwalk', { fid: 0, newFid: 2, name: 'user.a' })).toEqual({ size: 3 })
    expect(client.read(2, 1)).toBe('bc')
    expect([client.read(2, 9), client.code('xattrwalk', { fid: 0, newFid: 3, name: 'user.z' })]).toEqual(['', errno.ENODATA])
    client.ask('xattrcreate', { fid, name: 'user.e', size: 2, flags: 0 })
    expect(client.code('write', { fid, offset: 1, data: latin1('xy') })).toBe(errno.ENOSPC)
    expect(put('user.a', 0, 2, '')).toBeUndefined()
    expect(volume.xattrs(volume.root)).toEqual(['user.b'])
  })

  it('changes nothing on a share that is only read', () => {
    const { client, volume } = mounted({ readOnly: true })
    const file = volume.create(volume.root, 'f', { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    volume.write(file, 0, latin1('read me'))
    const codes = [
      client.code('lopen', { fid: client.walk('f'), flags: 2 }), client.code('lopen', { fid: client.walk('f'), flags: 0o1000 }),
      client.code('lcreate', { fid: client.walk(), name: 'g', flags: 0, mode: 0, gid: 0 }), client.code('mkdir', { fid: 0, name: 'g', mode: 0, gid: 0 }),
      client.code('symlink', { fid: 0, name: 'g', target: 'x', gid: 0 }), client.code('mknod', { fid: 0, name: 'g', mode: 0, major: 0, minor: 0, gid: 0 }),
      client.code('link', { folder: 0, fid: client.walk('f'), name: 'g' }), client.code('renameat', { fid: 0, name: 'f', folder: 0, newName: 'g' }),
      client.code('rename', { fid: client.walk('f'), folder: 0, name: 'g' }), client.code('unlinkat', { fid: 0, name: 'f', flags: 0 }),
      client.code('remove', { fid: client.walk('f') }), client.code('setattr', { ...nothing, fid: client.walk('f'), valid: 1 }),
      client.code('xattrcreate', { fid: client.walk('f'), name: 'user.x', size: 0, flags: 0 }),
    ]
    expect(codes).toEqual(codes.map(() => errno.EROFS))
    const fid = client.walk('f')
    client.ask('lopen', { fid, flags: 0 })
    expect([client.read(fid), client.code('write', { fid, offset: 0, data: latin1('x') }), client.code('fsync', { fid, dataOnly: 0 })]).toEqual(['read me', errno.EBADF, undefined])
  })
})

function openFolder(client: ReturnType<typeof mounted>['client'], from: number): number {
  const fid = client.walk('', from)
  client.ask('lopen', { fid, flags: 0o200000 })
  return fid
}
