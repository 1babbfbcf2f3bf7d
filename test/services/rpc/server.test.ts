import { describe, expect, it } from 'vitest'
import { concat, putU32be, unhex } from '../../../src/base/bytes.ts'
import { buildCall, parse } from '../../../src/wire/rpc.ts'
import { build } from '../../../src/wire/rpc-record.ts'
import { XdrReader, XdrWriter } from '../../../src/wire/xdr.ts'
import { Client, nfsBench, records } from '../nfs/bench.ts'

const config = { exports: { '/srv': { path: './x', write: true, squash: 'none' } } }
const none = new Uint8Array(0)
const nullCall = (xid: number, program = 100_003): Uint8Array => buildCall({ xid, program, version: 3, procedure: 0, payload: none })
const xids = (messages: readonly Uint8Array[]): number[] => messages.map((each) => parse(each).xid)

describe('what the RPC layer refuses', () => {
  it.each([
    ['a program that is not here', 100_099, 1, 0, { kind: 'accepted', status: 1 }],
    ['a version that is not here', 100_003, 2, 0, { kind: 'accepted', status: 2, low: 3, high: 3 }],
    ['a procedure that is not here', 100_003, 3, 22, { kind: 'accepted', status: 3 }],
    ['arguments that can’t be read', 100_003, 3, 1, { kind: 'accepted', status: 4 }],
  ])('%s', (_, program, version, procedure, verdict) => {
    const bench = nfsBench(config)
    const reply = bench.say(buildCall({ xid: 9, program, version, procedure, payload: unhex('00000041') }), 2049)
    expect(parse(reply as Uint8Array)).toEqual({ kind: 'reply', xid: 9, verdict, payload: none })
  })

  it('another version of RPC, and credentials it doesn’t know or can’t read', () => {
    const bench = nfsBench(config)
    const call = nullCall(9)
    putU32be(call, 8, 3)
    expect(parse(bench.say(call, 2049) as Uint8Array)).toMatchObject({ verdict: { kind: 'version mismatch', low: 2, high: 2 } })
    const gss = buildCall({ xid: 9, program: 100_003, version: 3, procedure: 0, credential: { flavor: 6, body: none }, payload: none })
    expect(parse(bench.say(gss, 2049) as Uint8Array)).toMatchObject({ verdict: { kind: 'authentication', status: 5 } })
    const broken = buildCall({ xid: 9, program: 100_003, version: 3, procedure: 0, credential: { flavor: 1, body: unhex('00000000 ffffffff') }, payload: none })
    expect(parse(bench.say(broken, 2049) as Uint8Array)).toMatchObject({ verdict: { kind: 'authentication', status: 1 } })
  })

  it('what is no call gets no answer, is counted, and is told of once', () => {
    const bench = nfsBench(config)
    for (const bytes of [none, unhex('01'), nullCall(1).subarray(0, 20), unhex('00000001 00000002'), unhex('00000001 00000001 00000000 00000000 00000000 00000000')]) expect(bench.say(bytes, 2049)).toBeUndefined()
    expect(bench.service.inspect?.()['counters'][0]).toMatchObject({ malformed: 5, calls: 0 })
    expect(bench.log.take()).toEqual(['warn rpc.malformed: 10.0.0.2 sends a datagram that is no call; more of the kind is only counted'])
  })
})

const head = (length: number, last: boolean): Uint8Array => {
  const mark = new Uint8Array(4)
  putU32be(mark, 0, (last ? 0x8000_0000 : 0) + length)
  return mark
}

describe('over a stream', () => {
  it('records come in any pieces', () => {
    const bench = nfsBench(config)
    const bytes = concat(build(nullCall(1)), build(nullCall(2)))
    for (let cut = 0; cut <= bytes.length; cut++) {
      const stream = bench.connect(2049)
      stream.tell('data', bytes.slice(0, cut))
      stream.tell('data', bytes.slice(cut))
      expect(xids(records(stream))).toEqual([1, 2])
    }
  })

  it('records come in fragments', () => {
    const bench = nfsBench(config)
    const stream = bench.connect(2049)
    const call = nullCall(3)
    stream.tell('data', concat(head(10, false), call.subarray(0, 10), head(0, false), head(call.length - 10, true), call.subarray(10)))
    expect(xids(records(stream))).toEqual([3])
  })

  it.each([['a record too long', 'ffffffff'], ['a fragment too long', '7fffffff'], ['fragments without end', '00000000'.repeat(300)]])('%s ends the connection', (_, bytes) => {
    const bench = nfsBench(config)
    const stream = bench.connect(2049)
    stream.tell('data', unhex(bytes))
    expect(stream.destroyed).toBe(true)
    expect(records(stream)).toEqual([])
    expect(bench.service.inspect?.()['counters'][0]).toMatchObject({ malformed: 1, connections: 0 })
  })

  it('nothing more is done for a peer that takes nothing', () => {
    const bench = nfsBench(config)
    const stream = bench.connect(2049)
    stream.takes = false
    stream.tell('data', concat(build(nullCall(1)), build(nullCall(2)), build(nullCall(3))))
    expect([xids(records(stream)), stream.paused]).toEqual([[1], true])
    stream.tell('drain')
    expect([xids(records(stream)), stream.paused]).toEqual([[2], true])
    stream.takes = true
    stream.tell('drain')
    expect([xids(records(stream)), stream.paused]).toEqual([[3], false])
  })

  it('the one that was silent longest makes room for a newcomer', () => {
    const bench = nfsBench(config)
    const streams = Array.from({ length: 256 }, () => bench.connect(2049))
    streams[0].tell('data', build(nullCall(1)))
    bench.connect(111)
    expect(streams.map(({ destroyed }) => destroyed).indexOf(true)).toBe(1)
    expect(streams.filter(({ destroyed }) => destroyed).length).toBe(1)
  })
})

const ask = (bench: ReturnType<typeof nfsBench>, version: number, procedure: number, args: (xdr: XdrWriter) => unknown = () => undefined): XdrReader => bench.call(100_000, version, procedure, args)

const getport = (bench: ReturnType<typeof nfsBench>, program: number, version: number, protocol: number): number => ask(bench, 2, 3, (xdr) => xdr.u32(program).u32(version).u32(protocol).u32(0)).u32()

describe('rpcbind', () => {
  it('version 2 gives ports, and 0 for what is not there', () => {
    const bench = nfsBench(config)
    expect([getport(bench, 100_003, 3, 17), getport(bench, 100_003, 3, 6), getport(bench, 100_005, 3, 17), getport(bench, 100_099, 1, 17)]).toEqual([2049, 2049, 20_048, 0])
    const udp = nfsBench(config, { tcp: false })
    expect([getport(udp, 100_003, 3, 17), getport(udp, 100_003, 3, 6)]).toEqual([2049, 0])
  })

  it('versions 3 and 4 give universal addresses', () => {
    const bench = nfsBench(config)
    const getaddr = (version: number, procedure: number, netid: string, of = 3): string => ask(bench, version, procedure, (xdr) => xdr.u32(100_003).u32(of).string(netid).string('').string('')).string(100)
    expect([getaddr(3, 3, 'tcp'), getaddr(4, 3, 'udp'), getaddr(4, 3, ''), getaddr(4, 3, 'tcp6')]).toEqual(['10.0.0.1.8.1', '10.0.0.1.8.1', '10.0.0.1.8.1', ''])
    expect([getaddr(4, 9, 'tcp', 3), getaddr(4, 9, 'tcp', 4), getaddr(4, 9, 'udp', 4), getaddr(4, 9, 'tcp', 5)]).toEqual(['10.0.0.1.8.1', '10.0.0.1.8.1', '', ''])
  })

  it('lists what there is', () => {
    const bench = nfsBench(config)
    const xdr = ask(bench, 2, 4)
    const rows = xdr.list(100, () => [xdr.u32(), xdr.u32(), xdr.u32(), xdr.u32()].join(' '))
    xdr.end()
    expect(rows).toContain('100003 3 6 2049')
    expect(rows).toContain('100000 4 17 111')
    const v4 = ask(bench, 4, 4)
    expect(v4.list(100, () => [v4.u32(), v4.u32(), v4.string(9), v4.string(99), v4.string(99)].join(' '))).toContain('100005 3 udp 0.0.0.0.78.80 superuser')
    const list = ask(bench, 4, 11, (each) => each.u32(100_005).u32(3).string('').string('').string(''))
    expect(list.list(100, () => [list.string(99), list.string(9), list.u32(), list.string(9), list.string(9)].join(' '))).toEqual(['10.0.0.1.78.80 udp 1 inet udp', '10.0.0.1.78.80 tcp 3 inet tcp'])
  })

  it('lets nobody register, tells the lab’s time, and translates addresses', () => {
    const bench = nfsBench(config)
    expect(ask(bench, 2, 1, (xdr) => xdr.u32(1).u32(1).u32(6).u32(1)).u32()).toBe(0)
    bench.wait(3e9)
    expect(ask(bench, 4, 6).u32()).toBe(1_767_225_603)
    const there = ask(bench, 4, 7, (xdr) => xdr.string('10.0.0.9.8.1'))
    expect([there.u32(), there.opaque(99)[3]]).toEqual([16, 1])
    expect(ask(bench, 4, 8, (xdr) => xdr.u32(16).opaque(unhex('02000801 0a000009 0000000000000000'))).string(99)).toBe('10.0.0.9.8.1')
    const statistics = ask(bench, 4, 12)
    expect(statistics.left).toBe(3 * 17 * 4)
  })

  it('calls nobody else’s procedures but the null one', () => {
    const bench = nfsBench(config)
    const callit = (procedure: number) => bench.say(buildCall({ xid: 1, program: 100_000, version: 2, procedure: 5, payload: new XdrWriter().u32(100_005).u32(3).u32(procedure).opaque(none).bytes }), 111)
    expect(parse(callit(0) as Uint8Array)).toMatchObject({ payload: unhex('00004e50 00000000') })
    expect(callit(5)).toBeUndefined()
  })
})

describe('mount', () => {
  it('gives folders below an export, and says what is not there', () => {
    const bench = nfsBench(config)
    const client = new Client(bench)
    const root = client.mount('/srv')
    const folder = client.mkdir(root, 'a')
    client.create(folder, 'f')
    expect(client.mount('/srv//a/.')).toEqual(folder)
    const status = (path: string, version = 3): number => bench.call(100_005, version, 1, (xdr) => xdr.string(path)).u32()
    expect([status('/srv/a/f'), status('/srv/b'), status('/srw'), status('srv'), status('/srv/../srv'), status('/srv', 1)]).toEqual([20, 2, 2, 2, 2, 0])
    expect(bench.log.take()).toContain('warn nfs.mount-refused: 10.0.0.2 can’t mount /srw: it is not exported; there is /srv')
  })

  it('lists exports and who mounted them', () => {
    const bench = nfsBench({ exports: { '/srv': { path: './x', clients: ['10.0.0.0/24', '10.0.1.7'] }, '/pub': './y' } })
    const client = new Client(bench)
    client.mount('/pub')
    const exports = bench.call(100_005, 3, 5)
    expect(exports.list(9, () => [exports.string(99), ...exports.list(9, () => exports.string(99))])).toEqual([['/srv', '10.0.0.0/24', '10.0.1.7/32'], ['/pub']])
    const dump = (): string[] => {
      const xdr = bench.call(100_005, 3, 2)
      return xdr.list(9, () => `${xdr.string(99)} ${xdr.string(99)}`)
    }
    expect(dump()).toEqual(['10.0.0.2 /pub'])
    bench.call(100_005, 3, 3, (xdr) => xdr.string('/pub'))
    expect(dump()).toEqual([])
  })
})

it('a reply is given again for two minutes, and the call done anew after that', () => {
  const bench = nfsBench(config)
  const client = new Client(bench)
  const root = client.mount('/srv')
  const mkdir = () => client.ask(9, (xdr) => xdr.opaque(root).string('d').u32(0).u32(0).u32(0).u32(0).u32(0).u32(0), { xid: 7 }).status
  expect(mkdir()).toBe(0)
  bench.wait(119e9)
  expect(mkdir()).toBe(0)
  bench.wait(2e9)
  expect(mkdir()).toBe(17)
})
