import { describe, expect, it } from 'vitest'
import { hex, latin1 } from '../../../src/base/bytes.ts'
import { after, cacheData, Client, nfsBench, sattr, type NfsBench } from './bench.ts'

function open(more: object = {}, who = {}): { bench: NfsBench; client: Client; root: Uint8Array } {
  const bench = nfsBench({ exports: { '/srv': { path: './x', write: true, squash: 'none', ...more } } })
  const client = new Client(bench, who)
  return { bench, client, root: client.mount('/srv') }
}

describe('attributes', () => {
  it('of a fresh file are its maker’s', () => {
    const { client, root } = open({}, { uid: 7, gid: 8 })
    const { status } = client.setattr(root, { mode: 0o777 })
    expect(status).toBe(1)
    expect(client.getattr(root)).toMatchObject({ type: 2, mode: 0o755, links: 2, uid: 0, gid: 0 })
  })

  it('are set, and the time of the change with them', () => {
    const { bench, client, root } = open()
    const file = client.create(root, 'f', { mode: 0o600 })
    expect(client.getattr(file)).toMatchObject({ type: 1, mode: 0o600, links: 1, uid: 0, gid: 0, size: 0, used: 0, modified: 1_767_225_600 })
    bench.wait(5e9)
    const { status, xdr } = client.setattr(file, { mode: 0o4755, uid: 3, gid: 4, size: 10, accessed: 100, modified: 'server' })
    expect(status).toBe(0)
    const data = cacheData(xdr)
    expect(data.before).toMatchObject({ size: 0, modified: 1_767_225_600 })
    expect(data.after).toMatchObject({ mode: 0o755, uid: 3, gid: 4, size: 10, used: 4096, accessed: 100, modified: 1_767_225_605 })
    expect(data.after?.changed).toBeGreaterThanOrEqual(1_767_225_605)
    xdr.end()
  })

  it('are not set when the guard has gone by', () => {
    const { client, root } = open()
    const file = client.create(root, 'f')
    const { changed } = client.getattr(file)
    expect(client.setattr(file, { mode: 0o600 }, changed - 1).status).toBe(10_002)
    expect(client.getattr(file).mode).toBe(0o644)
  })
})

describe('names', () => {
  it.each([['', 22], ['a/b', 22], ['a\0b', 22], ['x'.repeat(256), 63], ['nothing', 2]])('looking up %j is refused with %i', (name, status) => {
    const { client, root } = open()
    const done = client.named(3, root, name)
    expect(done.status).toBe(status)
    expect(after(done.xdr)).toMatchObject({ type: 2 })
    done.xdr.end()
  })

  it('of folders lead to themselves and up, and not out', () => {
    const { client, root } = open()
    const folder = client.mkdir(root, 'd')
    expect(hex(client.lookup(folder, '.'))).toBe(hex(folder))
    expect(hex(client.lookup(folder, '..'))).toBe(hex(root))
    expect(hex(client.lookup(root, '..'))).toBe(hex(root))
  })

  it.each([[8, '.'], [8, '..'], [9, '..'], [12, '..'], [13, '.'], [13, '..'], [12, 'a/b']])('procedure %i does not take %j', (procedure, name) => {
    const { client, root } = open()
    const done = client.ask(procedure, (xdr) => (procedure < 10 ? sattr(procedure === 8 ? xdr.opaque(root).string(name).u32(0) : xdr.opaque(root).string(name)) : xdr.opaque(root).string(name)))
    expect([17, 22, 66]).toContain(done.status)
  })

  it('are bytes: what is no UTF-8 comes back as it went', () => {
    const { client, root } = open()
    client.create(root, '\xff\xfe')
    expect(client.readdir(root)).toEqual(['.', '..', '\xff\xfe'])
  })
})

describe('reading and writing', () => {
  it('moves bytes, and says where the end is', () => {
    const { client, root } = open()
    const file = client.create(root, 'f')
    const { status, xdr } = client.write(file, 3, latin1('abc'))
    expect(status).toBe(0)
    expect(cacheData(xdr)).toMatchObject({ before: { size: 0 }, after: { size: 6 } })
    expect([xdr.u32(), xdr.u32(), xdr.fixed(8).length]).toEqual([3, 2, 8])
    xdr.end()
    expect(client.read(file)).toEqual({ status: 0, text: '\0\0\0abc', eof: true })
    expect(client.read(file, 4, 1)).toEqual({ status: 0, text: 'b', eof: false })
    expect(client.read(file, 6)).toEqual({ status: 0, text: '', eof: true })
    expect(client.read(file, 2 ** 50)).toEqual({ status: 0, text: '', eof: true })
  })

  it('says of an unstable write that it is one, and keeps the verifier through COMMIT', () => {
    const { client, root } = open()
    const file = client.create(root, 'f')
    const { xdr } = client.write(file, 0, latin1('abc'), 0)
    cacheData(xdr)
    expect([xdr.u32(), xdr.u32()]).toEqual([3, 0])
    const verifier = hex(xdr.fixed(8))
    const { status, xdr: committed } = client.ask(21, (each) => each.opaque(file).offset(0).u32(0))
    expect(status).toBe(0)
    cacheData(committed)
    expect(hex(committed.fixed(8))).toBe(verifier)
  })

  it('of folders and links is refused', () => {
    const { client, root } = open()
    expect(client.read(root).status).toBe(21)
    expect(client.write(root, 0, latin1('x')).status).toBe(21)
    const made = client.ask(10, (xdr) => sattr(xdr.opaque(root).string('l')).string('somewhere'))
    expect(made.status).toBe(0)
    const link = made.xdr.optional(() => made.xdr.opaque(64)) as Uint8Array
    expect(client.read(link).status).toBe(22)
    const { status, xdr } = client.ask(5, (each) => each.opaque(link))
    expect(status).toBe(0)
    expect(after(xdr)).toMatchObject({ type: 5, mode: 0o777, size: 9 })
    expect(xdr.string(100)).toBe('somewhere')
  })

  it('by somebody else takes the set-id bits away', () => {
    const { client, root } = open()
    const file = client.create(root, 'f', { mode: 0o6777 })
    expect(client.write(file, 0, latin1('x')).status).toBe(0)
    expect(client.getattr(file).mode).toBe(0o6777)
    expect(client.write(file, 0, latin1('x'), 2, { uid: 9 }).status).toBe(0)
    expect(client.getattr(file).mode).toBe(0o777)
  })

  it('past the largest file is refused', () => {
    const { client, root } = open()
    const file = client.create(root, 'f')
    expect(client.write(file, 2 ** 53 - 1, latin1('x')).status).toBe(27)
  })
})

describe('creating', () => {
  it('unchecked takes what is there, guarded does not', () => {
    const { client, root } = open()
    const file = client.create(root, 'f', { mode: 0o600 })
    client.write(file, 0, latin1('abc'))
    expect(hex(client.create(root, 'f', { mode: 0o644, size: 1 }))).toBe(hex(file))
    expect(client.getattr(file)).toMatchObject({ mode: 0o600, size: 1 })
    expect(() => client.create(root, 'f', {}, 1)).toThrow('status 17')
  })

  it('exclusively is the same for the same verifier only', () => {
    const { client, root } = open()
    const exclusive = (verifier: number) => client.ask(8, (xdr) => xdr.opaque(root).string('f').u32(2).u32(verifier).u32(1))
    expect(exclusive(77).status).toBe(0)
    expect(exclusive(77).status).toBe(0)
    expect(exclusive(78).status).toBe(17)
  })

  it('makes devices, sockets and pipes, devices for root only', () => {
    const { client, root } = open()
    client.setattr(root, { mode: 0o777 })
    const mknod = (name: string, type: number, uid = 0) => client.ask(11, (xdr) => {
      xdr.opaque(root).string(name).u32(type)
      if (type === 2) return
      sattr(xdr, { mode: 0o620 })
      if (type < 5) xdr.u32(4).u32(64)
    }, { uid })
    expect(mknod('tty', 4).status).toBe(0)
    expect(client.getattr(client.lookup(root, 'tty'))).toMatchObject({ type: 4, mode: 0o620, major: 4, minor: 64 })
    expect(mknod('sda', 3, 5).status).toBe(1)
    expect(mknod('pipe', 7, 5).status).toBe(0)
    expect(client.getattr(client.lookup(root, 'pipe'))).toMatchObject({ type: 7, uid: 5 })
    expect(mknod('odd', 2).status).toBe(10_007)
  })

  it('in a set-gid folder gives the folder’s group', () => {
    const { client, root } = open()
    const folder = client.mkdir(root, 'd', { mode: 0o2777, gid: 50 })
    expect(client.getattr(folder)).toMatchObject({ mode: 0o2777, gid: 50 })
    const inner = client.mkdir(folder, 'e', { mode: 0o755 })
    expect(client.getattr(inner)).toMatchObject({ mode: 0o2755, gid: 50 })
    expect(client.getattr(client.create(folder, 'f'))).toMatchObject({ gid: 50 })
  })
})

const link = (client: Client, thing: Uint8Array, folder: Uint8Array, name: string) => client.ask(15, (xdr) => xdr.opaque(thing).opaque(folder).string(name))
const rename = (client: Client, from: Uint8Array, name: string, to: Uint8Array, other: string) => client.ask(14, (xdr) => xdr.opaque(from).string(name).opaque(to).string(other))

describe('links, names moved and taken away', () => {
  it('a file lives until its last name is gone, and then is stale', () => {
    const { client, root } = open()
    const file = client.create(root, 'a')
    const linked = link(client, file, root, 'b')
    expect(linked.status).toBe(0)
    expect(after(linked.xdr)).toMatchObject({ links: 2 })
    expect(cacheData(linked.xdr).before).toBeDefined()
    linked.xdr.end()
    expect(client.named(12, root, 'a').status).toBe(0)
    expect(client.getattr(file).links).toBe(1)
    expect(client.named(12, root, 'b').status).toBe(0)
    expect(client.ask(1, (xdr) => xdr.opaque(file)).status).toBe(70)
    const again = client.create(root, 'a')
    expect(hex(again)).not.toBe(hex(file))
    expect(client.ask(1, (xdr) => xdr.opaque(file)).status).toBe(70)
  })

  it('renames over what is there, and tells of both folders', () => {
    const { client, root } = open()
    const [a, b] = [client.mkdir(root, 'a'), client.mkdir(root, 'b')]
    const file = client.create(a, 'f')
    const gone = client.create(b, 'g')
    const done = rename(client, a, 'f', b, 'g')
    expect(done.status).toBe(0)
    expect(cacheData(done.xdr).after?.fileid).toBe(client.getattr(a).fileid)
    expect(cacheData(done.xdr).after?.fileid).toBe(client.getattr(b).fileid)
    done.xdr.end()
    expect(hex(client.lookup(b, 'g'))).toBe(hex(file))
    expect(client.ask(1, (xdr) => xdr.opaque(gone)).status).toBe(70)
    expect(client.readdir(a)).toEqual(['.', '..'])
  })

  it('moves folders, with their way up, but not into themselves', () => {
    const { client, root } = open()
    const [a, b] = [client.mkdir(root, 'a'), client.mkdir(root, 'b')]
    const inner = client.mkdir(a, 'i')
    expect(rename(client, root, 'a', inner, 'x').status).toBe(22)
    expect(rename(client, root, 'a', b, 'a').status).toBe(0)
    expect(hex(client.lookup(a, '..'))).toBe(hex(b))
    expect([client.getattr(root).links, client.getattr(b).links]).toEqual([3, 3])
    expect(rename(client, b, 'a', root, 'b').status).toBe(66)
    client.create(root, 'f')
    expect(rename(client, root, 'f', b, 'a').status).toBe(21)
    expect(rename(client, b, 'a', root, 'f').status).toBe(20)
  })

  it('takes away empty folders only, and only what was meant', () => {
    const { client, root } = open()
    const folder = client.mkdir(root, 'd')
    client.create(folder, 'f')
    expect(client.named(13, root, 'd').status).toBe(66)
    expect(client.named(12, root, 'd').status).toBe(21)
    expect(client.named(13, folder, 'f').status).toBe(20)
    expect(client.named(12, folder, 'f').status).toBe(0)
    expect(client.named(13, root, 'd').status).toBe(0)
    expect(client.ask(1, (xdr) => xdr.opaque(folder)).status).toBe(70)
  })

  it('a sticky folder keeps strangers’ hands off', () => {
    const { client, root } = open()
    client.setattr(root, { mode: 0o1777 })
    client.create(root, 'f', {}, 0, { uid: 5 })
    expect(client.ask(12, (xdr) => xdr.opaque(root).string('f'), { uid: 6 }).status).toBe(1)
    expect(client.ask(12, (xdr) => xdr.opaque(root).string('f'), { uid: 5 }).status).toBe(0)
  })
})

describe('reading folders', () => {
  it('goes through thousands of names in pieces, each once', () => {
    const { bench, client, root } = open()
    for (let at = 0; at < 3000; at++) bench.volume.create(bench.volume.root, `file ${at}`, { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    const names = client.readdir(root, 8000)
    expect(new Set(names).size).toBe(3002)
    expect(names.length).toBe(3002)
  })

  it('misses nothing and repeats nothing while names come and go', () => {
    const { bench, client, root } = open()
    const { volume } = bench
    for (let at = 0; at < 500; at++) volume.create(volume.root, `keep ${at}`, { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    for (let at = 0; at < 500; at++) volume.create(volume.root, `drop ${at}`, { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    let made = 0
    const names = client.readdir(root, 1500, (got) => {
      for (const name of got) if (name.startsWith('drop')) volume.remove(volume.root, name)
      volume.create(volume.root, `new ${made++}`, { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    })
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => name.startsWith('keep')).length).toBe(500)
    expect(names.filter((name) => name.startsWith('drop')).length).toBe(500)
    expect(client.readdir(root).filter((name) => name.startsWith('drop'))).toEqual([])
  })

  it('tells with READDIRPLUS what each one is', () => {
    const { client, root } = open()
    const file = client.create(root, 'f', { mode: 0o600 })
    const { status, xdr } = client.ask(17, (each) => each.opaque(root).u64(0n).fixed(new Uint8Array(8)).u32(1000).u32(4000))
    expect(status).toBe(0)
    after(xdr)
    xdr.fixed(8)
    const entries = xdr.list(10, () => ({ fileid: xdr.offset(), name: xdr.string(255), cookie: xdr.u64(), seen: after(xdr), handle: xdr.optional(() => hex(xdr.opaque(64))) }))
    expect(xdr.bool()).toBe(true)
    xdr.end()
    expect(entries.map(({ name }) => name)).toEqual(['.', '..', 'f'])
    expect(entries[2]).toMatchObject({ seen: { type: 1, mode: 0o600 }, handle: hex(file) })
    expect(entries[2].fileid).toBe(entries[2].seen?.fileid)
  })

  it('refuses a reply too small for one name, and a foreign verifier', () => {
    const { client, root } = open()
    const ask = (cookie: bigint, verifier: number, bytes: number) => client.ask(16, (xdr) => xdr.opaque(root).u64(cookie).u32(0).u32(verifier).u32(bytes)).status
    expect(ask(0n, 0, 100)).toBe(10_005)
    expect(ask(1n, 7, 1000)).toBe(10_003)
  })

  it('never says more than it was asked for', () => {
    const { bench, client, root } = open()
    for (let at = 0; at < 200; at++) bench.volume.create(bench.volume.root, 'n'.repeat(1 + (at % 60)) + at, { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    for (const most of [200, 333, 512, 1000, 4096]) {
      const plain = client.ask(16, (xdr) => xdr.opaque(root).u64(0n).fixed(new Uint8Array(8)).u32(most))
      expect(plain.xdr.left).toBeLessThanOrEqual(most)
      const plus = client.ask(17, (xdr) => xdr.opaque(root).u64(0n).fixed(new Uint8Array(8)).u32(most).u32(most + 300))
      expect(plus.xdr.left).toBeLessThanOrEqual(most + 300)
    }
  })
})

describe('what the file system is like', () => {
  it('is told by FSSTAT, FSINFO and PATHCONF', () => {
    const { client, root } = open()
    const stat = client.ask(18, (xdr) => xdr.opaque(root))
    after(stat.xdr)
    expect([stat.xdr.offset(), stat.xdr.offset() > 0]).toEqual([512 * 2 ** 20, true])
    const info = client.ask(19, (xdr) => xdr.opaque(root))
    after(info.xdr)
    expect(Array.from({ length: 7 }, () => info.xdr.u32())).toEqual([32_768, 32_768, 4096, 32_768, 32_768, 4096, 32_768])
    expect([info.xdr.offset(), info.xdr.u32(), info.xdr.u32(), info.xdr.u32()]).toEqual([2 ** 52, 0, 1, 0x1b])
    info.xdr.end()
    const conf = client.ask(20, (xdr) => xdr.opaque(root))
    after(conf.xdr)
    expect([conf.xdr.u32(), conf.xdr.u32(), conf.xdr.bool(), conf.xdr.bool(), conf.xdr.bool(), conf.xdr.bool()]).toEqual([65_000, 255, true, true, false, true])
    conf.xdr.end()
  })
})

it('a call sent again is not done again', () => {
  const { bench, client, root } = open()
  client.create(root, 'f')
  const first = client.ask(12, (xdr) => xdr.opaque(root).string('f'), { xid: 5 })
  const second = client.ask(12, (xdr) => xdr.opaque(root).string('f'), { xid: 5, port: 801 })
  const third = client.ask(12, (xdr) => xdr.opaque(root).string('f'), { xid: 6 })
  expect([first.status, second.status, third.status]).toEqual([0, 0, 2])
  expect(bench.service.inspect?.()['counters'][0]['repeated']).toBe(1)
})
