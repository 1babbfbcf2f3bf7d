import { describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/bytes.ts'
import { parse, putReply } from '../../../src/wire/rpc.ts'
import { type XdrReader, XdrWriter } from '../../../src/wire/xdr.ts'
import { Client, nfsBench, type NfsBench } from './bench.ts'
import { Client41, op, open, put, walk } from './v4/bench.ts'

const config = { exports: { '/srv': { path: './x', write: true, squash: 'none' }, '/ro': { path: './x' } } }

interface Wish {
  readonly from?: bigint
  readonly length?: bigint
  readonly exclusive?: boolean
  readonly block?: boolean
  readonly process?: number
  readonly address?: string
}

/** NLM version 4 by hand. */
function locker(bench: NfsBench, file: Uint8Array) {
  const ask = (procedure: number, args: (xdr: XdrWriter) => unknown, address = '10.0.0.2'): XdrReader => {
    const xdr = bench.call(100_021, 4, procedure, (each) => args(each.string('cook')), { address })
    expect(xdr.string(9)).toBe('cook')
    return xdr
  }
  const words = (xdr: XdrWriter, { from = 0n, length = 0n, process = 1 }: Wish): XdrWriter => xdr.string('node1').opaque(file).string('oh').u32(process).u64(from).u64(length)
  return {
    lock: (wish: Wish = {}) => ask(2, (xdr) => words(xdr.bool(wish.block ?? false).bool(wish.exclusive ?? true), wish).bool(false).u32(1), wish.address).u32(),
    cancel: (wish: Wish = {}) => ask(3, (xdr) => words(xdr.bool(true).bool(wish.exclusive ?? true), wish), wish.address).u32(),
    unlock: (wish: Wish = {}) => ask(4, (xdr) => words(xdr, wish), wish.address).u32(),
    test: (wish: Wish = {}) => ask(1, (xdr) => words(xdr.bool(wish.exclusive ?? true), wish), wish.address),
  }
}

function opened(): { bench: NfsBench; file: Uint8Array; nlm: ReturnType<typeof locker> } {
  const bench = nfsBench(config)
  const client = new Client(bench)
  const file = client.create(client.mount('/srv'), 'f')
  return { bench, file, nlm: locker(bench, file) }
}

describe('NLM', () => {
  it('locks, tells who has it, and lets go', () => {
    const { nlm } = opened()
    expect([nlm.lock({ from: 10n, length: 5n }), nlm.lock({ process: 2 }), nlm.lock({ process: 2, length: 10n })]).toEqual([0, 1, 0])
    const told = nlm.test({ process: 3, from: 12n, exclusive: false })
    expect([told.u32(), told.bool(), told.u32(), told.string(9), told.u64(), told.u64(), told.left]).toEqual([1, true, 1, 'oh', 10n, 5n, 0])
    expect([nlm.unlock({ from: 11n, length: 1n }), nlm.lock({ process: 3, from: 11n, length: 1n, exclusive: false })]).toEqual([0, 0])
  })

  it('sees what version 4 has locked, and is seen', () => {
    const { bench, nlm } = opened()
    const client = new Client41(bench)
    const way = put(walk((...ops) => client.ask(...ops), 'srv'))
    const answer = client.ask(way, open('f'), op('lock', (xdr) => xdr.u32(2).bool(false).u64(0n).u64(9n).bool(true).u32(0).u32(1).fixed(new Uint8Array(12)).u32(0).u64(0n).string('o')))
    expect(answer.status).toBe(0)
    expect([nlm.lock(), nlm.lock({ from: 9n })]).toEqual([1, 0])
    const test = op('lockt', (xdr) => xdr.u32(1).u64(9n).u64(1n).u64(0n).string('o'))
    expect(client.ask(way, op('lookup', (xdr) => xdr.string('f')), test).status).toBe(10_010)
  })

  it('frees what a machine held that says it was restarted, and nobody else’s', () => {
    const { bench, nlm } = opened()
    expect([nlm.lock({ length: 1n }), nlm.lock({ from: 5n, length: 1n, address: '10.0.0.3' })]).toEqual([0, 0])
    bench.call(100_024, 1, 6, (xdr) => xdr.string('node1').u32(3), { address: '10.0.0.9' })
    expect(nlm.lock({ process: 2, length: 1n })).toBe(1)
    bench.call(100_024, 1, 6, (xdr) => xdr.string('node1').u32(3))
    expect([nlm.lock({ process: 2, length: 1n }), nlm.lock({ process: 2, from: 5n, length: 1n })]).toEqual([0, 1])
    expect(bench.log.take().at(-1)).toBe('info nfs.restarted: 10.0.0.2 was restarted: what it had locked is free')
    bench.call(100_021, 4, 23, (xdr) => xdr.string('node1').u32(3), { address: '10.0.0.3' })
    expect(nlm.lock({ process: 2, from: 5n, length: 1n })).toBe(0)
  })

  it.each([['a handle that nobody gave', 32, 7], ['too short a handle', 3, 7]])('%s is stale', (_, length, status) => {
    const { bench } = opened()
    expect(locker(bench, new Uint8Array(length)).lock()).toBe(status)
  })

  it('a folder is not locked, nor for writing what is only read', () => {
    const { bench } = opened()
    const client = new Client(bench)
    const reader = client.lookup(client.mount('/ro'), 'f')
    expect([locker(bench, client.mount('/srv')).lock(), locker(bench, reader).lock(), locker(bench, reader).lock({ exclusive: false })]).toEqual([9, 6, 0])
  })

  it('version 3 has offsets of 32 bits; reservations there are none', () => {
    const { bench, file } = opened()
    const xdr = bench.call(100_021, 3, 2, (each) => each.string('c').bool(false).bool(true).string('n').opaque(file).string('o').u32(1).u32(0).u32(5).bool(false).u32(1))
    expect([xdr.string(9), xdr.u32(), xdr.left]).toEqual(['c', 0, 0])
    const share = bench.call(100_021, 4, 20, (each) => each.string('c').string('n').opaque(file).string('o').u32(0).u32(1).bool(false))
    expect([share.string(9), share.u32(), share.u32(), share.left]).toEqual(['c', 2, 0, 0])
  })
})

describe('who waits', () => {
  const reply = (xid: number, ...words: readonly ((xdr: XdrWriter) => unknown)[]): Uint8Array => {
    const xdr = putReply(new XdrWriter(), xid, { kind: 'accepted', status: 0 })
    for (const each of words) each(xdr)
    return xdr.bytes
  }

  /** What the service has called since, as [xid, program, procedure]. */
  const called = (bench: NfsBench): (readonly [number, number, number, string])[] => bench.sent.splice(0).map(({ payload, to }) => {
    const message = parse(payload)
    return message.kind === 'call' ? [message.xid, message.program, message.procedure, `${to.address}:${to.port}`] as const : [0, 0, 0, '']
  })

  it('is called when it is his turn', () => {
    const { bench, nlm } = opened()
    expect([nlm.lock(), nlm.lock({ process: 2, block: true, address: '10.0.0.7' })]).toEqual([0, 3])
    bench.sent.length = 0
    expect(nlm.unlock()).toBe(0)
    const [asked] = called(bench).filter(([, program]) => program === 100_000)
    expect(asked.slice(1)).toEqual([100_000, 3, '10.0.0.7:111'])
    expect(nlm.lock({ process: 3 })).toBe(1)
    bench.answer(reply(asked[0], (xdr) => xdr.u32(5555)), '10.0.0.7')
    const [granted] = called(bench).filter(([, program]) => program === 100_021)
    expect(granted.slice(1)).toEqual([100_021, 5, '10.0.0.7:5555'])
    bench.answer(reply(granted[0], (xdr) => xdr.opaque(latin1('xxxx')).u32(0)), '10.0.0.7')
    expect([nlm.lock({ process: 3 }), nlm.unlock({ process: 2, address: '10.0.0.7' }), nlm.lock({ process: 3 })]).toEqual([1, 0, 0])
  })

  it('and can’t be reached, or doesn’t want it any more, doesn’t keep it', () => {
    const { bench, nlm } = opened()
    expect([nlm.lock(), nlm.lock({ process: 2, block: true, address: '10.0.0.7' }), nlm.unlock(), nlm.lock()]).toEqual([0, 3, 0, 1])
    bench.wait(20e9)
    expect([nlm.lock(), nlm.lock({ process: 2, block: true, address: '10.0.0.7' }), nlm.cancel({ process: 2, address: '10.0.0.7' }), nlm.unlock(), nlm.lock({ process: 3 })]).toEqual([0, 3, 0, 0, 0])
  })
})
