import { describe, expect, it } from 'vitest'
import { nfsBench, type NfsBench } from '../bench.ts'
import { MemoryJournals } from '../../bench.ts'
import { type Answer, at, Client4, Client41, close, fattr, lookup, op, type Op, open, type Opened, put, putStateWords, read, readOpen, readStateWords, readText, register, remove, root, type StateWords, walk, write } from './bench.ts'

const config = { exports: { '/srv': { path: './x', write: true, squash: 'none' } }, state: './state' }

/** A 4.0 client at /srv, and one owner that has opened nothing yet. */
function client40(bench = nfsBench(config), name = 'node1', uid = 0): { bench: NfsBench; client: Client4; id: bigint; srv: Op } {
  const client = new Client4(bench, 0, uid)
  const id = register(client, name)
  return { bench, client, id, srv: put(walk((...ops) => client.ask(...ops), 'srv')) }
}

const opened = (answer: Answer, before: readonly ('putfh' | 'putrootfh' | 'lookup')[] = ['putfh']): Opened => {
  for (const name of before) answer.good(name)
  return readOpen(answer.good('open'))
}

/** OPEN's file as 4.1 has it after it: the handle. */
const handleAfter = (answer: Answer): { opened: Opened; handle: Uint8Array } => {
  answer.good('putfh')
  const result = readOpen(answer.good('open'))
  return { opened: result, handle: answer.good('getfh').opaque(128).slice() }
}

const confirm = (state: StateWords, sequence: number): Op => op('openConfirm', (xdr) => putStateWords(xdr, state).u32(sequence))

/** Makes and opens `name` for a fresh owner, up to its confirmation. */
function confirmed({ client, id, srv }: ReturnType<typeof client40>, name: string, owner = 'o', wish = {}): { state: StateWords; file: Op; next: number } {
  const made = handleAfter(client.ask(srv, open(name, { sequence: 1, client: id, owner, create: 0, ...wish }), op('getfh')))
  const file = put(made.handle)
  expect(made.opened.flags & 2).toBe(2)
  const answer = client.ask(file, confirm(made.opened.state, 2))
  answer.good('putfh')
  return { state: readStateWords(answer.good('openConfirm')), file, next: 3 }
}

describe('4.0: an owner', () => {
  it('opens, confirms, writes, reads and closes', () => {
    const all = client40()
    const { state, file, next } = confirmed(all, 'f')
    expect(all.client.ask(file, write(state, 'hello')).status).toBe(0)
    const answer = all.client.ask(file, read(state, 1))
    answer.good('putfh')
    expect(readText(answer.good('read'))).toEqual({ eof: true, text: 'ello' })
    expect(all.client.ask(file, close(state, next)).status).toBe(0)
    expect(all.client.ask(file, read(state)).status).toBe(10_025)
  })

  it('gets the last answer again, and nothing out of order', () => {
    const all = client40()
    const { state, file, next } = confirmed(all, 'f')
    expect(all.client.ask(file, confirm({ ...state, sequence: 1 }, 2)).status).toBe(0)
    expect([all.client.ask(file, close(state, next + 1)).status, all.client.ask(file, close(state, next)).status, all.client.ask(file, close(state, next)).status]).toEqual([10_026, 0, 0])
    const again = all.client.ask(all.srv, open('f', { sequence: next + 1, client: all.id }), op('getfh'))
    const second = all.client.ask(all.srv, open('f', { sequence: next + 1, client: all.id }), op('getfh'))
    expect(handleAfter(again)).toEqual(handleAfter(second))
  })

  it('that was not confirmed begins anew', () => {
    const { client, id, srv } = client40()
    const first = opened(client.ask(srv, open('f', { sequence: 5, client: id, create: 0 })))
    expect(client.ask(srv, lookup('f'), write(first.state, 'x')).status).toBe(0)
    const second = opened(client.ask(srv, open('f', { sequence: 90, client: id })))
    expect(second.state.other).not.toEqual(first.state.other)
    expect(client.ask(srv, lookup('f'), read(first.state)).status).toBe(10_025)
  })

  it('with a number of nobody, of before a restart, or whose time ran out is told so', () => {
    const { bench, client, id, srv } = client40()
    expect(client.ask(srv, open('f', { client: 5n, create: 0 })).status).toBe(10_022)
    expect(client.ask(op('renew', (xdr) => xdr.u64(id))).status).toBe(0)
    bench.wait(91e9)
    expect(client.ask(op('renew', (xdr) => xdr.u64(id))).status).toBe(10_011)
    expect(client.ask(srv, open('f', { client: id, create: 0 })).status).toBe(10_011)
    const stale = { sequence: 1, other: new Uint8Array(12).fill(7) }
    expect(client.ask(srv, read(stale)).status).toBe(21)
  })
})

describe('4.0: SETCLIENTID', () => {
  it('of somebody else’s name is refused while he holds something', () => {
    const all = client40()
    confirmed(all, 'f')
    const other = new Client4(all.bench, 0, 9)
    const ask = (): Answer => other.ask(op('setclientid', (xdr) => xdr.u32(0).u32(1).string('node1').u32(1).string('tcp').string('x').u32(1)))
    const refused = ask()
    expect(refused.next('setclientid')).toBe(10_017)
    expect([refused.xdr.string(9), refused.xdr.string(20)]).toEqual(['tcp', '10.0.0.2.0.0'])
    all.bench.wait(91e9)
    expect(ask().status).toBe(0)
  })

  it('of a client that was restarted frees what it had', () => {
    const all = client40()
    confirmed(all, 'f', 'o', { deny: 3 })
    const id = register(all.client, 'node1', 2)
    expect(id).not.toBe(all.id)
    expect(all.client.ask(all.srv, open('f', { sequence: 1, client: id, deny: 3 })).status).toBe(0)
  })

  it('is confirmed only with what was told', () => {
    const { client, id } = client40()
    expect(client.ask(op('setclientidConfirm', (xdr) => xdr.u64(id).fixed(new Uint8Array(8)))).status).toBe(10_022)
  })
})

describe('OPEN', () => {
  const session = (bench = nfsBench(config), name = 'node1', uid = 0): { bench: NfsBench; client: Client41; srv: Op } => {
    const client = new Client41(bench, name, { uid })
    return { bench, client, srv: put(walk((...ops) => client.ask(...ops), 'srv')) }
  }

  it.each([[{}, 2], [{ create: 0 }, 0], [{ create: 1 }, 0], [{ access: 0 }, 22], [{ deny: 4 }, 22], [{ claim: 4, create: 0 }, 22]])('of what is not there with %j: %i', (wish, status) => {
    const { client, srv } = session()
    expect(client.ask(srv, open('f', wish)).status).toBe(status)
  })

  it('guarded finds it there, exclusively only for the same verifier', () => {
    const { client, srv } = session()
    const exclusive = (word: number): Op => open('f', { create: 3, how: (xdr) => fattr(xdr.u32(9).u32(word), { 33: (each) => each.u32(0o400) }) })
    expect([client.ask(srv, exclusive(1)).status, client.ask(srv, exclusive(1)).status, client.ask(srv, exclusive(2)).status]).toEqual([0, 0, 17])
    expect(client.ask(srv, open('f', { create: 1 })).status).toBe(17)
    expect(client.ask(srv, open('g', { create: 3, how: (xdr) => fattr(xdr.u32(9).u32(9), { 48: (each) => each.u32(0) }) })).status).toBe(22)
  })

  it('unchecked of what is there cuts it, and nothing else', () => {
    const { bench, client, srv } = session()
    const id = bench.volume.create(bench.volume.root, 'f', { kind: 'file', mode: 0o600, uid: 0, gid: 0 })
    bench.volume.write(id, 0, new Uint8Array(9))
    expect(client.ask(srv, open('f', { create: 0, how: (xdr) => fattr(xdr, { 4: (each) => each.offset(0), 33: (each) => each.u32(0o777) }) })).status).toBe(0)
    expect(bench.volume.attributes(id)).toMatchObject({ size: 0, mode: 0o600 })
  })

  it('of what is no file is refused', () => {
    const { bench, client, srv } = session()
    for (const kind of ['folder', 'link', 'fifo'] as const) bench.volume.create(bench.volume.root, kind, { kind, mode: 0o777, uid: 0, gid: 0, target: 'x' })
    expect(['folder', 'link', 'fifo'].map((name) => client.ask(srv, open(name)).status)).toEqual([21, 10_029, 10_083])
    const old = client40(bench)
    expect(['folder', 'link', 'fifo'].map((name, at) => old.client.ask(old.srv, open(name, { client: old.id, sequence: at })).status)).toEqual([21, 10_029, 10_029])
  })

  it('goes by the mode, but who made a file has it as he asked', () => {
    const { client, srv } = session(undefined, 'node1', 5)
    const { bench } = client.bare
    bench.volume.change(bench.volume.root, { mode: 0o777 })
    const made = client.ask(srv, open('f', { create: 1, how: (xdr) => fattr(xdr, { 33: (each) => each.u32(0) }) }), op('getfh'))
    const { opened: { state }, handle } = handleAfter(made)
    expect([client.ask(put(handle), write(state, 'x')).status, client.ask(srv, open('f')).status]).toEqual([0, 13])
  })

  it('shares as it was told to', () => {
    const one = session()
    const two = session(one.bench, 'node2')
    const { opened: { state }, handle } = handleAfter(one.client.ask(one.srv, open('f', { create: 0, access: 1, deny: 2 }), op('getfh')))
    expect([two.client.ask(two.srv, open('f', { access: 2 })).status, two.client.ask(two.srv, open('f', { access: 1, deny: 1 })).status, two.client.ask(two.srv, open('f', { access: 1 })).status]).toEqual([10_015, 10_015, 0])
    const zero = { sequence: 0, other: new Uint8Array(12) }
    expect([two.client.ask(put(handle), write(zero, 'x')).status, two.client.ask(put(handle), read(zero)).status]).toEqual([10_012, 0])
    expect(one.client.ask(put(handle), write(state, 'x')).status).toBe(10_038)
    expect(one.client.ask(put(handle), close(state)).status).toBe(0)
    expect(two.client.ask(two.srv, open('f', { access: 2 })).status).toBe(0)
  })

  it('is narrowed to what it was made of', () => {
    const { client, srv } = session()
    const { opened: { state }, handle } = handleAfter(client.ask(srv, open('f', { create: 0, access: 1 }), op('getfh')))
    client.ask(srv, open('f', { access: 3, deny: 1 }))
    const down = (access: number, deny: number): number => client.ask(put(handle), op('openDowngrade', (xdr) => putStateWords(xdr, { ...state, sequence: 0 }).u32(0).u32(access).u32(deny))).status
    expect([down(2, 0), down(3, 0), down(1, 1), down(1, 0), down(3, 1)]).toEqual([22, 22, 22, 0, 22])
    expect(client.ask(put(handle), write({ ...state, sequence: 0 }, 'x')).status).toBe(10_038)
  })

  it('keeps a file that loses its name', () => {
    const { client, srv } = session()
    const { opened: { state }, handle } = handleAfter(client.ask(srv, open('f', { create: 0 }), op('getfh')))
    client.ask(put(handle), write(state, 'kept'))
    expect(client.ask(srv, remove('f')).status).toBe(0)
    const answer = client.ask(put(handle), read(state))
    answer.good('putfh')
    expect(readText(answer.good('read')).text).toBe('kept')
    expect(client.ask(put(handle), close(state)).status).toBe(0)
    expect(client.ask(put(handle)).status).toBe(70)
  })

  it('gives no delegation, and says why when one was wished for', () => {
    const { client, srv } = session()
    const answer = client.ask(srv, open('f', { create: 0, access: 0x0103 }))
    answer.good('putfh')
    const xdr = answer.good('open')
    xdr.fixed(16 + 20 + 4)
    xdr.array(8, () => xdr.u32())
    expect([xdr.u32(), xdr.u32()]).toEqual([3, 3])
    expect(client.ask(op('delegreturn', (each) => putStateWords(each, { sequence: 1, other: new Uint8Array(12) }))).status).toBe(10_025)
  })
})

describe('after a restart', () => {
  it('who was there before comes first, and others wait', () => {
    const journals = new MemoryJournals()
    const before = nfsBench(config, { journals })
    const client = new Client41(before)
    before.service.close()
    const bench = nfsBench(config, { journals, volumes: { './x': before.volume } })
    expect(bench.log.take()[0]).toContain('1 clients had files open before the restart')
    const id = before.volume.create(before.volume.root, 'f', { kind: 'file', mode: 0o644, uid: 0, gid: 0 })
    expect(before.volume.attributes(id).size).toBe(0)
    const stranger = new Client41(bench, 'node2')
    const strangersWay = put(walk((...ops) => stranger.ask(...ops), 'srv'))
    expect(stranger.ask(strangersWay, open('f')).status).toBe(10_013)
    expect(new Client4(bench, 1).ask(client.lead(9), root).status).toBe(10_052)
    const back = new Client41(bench, 'node1', { complete: false })
    const file = put(walk((...ops) => back.ask(...ops), 'srv/f'))
    expect([back.ask(file, open('', { claim: 4 })).status, back.ask(file, open('', { claim: 1 })).status]).toEqual([10_013, 0])
    back.ask(op('reclaimComplete', (xdr) => xdr.bool(false)))
    expect([back.ask(file, open('', { claim: 1 })).status, stranger.ask(strangersWay, open('f')).status]).toEqual([10_033, 0])
  })

  it('nobody is waited for when nobody was there, or longer than a lease', () => {
    const journals = new MemoryJournals()
    const first = nfsBench(config, { journals })
    expect(new Client41(first).ask(...at('srv'), open('f', { create: 0 })).status).toBe(0)
    first.service.close()
    const second = nfsBench(config, { journals })
    const client = new Client41(second, 'node2')
    expect(client.ask(...at('srv'), open('f', { create: 0 })).status).toBe(10_013)
    second.wait(60e9)
    client.ask(root)
    second.wait(31e9)
    expect(client.ask(...at('srv'), open('f', { create: 0 })).status).toBe(0)
    second.service.close()
  })
})

it('files that one client has open are bounded, and what it closes makes room', { timeout: 20_000 }, () => {
  const client = new Client41(nfsBench(config))
  const srv = put(walk((...ops) => client.ask(...ops), 'srv'))
  let last = client.ask(srv, open('f', { create: 0 }))
  const first = opened(last)
  let count = 0
  for (; last.status === 0; count += 7) last = client.ask(srv, ...Array.from({ length: 7 }, (_, at) => [open('f', { owner: `o${count + at}` }), srv]).flat().slice(0, 13))
  expect([count > 8000 && count <= 16_400, last.status]).toEqual([true, 10_006])
  const file = put(walk((...ops) => client.ask(...ops), 'srv/f'))
  expect([client.ask(file, close(first.state)).status, client.ask(srv, open('f', { owner: 'last' })).status]).toEqual([0, 0])
})
