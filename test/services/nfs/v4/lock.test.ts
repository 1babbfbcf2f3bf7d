import { describe, expect, it } from 'vitest'
import { nfsBench, type NfsBench } from '../bench.ts'
import { type Answer, Client4, Client41, close, op, type Op, open, put, putStateWords, readOpen, readStateWords, register, root, type StateWords, walk } from './bench.ts'

const config = { exports: { '/srv': { path: './x', write: true, squash: 'none' } } }
const all = 0xffff_ffff_ffff_ffffn

interface Locker {
  readonly ask: (...ops: Op[]) => Answer
  readonly file: Op
  readonly open: StateWords
}

function locker(bench: NfsBench, name: string, access = 3): Locker {
  const client = new Client41(bench, name)
  const ask = (...ops: Op[]): Answer => client.ask(...ops)
  const srv = put(walk(ask, 'srv'))
  const answer = ask(srv, open('f', { create: 0, access }), op('getfh'))
  answer.good('putfh')
  const { state } = readOpen(answer.good('open'))
  return { ask, file: put(answer.good('getfh').opaque(128).slice()), open: state }
}

const first = (state: StateWords, type: number, from: bigint, length: bigint, owner = 'o', reclaim = false): Op => op('lock', (xdr) => {
  putStateWords(xdr.u32(type).bool(reclaim).u64(from).u64(length).bool(true).u32(0), state).u32(0).u64(0n).string(owner)
})
const more = (state: StateWords, type: number, from: bigint, length: bigint): Op => op('lock', (xdr) => putStateWords(xdr.u32(type).bool(false).u64(from).u64(length).bool(false), state).u32(0))
const unlock = (state: StateWords, from: bigint, length: bigint): Op => op('locku', (xdr) => putStateWords(xdr.u32(1).u32(0), state).u64(from).u64(length))
const test = (type: number, from: bigint, length: bigint, owner = 'o'): Op => op('lockt', (xdr) => xdr.u32(type).u64(from).u64(length).u64(0n).string(owner))

function held({ ask, file }: Locker, lock: Op): StateWords {
  const answer = ask(file, lock)
  answer.good('putfh')
  return readStateWords(answer.good('lock'))
}

describe('byte ranges', () => {
  it('are had by one who writes or many who read, and who comes too late is told by whom', () => {
    const bench = nfsBench(config)
    const [one, two] = [locker(bench, 'node1'), locker(bench, 'node2')]
    held(one, first(one.open, 2, 10n, 10n))
    const denied = two.ask(two.file, first(two.open, 1, 19n, all))
    denied.good('putfh')
    expect(denied.next('lock')).toBe(10_010)
    expect([denied.xdr.u64(), denied.xdr.u64(), denied.xdr.u32()]).toEqual([10n, 10n, 2])
    denied.xdr.u64()
    expect(denied.xdr.string(9)).toBe('o')
    denied.xdr.end()
    expect([two.ask(two.file, test(2, 0n, 10n)).status, two.ask(two.file, test(1, 0n, 11n)).status, one.ask(one.file, test(2, 0n, 11n)).status]).toEqual([0, 10_010, 0])
    held(two, first(two.open, 1, 20n, all))
    expect([one.ask(one.file, test(1, 30n, 1n)).status, one.ask(one.file, test(2, 30n, 1n)).status]).toEqual([0, 10_010])
  })

  it('are split by an unlock in their middle, and joined again', () => {
    const bench = nfsBench(config)
    const [one, two] = [locker(bench, 'node1'), locker(bench, 'node2')]
    const state = held(one, first(one.open, 2, 0n, all))
    expect(one.ask(one.file, unlock(state, 100n, 10n)).status).toBe(0)
    const asks = (): number[] => [99n, 100n, 109n, 110n].map((at) => two.ask(two.file, test(2, at, 1n)).status)
    expect(asks()).toEqual([10_010, 0, 0, 10_010])
    expect(one.ask(one.file, more({ ...state, sequence: 2 }, 2, 100n, 10n)).status).toBe(0)
    expect(asks()).toEqual([10_010, 10_010, 10_010, 10_010])
    const denied = two.ask(two.file, test(1, 5n, 1n))
    denied.good('putfh')
    denied.next('lockt')
    expect([denied.xdr.u64(), denied.xdr.u64()]).toEqual([0n, all])
  })

  it.each([[0n, 0n, 22], [1n, all - 1n, 0], [2n, all - 1n, 0], [3n, all - 1n, 22], [5n, all, 0]])('from %i on %i bytes: %i', (from, length, status) => {
    const bench = nfsBench(config)
    const one = locker(bench, 'node1')
    expect(one.ask(one.file, first(one.open, 2, from, length)).status).toBe(status)
  })

  it('are not locked for what the file isn’t open for, nor taken up again without a restart', () => {
    const bench = nfsBench(config)
    const reader = locker(bench, 'node1', 1)
    expect([reader.ask(reader.file, first(reader.open, 2, 0n, 1n)).status, reader.ask(reader.file, first(reader.open, 1, 0n, 1n, 'o', true)).status]).toEqual([10_038, 10_033])
  })

  it('are free when their file is closed, and when a lease has run out', () => {
    const bench = nfsBench(config)
    const [one, two, three] = [locker(bench, 'node1'), locker(bench, 'node2'), locker(bench, 'node3')]
    held(one, first(one.open, 2, 0n, 1n))
    held(two, first(two.open, 2, 5n, 1n))
    expect(one.ask(one.file, close(one.open)).status).toBe(0)
    expect([three.ask(three.file, test(2, 0n, 1n)).status, three.ask(three.file, test(2, 5n, 1n)).status]).toEqual([0, 10_010])
    bench.wait(60e9)
    three.ask(root)
    bench.wait(40e9)
    expect(three.ask(three.file, test(2, 5n, 1n)).status).toBe(0)
    expect(two.ask(root).status).toBe(10_052)
    expect(bench.log.take().filter((line) => line.includes('expired')).length).toBe(1)
  })

  it('can’t be cut into more pieces than a file may have', () => {
    const bench = nfsBench(config)
    const one = locker(bench, 'node1')
    let state = held(one, first(one.open, 2, 0n, 1n))
    let status = 0
    for (let count = 1; status === 0 && count < 5000; count++) {
      status = one.ask(one.file, more({ ...state, sequence: 0 }, 2, BigInt(2 * count), 1n)).status
      state = { ...state, sequence: 0 }
    }
    expect(status).toBe(10_006)
  })

  it('states are told of and given back in 4.1', () => {
    const bench = nfsBench(config)
    const one = locker(bench, 'node1')
    const state = held(one, first(one.open, 2, 0n, 1n))
    const tested = one.ask(op('testStateid', (xdr) => {
      xdr.u32(4)
      for (const each of [one.open, state, { ...state, sequence: 9 }, { sequence: 1, other: new Uint8Array(12).fill(1) }]) putStateWords(xdr, each)
    })).good('testStateid')
    expect(tested.array(4, () => tested.u32())).toEqual([0, 0, 10_025, 10_025])
    const free = (which: StateWords): number => one.ask(op('freeStateid', (xdr) => putStateWords(xdr, which))).status
    expect([free(one.open), free(state)]).toEqual([10_037, 10_037])
    one.ask(one.file, unlock(state, 0n, all))
    expect([free({ ...state, sequence: 0 }), free(state)]).toEqual([0, 10_025])
  })
})

describe('4.0', () => {
  it('counts lock owners, tells the last answer again, and lets them go', () => {
    const bench = nfsBench(config)
    const client = new Client4(bench, 0)
    const id = register(client)
    const srv = put(walk((...ops) => client.ask(...ops), 'srv'))
    const answer = client.ask(srv, open('f', { sequence: 1, client: id, create: 0 }), op('getfh'))
    answer.good('putfh')
    const { state } = readOpen(answer.good('open'))
    const file = put(answer.good('getfh').opaque(128).slice())
    expect(client.ask(file, op('openConfirm', (xdr) => putStateWords(xdr, state).u32(2))).status).toBe(0)
    const begin = op('lock', (xdr) => putStateWords(xdr.u32(2).bool(false).u64(0n).u64(9n).bool(true).u32(3), { ...state, sequence: 2 }).u32(50).u64(id).string('p'))
    const taken = client.ask(file, begin)
    taken.good('putfh')
    const lock = readStateWords(taken.good('lock'))
    expect(client.ask(file, begin).status).toBe(0)
    const off = (sequence: number): number => client.ask(file, op('locku', (xdr) => putStateWords(xdr.u32(2).u32(sequence), lock).u64(0n).u64(9n))).status
    const release = (): number => client.ask(op('releaseLockowner', (xdr) => xdr.u64(id).string('p'))).status
    expect([off(50), off(52), release(), off(51), off(51), release(), release(), off(52)]).toEqual([10_026, 10_026, 10_037, 0, 0, 0, 0, 10_025])
  })
})
