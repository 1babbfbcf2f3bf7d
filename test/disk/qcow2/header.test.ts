import { describe, expect, it } from 'vitest'
import { latin1, unhex } from '../../../src/base/bytes.ts'
import { parseHeader } from '../../../src/disk/qcow2/header.ts'
import { MemoryFile } from '../memory-file.ts'

const header = (change: Readonly<Record<number, string>> = {}): MemoryFile => {
  const bytes = new Uint8Array(65_536)
  bytes.set(
    unhex(
      [
        '514649fb', // magic
        '00000003', // version
        '0000000000000170 00000008', // where the base's name is
        '00000010', // clusters of 64 KiB
        '0000000001000000', // 16 MiB
        '00000000', // no encryption
        '00000001 0000000000030000', // first-level table
        '0000000000010000 00000001', // refcount table
        '00000000 0000000000000000', // no snapshots
        '0000000000000000', // incompatible
        '0000000000000001', // compatible: lazy refcounts
        '0000000000000000', // autoclear
        '00000004', // refcounts of 16 bits
        '00000070', // header length
        '0000000000000000', // zlib
        'e2792aca 00000003 7261770000000000', // format of the base: raw
        '12345678 00000001 ff00000000000000', // an extension that nobody knows
        '00000000 00000000', // no more
      ].join(''),
    ),
  )
  bytes.set(latin1('base.img'), 0x170)
  for (const [at, text] of Object.entries(change)) bytes.set(unhex(text), Number(at))
  return new MemoryFile('a.qcow2', bytes)
}

describe('the header of a qcow2 image', () => {
  it('is read field by field', () => {
    expect(parseHeader(header())).toEqual({
      version: 3,
      clusterBits: 16,
      clusterBytes: 65_536,
      size: 16 << 20,
      l1Entries: 1,
      l1Position: 0x3_0000,
      refcountTablePosition: 0x1_0000,
      refcountTableClusters: 1,
      snapshots: 0,
      snapshotsPosition: 0,
      incompatible: 0,
      compatible: 1,
      autoclear: 0,
      refcountOrder: 4,
      length: 112,
      compression: 'zlib',
      backing: 'base.img',
      backingFormat: 'raw',
      dataFile: undefined,
    })
  })

  it.each([
    ['subclusters', { 79: '10' }, 'has subclusters (extended_l2)'],
    ['an unknown feature', { 79: '20' }, 'nobody had thought of'],
    ['encryption', { 35: '01' }, 'is encrypted'],
    ['tiny clusters', { 23: '08' }, 'clusters of 2^8 bytes'],
    ['huge clusters', { 20: 'ffffffff' }, 'clusters of 2^4294967295'],
    ['a giant first-level table', { 36: '7fffffff' }, 'a first-level table of 2147483647 entries'],
    ['too small a first-level table', { 24: '0000100000000000' }, 'too small for the disk'],
    ['a giant refcount table', { 56: '00ffffff' }, 'a refcount table of 16777215 clusters'],
    ['too many snapshots', { 60: 'ffffffff' }, '4294967295 snapshots'],
    ['a name behind the first cluster', { 8: '0000000000020000' }, 'does not lie in the first cluster'],
    ['an endless extension', { 116: 'fffffff0' }, 'leaves the first cluster'],
    ['an odd size', { 31: '01' }, 'not whole sectors'],
    ['a compression nobody knows', { 79: '08', 104: '02' }, 'compressed in an unknown way'],
  ] as const)('with %s is refused', (_what, change, why) => {
    expect(() => parseHeader(header(change as Readonly<Record<number, string>>))).toThrow(why)
  })
})
