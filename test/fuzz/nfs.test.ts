/** Hostile calls against the NFS service: it never throws, forges no way out, and serves an honest client afterwards. */
import { expect, it } from 'vitest'
import { concat, latin1, putU32be, unhex } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { buildCall, buildSystem } from '../../src/wire/rpc.ts'
import { XdrWriter } from '../../src/wire/xdr.ts'
import { Client, nfsBench, records, sattr } from '../services/nfs/bench.ts'

const rounds = Number(process.env['NETLOOM_FUZZ_ROUNDS'] ?? 4000)
const credential = buildSystem({ stamp: 1, machine: 'node1', uid: 0, gid: 0, groups: [1, 2] })
const config = { exports: { '/srv': { path: './x', write: true, squash: 'none', size: '1M' } } }

function calls(root: Uint8Array): Uint8Array[] {
  const with3 = (procedure: number, args: (xdr: XdrWriter) => unknown): Uint8Array => {
    const xdr = new XdrWriter()
    args(xdr)
    return buildCall({ xid: 1, program: 100_003, version: 3, procedure, credential, payload: xdr.bytes })
  }
  return [
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
    bench.say(bytes, [2049, 20_048, 111][random.below(3)])
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
