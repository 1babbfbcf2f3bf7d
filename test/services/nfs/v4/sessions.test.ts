import { describe, expect, it } from 'vitest'
import { hex } from '../../../../src/base/bytes.ts'
import { nfsBench } from '../bench.ts'
import { at, Client4, Client41, createSession, exchange, fattr, getattr, op, open, remove, root } from './bench.ts'

const config = { exports: { '/srv': { path: './x', write: true, squash: 'none' } } }
const mkdir = (name: string) => op('create', (xdr) => fattr(xdr.u32(2).string(name)))

describe('a slot', () => {
  it('does a call once, and tells its answer again', () => {
    const client = new Client41(nfsBench(config))
    const sequence = client.sequence + 1
    const once = client.bare.ask(client.lead(sequence), ...at('srv'), mkdir('d'))
    const again = client.bare.ask(client.lead(sequence), ...at('srv'), mkdir('d'))
    expect([once.status, again.status, hex(once.xdr.rest()) === hex(again.xdr.rest())]).toEqual([0, 0, true])
    expect(client.bare.ask(client.lead(sequence), ...at('srv'), mkdir('e')).status).toBe(10_076)
    expect(client.bare.ask(client.lead(sequence + 2), root).status).toBe(10_063)
    expect(client.bare.ask(client.lead(sequence - 1), root).status).toBe(10_063)
    expect(client.bare.ask(client.lead(1, 8), root).status).toBe(10_053)
    expect(client.bare.ask(client.lead(1, 7), root).status).toBe(0)
  })

  it('that was told not to keep an answer says so', () => {
    const client = new Client41(nfsBench(config))
    client.cache = false
    const sequence = client.sequence + 1
    expect(client.bare.ask(client.lead(sequence), root).status).toBe(0)
    const again = client.bare.ask(client.lead(sequence), root)
    again.good('sequence').fixed(36)
    expect([again.status, again.next('putrootfh')]).toEqual([10_068, 10_068])
  })

  it('holds to what the session was granted', () => {
    const bench = nfsBench(config)
    const bare = new Client4(bench, 1)
    const known = bare.ask(exchange('small')).good('exchangeId')
    const [id, next] = [known.u64(), known.u32()]
    const session = bare.ask(createSession(id, next, 1, 512, 600, 3)).good('createSession').fixed(16).slice()
    const lead = (sequence: number, cache: boolean) => op('sequence', (xdr) => xdr.fixed(session).u32(sequence).u32(0).u32(0).bool(cache))
    expect(bare.ask(lead(1, false), root, root, root).status).toBe(10_070)
    expect(bare.ask(lead(1, false), op('testStateid', (xdr) => xdr.u32(40).fixed(new Uint8Array(640)))).status).toBe(10_065)
    const every = [0, 1, 2, 3, 4, 8, 19, 20, 21, 22, 23, 27, 30, 31, 33, 35, 36, 37, 41, 42, 43, 44, 45, 47, 51, 52, 53, 55]
    expect(bare.ask(lead(1, true), root, getattr(...every)).status).toBe(0)
    const readdir = op('readdir', (xdr) => xdr.u64(0n).fixed(new Uint8Array(8)).u32(8192).u32(8192).u32(1).u32(0x0010_0000))
    for (let count = 0; count < 40; count++) bench.volume.create(bench.volume.root, `name ${count}`, { kind: 'file', mode: 0, uid: 0, gid: 0 })
    const srv = new Client41(bench, 'helper').ask(...at('srv'), op('getfh'))
    for (const name of ['putrootfh', 'lookup'] as const) srv.good(name)
    const handle = srv.good('getfh').opaque(128).slice()
    const listed = bare.ask(lead(2, false), op('putfh', (xdr) => xdr.opaque(handle)), readdir)
    expect([listed.status, listed.xdr.left < 600]).toEqual([0, true])
  })
})

describe('outside a session', () => {
  it.each([
    ['anything else', [root], 10_071],
    ['two at once', [exchange('a'), exchange('b')], 10_081],
    ['what 4.0 had', [op('renew', (xdr) => xdr.u64(0n))], 10_004],
    ['a session of nobody', [op('sequence', (xdr) => xdr.fixed(new Uint8Array(16)).u32(1).u32(0).u32(0).bool(false))], 10_052],
    ['an EXCHANGE_ID with flags that only answers have', [exchange('a', 1, 0x8000_0000)], 22],
    ['an update of nothing', [exchange('a', 1, 0x4000_0000)], 2],
    ['a session for nobody', [createSession(7n, 1)], 10_022],
  ])('%s is refused', (_, ops, status) => {
    expect(new Client4(nfsBench(config), 1).ask(...ops).status).toBe(status)
  })
})

describe('a client', () => {
  it('is the same until it is restarted, and then loses what it had with its first session', () => {
    const bench = nfsBench(config)
    const one = new Client41(bench, 'x')
    expect(one.ask(...at('srv'), open('f', { create: 0, deny: 3 })).status).toBe(0)
    const same = one.bare.ask(exchange('x')).good('exchangeId')
    expect(same.u64()).toBe(one.number)
    same.u32()
    expect(same.u32() >>> 31).toBe(1)
    const restarted = one.bare.ask(exchange('x', 2)).good('exchangeId')
    const [id, next] = [restarted.u64(), restarted.u32()]
    expect([id === one.number, one.ask(root).status]).toEqual([false, 0])
    expect(one.bare.ask(createSession(id, next)).status).toBe(0)
    expect(one.ask(root).status).toBe(10_052)
    const two = new Client41(bench, 'y')
    expect(two.ask(...at('srv'), open('f', { deny: 3 })).status).toBe(0)
  })

  it('of somebody else’s name is refused while he holds something', () => {
    const bench = nfsBench(config)
    const one = new Client41(bench, 'x')
    const thief = new Client4(bench, 1, 5)
    expect(one.ask(...at('srv'), open('f', { create: 0 })).status).toBe(0)
    expect(thief.ask(exchange('x')).status).toBe(10_017)
  })

  it('gets the answer to CREATE_SESSION again, and nothing out of order', () => {
    const bare = new Client4(nfsBench(config), 1)
    const known = bare.ask(exchange('x')).good('exchangeId')
    const [id, next] = [known.u64(), known.u32()]
    const once = hex(bare.ask(createSession(id, next)).good('createSession').rest())
    expect(hex(bare.ask(createSession(id, next)).good('createSession').rest())).toBe(once)
    expect(bare.ask(createSession(id, next + 2)).status).toBe(10_063)
  })

  it('goes when it says so, its sessions first', () => {
    const client = new Client41(nfsBench(config))
    const destroy = op('destroyClientid', (xdr) => xdr.u64(client.number))
    expect(client.bare.ask(destroy).status).toBe(10_074)
    const bound = client.bare.ask(op('bindConnToSession', (xdr) => xdr.fixed(client.session).u32(3).bool(false))).good('bindConnToSession')
    bound.fixed(16)
    expect([bound.u32(), bound.bool()]).toEqual([1, false])
    expect(client.bare.ask(op('destroySession', (xdr) => xdr.fixed(client.session))).status).toBe(0)
    expect([client.bare.ask(destroy).status, client.bare.ask(destroy).status]).toEqual([0, 10_022])
  })

  it('says once that it has taken up what it had, before it opens anything', () => {
    const client = new Client41(nfsBench(config), 'x', { complete: false })
    const complete = op('reclaimComplete', (xdr) => xdr.bool(false))
    expect(client.ask(...at('srv'), open('f', { create: 0 })).status).toBe(10_013)
    expect([client.ask(complete).status, client.ask(complete).status, client.ask(...at('srv'), open('f', { create: 0 })).status]).toEqual([0, 10_054, 0])
  })

  it('uses the state that the call itself made', () => {
    const client = new Client41(nfsBench(config))
    const current = { sequence: 1, other: new Uint8Array(12) }
    const write = op('write', (xdr) => xdr.u32(current.sequence).fixed(current.other).offset(0).u32(2).string('abc'))
    expect(client.ask(...at('srv'), open('f', { create: 0 }), write, op('close', (xdr) => xdr.u32(0).u32(1).fixed(current.other))).status).toBe(0)
    expect(client.ask(...at('srv/f'), write).status).toBe(10_025)
    expect(client.ask(...at('srv'), remove('f')).status).toBe(0)
  })

  it('asks what a name may be asked with', () => {
    const client = new Client41(nfsBench(config))
    const answer = client.ask(root, op('secinfo', (xdr) => xdr.string('srv')), op('getfh'))
    answer.good('putrootfh')
    const xdr = answer.good('secinfo')
    expect(xdr.array(4, () => xdr.u32())).toEqual([1, 0])
    expect(answer.next('getfh')).toBe(10_020)
    expect(client.ask(...at('srv'), op('secinfoNoName', (each) => each.u32(1))).status).toBe(0)
  })
})
