import { describe, expect, it } from 'vitest'
import { hex, unhex, latin1 } from '../../../../src/base/bytes.ts'
import { buildCall, parse } from '../../../../src/wire/rpc.ts'
import { XdrWriter } from '../../../../src/wire/xdr.ts'
import { readBitmap, numbersIn } from '../../../../src/wire/nfs4-attributes.ts'
import { SeededRandom } from '../../../../src/base/random.ts'
import { MemoryVolume } from '../../../../src/lab/volume/memory-volume.ts'
import { epoch, nfsBench } from '../bench.ts'
import { at, Client4, Client41, close, createSession, exchange, fattr, getattr, lookup, op, type Op, open, put, putStateWords, read, readText, remove, root, walk, write, anonymous } from './bench.ts'

const config = { exports: { '/srv/rw': { path: './rw', write: true, squash: 'none' }, '/srv/ro': { path: './ro' }, '/closed': { path: './rw', clients: '192.0.2.0/24' } } }
const volumeOf = (): MemoryVolume => new MemoryVolume({ clock: () => epoch })

describe('a compound', () => {
  it('of another minor version is refused as such, its tag told back', () => {
    const client = new Client4(nfsBench(config), 0)
    const answer = client.raw(unhex('00000003 61626300 00000002 00000001 00000018'))
    expect(answer).toMatchObject({ status: 10_021, count: 0 })
    answer.xdr.end()
  })

  it('is nothing over UDP', () => {
    const bench = nfsBench(config)
    const reply = bench.say(buildCall({ xid: 1, program: 100_003, version: 4, procedure: 0, payload: new Uint8Array(0) }), 2049)
    expect(parse(reply as Uint8Array)).toMatchObject({ verdict: { kind: 'accepted', status: 2, low: 3, high: 3 } })
  })

  it('ends with the first operation that fails', () => {
    const client = new Client4(nfsBench(config), 0)
    const answer = client.ask(root, lookup('nothing'), op('getfh'))
    expect(answer).toMatchObject({ status: 2, count: 2 })
    answer.good('putrootfh')
    expect(answer.next('lookup')).toBe(2)
    answer.xdr.end()
  })

  it.each([
    ['an operation that is none', '00000001', '00000002', 10_044, 10_044],
    ['an operation of 4.1 in 4.0', '00000001', '00000035', 10_044, 10_044],
    ['no operation where one was announced', '00000001', '', 10_044, 10_036],
    ['arguments cut short', '00000001', '0000000f 00000008 61626364', 15, 10_036],
    ['a name of 4 GB', '00000001', '0000000f ffffffff', 15, 10_036],
    ['a bitmap of 2^30 words', '00000001', '00000009 40000000', 9, 10_036],
  ])('%s is answered', (_, count, bytes, operation, status) => {
    const client = new Client4(nfsBench(config), 0)
    const answer = client.raw(unhex(`00000000 00000000 ${count} ${bytes}`))
    expect(answer).toMatchObject({ status, count: 1 })
    expect([answer.xdr.u32(), answer.xdr.u32()]).toEqual([operation, status])
  })

  it('of more operations than anybody needs is refused whole', () => {
    const client = new Client4(nfsBench(config), 0)
    expect(client.ask(...Array.from({ length: 129 }, () => root))).toMatchObject({ status: 10_018, count: 0 })
    expect(client.ask(...Array.from({ length: 128 }, () => root))).toMatchObject({ status: 0, count: 128 })
  })

  it('can’t be made to answer more than a reply holds', () => {
    const bench = nfsBench(config)
    const { volume } = bench
    const file = volume.create(volume.root, 'big', { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    volume.write(file, 0, new Uint8Array(2 ** 20))
    const client = new Client4(bench, 0)
    const reads: Op[] = Array.from({ length: 20 }, () => read(anonymous, 0, 2 ** 20))
    const { status, xdr } = client.ask(...at('srv/rw/big'), ...reads)
    expect(status).toBe(10_018)
    expect(xdr.left).toBeLessThan(2 ** 20 + 16_384)
  })
})

describe('the tree over the exports', () => {
  const names = (client: Client4, ...way: Op[]): string[] => {
    const answer = client.ask(...way, op('readdir', (xdr) => xdr.u64(0n).fixed(new Uint8Array(8)).u32(8192).u32(8192).u32(1).u32(0x10_0000)))
    answer.good('putrootfh')
    for (let count = 1; count < way.length; count++) answer.good('lookup')
    const xdr = answer.good('readdir')
    xdr.fixed(8)
    const found = xdr.list(100, () => {
      xdr.u64()
      const name = xdr.string(255)
      xdr.array(2, () => xdr.u32())
      xdr.opaque(100)
      return name
    })
    expect(xdr.bool()).toBe(true)
    return found.sort()
  }

  it('shows what a client may use, and leads there', () => {
    const client = new Client4(nfsBench(config), 0)
    expect(names(client, root)).toEqual(['srv'])
    expect(names(client, ...at('srv'))).toEqual(['ro', 'rw'])
    expect(client.ask(...at('closed')).status).toBe(13)
    expect(hex(walk((...ops) => client.ask(...ops), 'srv/rw'))).toMatch(/^[0-9a-f]{64}$/)
  })

  it('leads up out of an export, and not above the root', () => {
    const client = new Client4(nfsBench(config), 0)
    const up = client.ask(...at('srv/rw'), op('lookupp'), op('getfh'))
    expect(up.status).toBe(0)
    for (const name of ['putrootfh', 'lookup', 'lookup', 'lookupp'] as const) up.good(name)
    expect(hex(up.good('getfh').opaque(128))).toBe(hex(walk((...ops) => client.ask(...ops), 'srv')))
    expect(client.ask(root, op('lookupp')).status).toBe(2)
  })

  it.each([['create', 30], ['remove', 30]] as const)('%s there is refused', (what, status) => {
    const client = new Client4(nfsBench(config), 0)
    expect(client.ask(root, what === 'create' ? op('create', (xdr) => fattr(xdr.u32(2).string('d'))) : remove('srv')).status).toBe(what === 'remove' ? 30 : status)
    expect(client.ask(...at('srv'), remove('rw')).status).toBe(13)
  })

  it('hangs one export into another, and tells what it covers', () => {
    const [outer, inner] = [volumeOf(), volumeOf()]
    const folder = outer.create(outer.root, 'in', { kind: 'folder', mode: 0o755, uid: 0, gid: 0 })
    inner.create(inner.root, 'deep', { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    const bench = nfsBench({ exports: { '/': { path: './o' }, '/in': { path: './i' } } }, { volumes: { './o': outer, './i': inner } })
    const client = new Client4(bench, 0)
    expect(client.ask(...at('in/deep')).status).toBe(0)
    const answer = client.ask(...at('in'), getattr(8, 20, 55))
    for (const name of ['putrootfh', 'lookup', 'getattr'] as const) answer.good(name)
    answer.xdr.array(2, () => answer.xdr.u32())
    answer.xdr.u32()
    answer.xdr.fixed(16)
    expect([answer.xdr.offset(), answer.xdr.offset()]).toEqual([inner.root, folder])
  })

  it('takes no handle that it never gave', () => {
    const client = new Client4(nfsBench(config), 0)
    const handle = walk((...ops) => client.ask(...ops), 'srv/rw')
    expect(client.ask(put(handle)).status).toBe(0)
    handle[11] ^= 1
    expect(client.ask(put(handle)).status).toBe(10_001)
    expect(client.ask(op('getfh')).status).toBe(10_020)
  })
})

describe('attributes', () => {
  it('are told all, in the order of their numbers', () => {
    const client = new Client4(nfsBench(config), 0)
    const known = client.ask(root, getattr(0))
    known.good('putrootfh')
    known.good('getattr').array(1, () => known.xdr.u32())
    known.xdr.u32()
    const supported = numbersIn(readBitmap(known.xdr))
    expect(supported).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30, 31, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 47, 48, 51, 52, 53, 54, 55])
    const answer = client.ask(...at('srv/rw'), getattr(...supported.filter((each) => each !== 48 && each !== 54), 12, 46))
    expect(answer.status).toBe(0)
    for (const name of ['putrootfh', 'lookup', 'lookup', 'getattr'] as const) answer.good(name)
    expect(numbersIn(readBitmap(answer.xdr))).toEqual(supported.filter((each) => each !== 48 && each !== 54))
    expect(answer.xdr.opaque(1024).length).toBe(324)
    answer.xdr.end()
    expect(client.ask(root, getattr(48)).status).toBe(22)
  })

  it('are set; owners are numbers', () => {
    const client = new Client4(nfsBench(config), 0)
    const set = (values: Readonly<Record<number, Op>>): number => client.ask(...at('srv/rw'), op('setattr', (xdr) => fattr(xdr.u32(0).fixed(new Uint8Array(12)), values))).status
    expect(set({ 33: (xdr) => xdr.u32(0o1777), 36: (xdr) => xdr.string('7'), 37: (xdr) => xdr.string('nogroup@here'), 48: (xdr) => xdr.u32(1).u64(BigInt.asUintN(64, -5n)).u32(5) })).toBe(0)
    const answer = client.ask(...at('srv/rw'), getattr(33, 36, 37, 47))
    for (const name of ['putrootfh', 'lookup', 'lookup', 'getattr'] as const) answer.good(name)
    answer.xdr.array(2, () => answer.xdr.u32())
    answer.xdr.u32()
    expect([answer.xdr.u32(), answer.xdr.string(9), answer.xdr.string(9), BigInt.asIntN(64, answer.xdr.u64()), answer.xdr.u32()]).toEqual([0o1777, '7', '65534', -5n, 5])
    expect(set({ 36: (xdr) => xdr.string('alice@example.org') })).toBe(10_039)
    expect(set({ 1: (xdr) => xdr.u32(1) })).toBe(22)
    expect(set({ 12: (xdr) => xdr.u32(0) })).toBe(10_032)
    expect(set({ 33: (xdr) => xdr.u32(1).u32(2) })).toBe(10_036)
  })

  it('are compared by VERIFY and NVERIFY', () => {
    const client = new Client4(nfsBench(config), 0)
    const ask = (name: 'verify' | 'nverify', size: number): number => client.ask(...at('srv/rw'), op(name, (xdr) => fattr(xdr, { 4: (each) => each.offset(size) }))).status
    expect([ask('verify', 4096), ask('verify', 1), ask('nverify', 4096), ask('nverify', 1)]).toEqual([0, 10_027, 10_009, 0])
  })
})

describe('names', () => {
  it.each([['', 22], ['.', 10_041], ['..', 10_041], ['a/b', 10_041], ['a\0', 10_040], ['x'.repeat(256), 63]])('%j is none', (name, status) => {
    const client = new Client4(nfsBench(config), 0)
    const making = op('create', (xdr) => fattr(xdr.u32(2).string(name)))
    expect([client.ask(...at('srv/rw'), lookup(name)).status, client.ask(...at('srv/rw'), making).status, client.ask(...at('srv/rw'), remove(name)).status]).toEqual([status, status, status])
  })

  it('are made, moved, linked and taken away', () => {
    const client = new Client4(nfsBench(config), 0)
    const rw = put(walk((...ops) => client.ask(...ops), 'srv/rw'))
    const make = (name: string, type: number, more: Op = () => undefined): number => client.ask(rw, op('create', (xdr) => {
      more(xdr.u32(type))
      fattr(xdr.string(name), { 33: (each) => each.u32(0o700) })
    })).status
    expect([make('d', 2), make('l', 5, (xdr) => xdr.string('d')), make('c', 4, (xdr) => xdr.u32(5).u32(1)), make('p', 7), make('d', 2), make('f', 1)]).toEqual([0, 0, 0, 0, 17, 10_007])
    expect(client.ask(rw, op('savefh'), lookup('d'), op('rename', (xdr) => xdr.string('p').string('q'))).status).toBe(0)
    expect(client.ask(rw, lookup('d'), lookup('q'), op('savefh'), rw, op('link', (xdr) => xdr.string('r'))).status).toBe(0)
    expect([client.ask(rw, remove('d')).status, client.ask(rw, lookup('d'), remove('q')).status, client.ask(rw, remove('d')).status, client.ask(rw, remove('r')).status]).toEqual([66, 0, 0, 0])
    const link = client.ask(rw, lookup('l'), op('readlink'))
    for (const name of ['putfh', 'lookup'] as const) link.good(name)
    expect(link.good('readlink').string(100)).toBe('d')
    expect(client.ask(rw, lookup('l'), lookup('x')).status).toBe(10_029)
    expect(client.ask(...at('srv/ro'), op('create', (xdr) => fattr(xdr.u32(2).string('d')))).status).toBe(30)
  })
})

describe('reading and writing without an OPEN', () => {
  it('goes by the mode', () => {
    const bench = nfsBench(config)
    const { volume } = bench
    const id = volume.create(volume.root, 'f', { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    volume.write(id, 0, latin1('abc'))
    const [mine, theirs] = [new Client4(bench, 0), new Client4(bench, 0, 5)]
    const answer = theirs.ask(...at('srv/rw/f'), read(anonymous, 1))
    for (const name of ['putrootfh', 'lookup', 'lookup', 'lookup'] as const) answer.good(name)
    expect(readText(answer.good('read'))).toEqual({ eof: true, text: 'bc' })
    expect([theirs.ask(...at('srv/rw/f'), write(anonymous, 'x')).status, mine.ask(...at('srv/rw/f'), write(anonymous, 'x')).status]).toEqual([13, 0])
    expect([mine.ask(...at('srv/rw'), read(anonymous)).status, mine.ask(...at('srv/rw/f'), write(anonymous, 'x', 2 ** 53 - 1)).status]).toEqual([21, 27])
  })

  it('a call of 4.0 that changes something is not done again when it comes again', () => {
    const client = new Client4(nfsBench(config), 0)
    const payload = Client4.compound(0, [...at('srv/rw'), op('create', (xdr) => fattr(xdr.u32(2).string('d')))])
    expect([client.raw(payload, 77).status, client.raw(payload, 77).status, client.raw(payload, 78).status]).toEqual([0, 0, 17])
  })
})

describe('clients that want too much', () => {
  it('sessions and clients are bounded', () => {
    const bench = nfsBench(config)
    const client = new Client41(bench)
    let sequence = 2
    const more = (): number => client.bare.ask(createSession(client.number, sequence++)).status
    expect([more(), more(), more(), more()]).toEqual([0, 0, 0, 28])
    for (let count = 0; count < 1000; count++) client.bare.ask(exchange(`other ${count}`))
    expect(bench.service.inspect?.()['clients'].length).toBeLessThanOrEqual(256)
    expect(client.ask(root).status).toBe(0)
  })

  it('a session asked for with nothing is refused, one with everything cut down', () => {
    const bench = nfsBench(config)
    const client = new Client4(bench, 1)
    const known = client.ask(exchange('x')).good('exchangeId')
    const id = known.u64()
    expect(client.ask(createSession(id, 1, 8, 0, 100)).status).toBe(10_005)
    const xdr = client.ask(createSession(id, 1, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff)).good('createSession')
    xdr.fixed(24)
    expect([xdr.u32(), xdr.u32(), xdr.u32(), xdr.u32(), xdr.u32(), xdr.u32()]).toEqual([0, 1_064_960, 1_064_960, 4096, 64, 32])
  })

  it('arrays that claim more than is there are not made', () => {
    const client = new Client41(nfsBench(config))
    const answer = client.ask((xdr: XdrWriter) => xdr.u32(55).u32(0x3fff_ffff))
    expect(answer.status).toBe(10_036)
  })

  it('bytes turned over anywhere are answered or refused, and the next call is served', () => {
    const bench = nfsBench(config)
    const client = new Client41(bench)
    const random = new SeededRandom('nfs4 fuzz')
    const calls = [
      [...at('srv/rw'), open('f', { create: 0 }), getattr(0, 4, 33), close({ sequence: 1, other: new Uint8Array(12) })],
      [...at('srv/rw'), op('readdir', (xdr) => xdr.u64(0n).fixed(new Uint8Array(8)).u32(8192).u32(8192).u32(2).u32(0x0010_0018).u32(2))],
      [...at('srv/rw'), op('setattr', (xdr) => fattr(putStateWords(xdr, anonymous), { 33: (each) => each.u32(0o755), 36: (each) => each.string('0') }))],
      [op('testStateid', (xdr) => putStateWords(xdr.u32(1), anonymous)), root, op('create', (xdr) => fattr(xdr.u32(5).string('x').string('y')))],
    ] as const
    for (let round = 0; round < 3000; round++) {
      const payload = Client4.compound(1, [client.lead(++client.sequence), ...calls[round % calls.length]])
      // Behind SEQUENCE, so that the session goes on.
      for (let count = random.below(4); count >= 0; count--) payload[56 + random.below(payload.length - 56)] = random.below(256)
      const { status } = client.bare.raw(payload)
      if (status === 10_063) client.sequence--
    }
    expect(client.ask(root).status).toBe(0)
  })
})
