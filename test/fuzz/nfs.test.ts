/** Hostile calls against the NFS service: it never throws, forges no way out, and serves an honest client afterwards. */
import { expect, it } from 'vitest'
import { concat, latin1, putU32be, unhex } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { buildCall, buildSystem } from '../../src/wire/rpc.ts'
import { XdrWriter } from '../../src/wire/xdr.ts'
import { Client, nfsBench, records, sattr } from '../services/nfs/bench.ts'
import { at, Client4, close, createSession, exchange, fattr, getattr, op, type Op, open, read, remove, write } from '../services/nfs/v4/bench.ts'

const rounds = Number(process.env['NETLOOM_FUZZ_ROUNDS'] ?? 4000)
const credential = buildSystem({ stamp: 1, machine: 'node1', uid: 0, gid: 0, groups: [1, 2] })
const config = { exports: { '/srv': { path: './x', write: true, squash: 'none', size: '1M' } } }

function calls(root: Uint8Array): Uint8Array[] {
  const with3 = (procedure: number, args: (xdr: XdrWriter) => unknown): Uint8Array => {
    const xdr = new XdrWriter()
    args(xdr)
    return buildCall({ xid: 1, program: 100_003, version: 3, procedure, credential, payload: xdr.bytes })
  }
  const with4 = (minor: number, ...ops: readonly Op[]): Uint8Array => buildCall({ xid: 1, program: 100_003, version: 4, procedure: 1, credential, payload: Client4.compound(minor, ops) })
  const state = { sequence: 1, other: new Uint8Array(12) }
  return [
    with4(0, op('setclientid', (xdr) => xdr.u64(1n).string('n').u32(1).string('tcp').string('1.2.3.4.5.6').u32(1))),
    with4(0, ...at('srv'), open('f', { client: 7n, create: 0 }), getattr(0, 4, 33), close(state)),
    with4(0, ...at('srv'), op('create', (xdr) => fattr(xdr.u32(2).string('d'), { 33: (each) => each.u32(0o700), 36: (each) => each.string('5') })), remove('d')),
    with4(1, exchange('n')),
    with4(1, createSession(1n, 1)),
    with4(1, op('sequence', (xdr) => xdr.fixed(new Uint8Array(16)).u32(1).u32(0).u32(0).bool(true)), ...at('srv/f'), read(state), write(state, 'x')),
    buildCall({ xid: 1, program: 100_021, version: 4, procedure: 2, credential, payload: new XdrWriter().string('c').bool(true).bool(true).string('n').opaque(root).string('o').u32(1).u64(0n).u64(0n).bool(false).u32(1).bytes }),
    with3(1, (xdr) => xdr.opaque(root)),
    with3(2, (xdr) => sattr(xdr.opaque(root), { mode: 0o777, size: 5, modified: 'server' }).bool(false)),
    with3(3, (xdr) => xdr.opaque(root).string('f')),
    with3(7, (xdr) => xdr.opaque(root).offset(3).u32(4).u32(2).opaque(latin1('data'))),
    with3(8, (xdr) => sattr(xdr.opaque(root).string('g').u32(0), { size: 100 })),
    with3(10, (xdr) => sattr(xdr.opaque(root).string('l')).string('../../etc/passwd')),
    with3(11, (xdr) => sattr(xdr.opaque(root).string('n').u32(4)).u32(1).u32(3)),
    with3(14, (xdr) => xdr.opaque(root).string('g').opaque(root).string('h')),
    with3(15, (xdr) => xdr.opaque(root).opaque(root).string('i')),
    with3(17, (xdr) => xdr.opaque(root).u64(0n).fixed(new Uint8Array(8)).u32(1000).u32(9000)),
    buildCall({ xid: 1, program: 100_005, version: 3, procedure: 1, credential, payload: new XdrWriter().string('/srv/../..').bytes }),
    buildCall({ xid: 1, program: 100_000, version: 4, procedure: 3, payload: new XdrWriter().u32(100_003).u32(3).string('tcp').string('').string('').bytes }),
    buildCall({ xid: 1, program: 100_000, version: 2, procedure: 5, payload: unhex('000186a3 00000003 00000000 00000000') }),
  ]
}

it('stands a flood of broken calls over UDP and TCP', () => {
  const bench = nfsBench(config)
  const client = new Client(bench)
  const root = client.mount('/srv')
  client.create(root, 'f')
  const random = new SeededRandom('fuzz nfs')
  const seeds = calls(root)
  let stream = bench.connect(2049)
  for (let round = 0; round < rounds; round++) {
    const seed = seeds[random.below(seeds.length)]
    const bytes = seed.slice(0, random.below(6) === 0 ? random.below(seed.length + 1) : seed.length)
    if (bytes.length > 4) putU32be(bytes, 0, round)
    for (let times = random.below(4); times > 0 && bytes.length > 8; times--) bytes[4 + random.below(bytes.length - 4)] = [0, 0xff, random.below(256)][random.below(3)]
    bench.say(bytes, [2049, 20_048, 111, 4045, 4046][random.below(5)])
    const mark = new Uint8Array(4)
    putU32be(mark, 0, random.below(50) === 0 ? random.below(2 ** 32) : 0x8000_0000 + bytes.length)
    stream.tell('data', concat(mark, bytes))
    records(stream)
    if (stream.destroyed) stream = bench.connect(2049)
  }
  expect(bench.service.inspect?.()['counters'][0]['connections']).toBeLessThanOrEqual(256)
  const later = new Client(bench)
  const file = later.create(later.mount('/srv'), 'honest')
  expect(later.write(file, 0, latin1('still here')).status).toBe(0)
  expect(later.read(file).text).toBe('still here')
})
