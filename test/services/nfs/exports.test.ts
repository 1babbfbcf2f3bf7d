import { describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/bytes.ts'
import { after, attributes, Client, nfsBench, type NfsBench } from './bench.ts'

const config = { exports: { '/srv': { path: './x', write: true, squash: 'none' } } }

function open(more: object = {}, who = {}): { bench: NfsBench; client: Client; root: Uint8Array } {
  const bench = nfsBench({ exports: { '/srv': { path: './x', write: true, squash: 'none', ...more } } })
  const client = new Client(bench, who)
  return { bench, client, root: client.mount('/srv') }
}

describe('who may do what', () => {
  it('root is squashed unless the export says otherwise', () => {
    const { client, root } = open({ squash: 'root' })
    expect(client.setattr(root, { mode: 0o777 }).status).toBe(1)
    expect(() => client.create(root, 'f')).toThrow('status 13')
  })

  it('everybody is, when all are', () => {
    const bench = nfsBench({ exports: { '/srv': { path: './x', write: true, squash: 'all', uid: 0, gid: 0 } } })
    const client = new Client(bench, { uid: 1000 })
    const root = client.mount('/srv')
    expect(client.getattr(client.create(root, 'f'))).toMatchObject({ uid: 0, gid: 0 })
  })

  it('modes hold; an owner reads his own; programs are read to be run', () => {
    const { client, root } = open()
    const file = client.create(root, 'f', { mode: 0o000, uid: 5 })
    client.write(file, 0, latin1('x'))
    const by = (uid: number, groups: number[] = []) => client.ask(6, (xdr) => xdr.opaque(file).offset(0).u32(1), { uid, groups }).status
    expect([by(5), by(6)]).toEqual([0, 13])
    client.setattr(file, { mode: 0o010, gid: 9 })
    expect([by(6), by(6, [9])]).toEqual([13, 0])
    expect(client.ask(4, (xdr) => xdr.opaque(file).u32(0x3f), { uid: 6, groups: [9] }).xdr.rest().at(-1)).toBe(0x20)
  })

  it('ACCESS tells what the mode says', () => {
    const { client, root } = open()
    const file = client.create(root, 'f', { mode: 0o640 })
    expect(client.access(root)).toBe(0x1f)
    expect(client.access(file)).toBe(0x0d)
    expect(client.access(file, 1)).toBe(1)
  })

  it('nothing is written to a read-only export', () => {
    const { client, root } = open({ write: false })
    expect(() => client.create(root, 'f')).toThrow('status 30')
    expect(client.setattr(root, { mode: 0o777 }).status).toBe(30)
    expect(client.access(root)).toBe(0x03)
  })

  it('a stranger’s network gets nothing, by no handle either', () => {
    const { bench, client, root } = open({ clients: ['10.0.0.0/24'] })
    expect(() => new Client(bench, { address: '10.0.1.2' }).mount('/srv')).toThrow('not mounted')
    expect(client.ask(1, (xdr) => xdr.opaque(root), { address: '10.0.1.2' }).status).toBe(13)
    expect(bench.log.take().at(-1)).toBe('warn nfs.mount-refused: 10.0.1.2 can’t mount /srv: it may not')
  })
})

describe('handles', () => {
  it('last over a restart, with the same seed', () => {
    const first = nfsBench(config)
    const root = new Client(first).mount('/srv')
    const second = new Client(nfsBench(config))
    expect(second.getattr(root).type).toBe(2)
    const other = new Client(nfsBench(config, { seed: 2 }))
    expect(other.ask(1, (xdr) => xdr.opaque(root)).status).toBe(10_001)
  })

  it('that nobody gave are refused, whatever was changed in them', () => {
    const { client, root } = open()
    for (let at = 0; at < root.length; at++) {
      const forged = root.slice()
      forged[at] ^= 1
      expect(client.ask(1, (xdr) => xdr.opaque(forged)).status).toBe(10_001)
    }
    for (const length of [0, 1, 28, 31, 33, 64]) expect(client.ask(1, (xdr) => xdr.opaque(new Uint8Array(length))).status).toBe(10_001)
  })

  it('of a file that a lost lab had made are stale', () => {
    const { client, root } = open()
    const file = client.create(root, 'f')
    const later = new Client(nfsBench(config))
    expect(later.ask(1, (xdr) => xdr.opaque(file)).status).toBe(70)
  })

  it('tell the attributes of what they stand for, in the lookup too', () => {
    const { client, root } = open()
    client.create(root, 'f')
    const { xdr } = client.named(3, root, 'f')
    const handle = xdr.opaque(64)
    expect(after(xdr)).toEqual(client.getattr(handle))
    expect(after(xdr)).toEqual(client.getattr(root))
    xdr.end()
    const { xdr: plain } = client.ask(1, (each) => each.opaque(handle))
    expect(attributes(plain).type).toBe(1)
  })
})
