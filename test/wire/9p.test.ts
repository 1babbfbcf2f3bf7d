import { describe, expect, it } from 'vitest'
import { concat, latin1, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { SeededRandom } from '../../src/base/random.ts'
import * as ninep from '../../src/wire/9p.ts'

const version = concat(
  unhex('15000000'), // size
  unhex('64'), // Tversion
  unhex('ffff'), // tag: none
  unhex('20a10700'), // msize 500000
  unhex('0800'), latin1('9P2000.L'),
)
const getattrReply = concat(
  unhex('a0000000 19 0300'), // size, Rgetattr, tag 3
  unhex('ff07000000000000'), // valid: basic
  unhex('80 04030201 0500000000000800'), // qid: a folder, version, path 2^51 + 5
  unhex('ed410000'), // mode 040755
  unhex('00000000 e8030000'), // uid 0, gid 1000
  unhex('0200000000000000'), // links
  unhex('0000000000000000'), // device
  unhex('0010000000000000'), // size
  unhex('00a0070000000000'), // block size
  unhex('0800000000000000'), // blocks
  unhex('ffffffffffffffff ffc99a3b00000000'), // accessed: one second and 999,999,999 ns round 1970
  unhex('0065cd1d00000000 0100000000000000'), // modified
  unhex('0000000001000000 0200000000000000'), // changed: 2^32 s
  new Uint8Array(16), // born
  new Uint8Array(16), // generation, data version
)
const getattrFields: ninep.ReplyFields<'getattr'> = {
  valid: 0x7ff, qid: { type: 0x80, version: 0x0102_0304, path: 2 ** 51 + 5 }, mode: 0o40755, uid: 0, gid: 1000, links: 2, device: 0, size: 4096, blockSize: 499_712, blocks: 8,
  accessed: -1, accessedNs: 999_999_999, modified: 500_000_000, modifiedNs: 1, changed: 2 ** 32, changedNs: 2, born: 0, bornNs: 0, generation: 0, dataVersion: 0,
}

describe('9P2000.L', () => {
  it('reads and builds a version request, byte for byte', () => {
    expect(ninep.parse(version)).toEqual({ message: 'version', tag: 0xffff, msize: 500_000, version: '9P2000.L' })
    expect(ninep.build('version', ninep.noTag, { msize: 500_000, version: '9P2000.L' })).toEqual(version)
  })

  it('reads and builds a walk, whose names are bytes', () => {
    const walk = concat(unhex('1f000000 6e 0100'), unhex('00000000'), unhex('07000000'), unhex('0300'), unhex('0200'), latin1('..'), unhex('0300'), latin1('\xe9tc'), unhex('0100'), latin1(' '))
    const fields = { fid: 0, newFid: 7, names: ['..', '\xe9tc', ' '] }
    expect(ninep.parse(walk.with(0, walk.length))).toEqual({ message: 'walk', tag: 1, ...fields })
    expect(ninep.build('walk', 1, fields)).toEqual(walk.with(0, walk.length))
    expect(ninep.format(ninep.parse(walk.with(0, walk.length)))).toBe('walk 1 fid=0 newFid=7 names=[..,\xe9tc, ]')
  })

  it('reads and builds attributes, with times on either side of 1970', () => {
    const bytes = getattrReply.with(0, getattrReply.length)
    expect(ninep.buildReply('getattr', 3, getattrFields)).toEqual(bytes)
    expect(ninep.parseReply(bytes)).toEqual({ message: 'getattr', tag: 3, ...getattrFields })
  })

  it('builds an error, the head of a read and an entry of a listing', () => {
    expect(ninep.buildReply('lerror', 0x1234, { code: 2 })).toEqual(unhex('0b000000 07 3412 02000000'))
    expect(ninep.readHead('read', 1, 5)).toEqual(unhex('10000000 75 0100 05000000'))
    expect(ninep.entry({ type: 2, version: 1, path: 9 }, 3, 10, 'ab')).toEqual(unhex('02 01000000 0900000000000000 0300000000000000 0a 0200 6162'))
  })

  it('takes an fsync of either length', () => {
    expect(ninep.parse(unhex('0b000000 32 0100 05000000'))).toEqual({ message: 'fsync', tag: 1, fid: 5, dataOnly: 0 })
    expect(ninep.parse(unhex('0f000000 32 0100 05000000 01000000'))).toEqual({ message: 'fsync', tag: 1, fid: 5, dataOnly: 1 })
  })

  it('refuses what is cut short, too long, of no known kind, or has more names than sixteen', () => {
    for (let length = 0; length < version.length; length++) expect(() => ninep.parse(version.subarray(0, length))).toThrow(Malformed)
    expect(() => ninep.parse(concat(version, Uint8Array.of(0)))).toThrow('9p version: bytes left over')
    expect(() => ninep.parse(unhex('07000000 63 0000'))).toThrow('9p: a request of type 99')
    expect(() => ninep.parseReply(unhex('07000000 08 0000'))).toThrow('9p: an answer of type 8')
    expect(() => ninep.parse(concat(unhex('00000000 6e 0000 00000000 01000000 1100'), new Uint8Array(34)))).toThrow('9p walk: 17 names')
  })

  it('reads back every request and answer it builds', () => {
    const random = new SeededRandom('9p')
    const some = { u8: () => random.below(256), u16: () => random.below(65_536), u32: () => random.below(2 ** 32), u64: () => random.below(2 ** 32) * 2 ** 20, i64: () => random.below(2 ** 32) - 2 ** 31, text: () => 'n'.repeat(random.below(20)), texts: () => ['a', '', 'ccc'], data: () => random.bytes(random.below(50)), qid: () => ({ type: 1, version: 2, path: 3 }), qids: () => [{ type: 128, version: 0, path: 2 ** 51 }] }
    const fieldsOf = (layout: Readonly<Record<string, keyof typeof some>>): Record<string, unknown> => Object.fromEntries(Object.entries(layout).map(([field, kind]) => [field, some[kind]()]))
    for (const [name, [, layout]] of Object.entries(ninep.requests)) {
      const fields = fieldsOf(layout)
      expect(ninep.parse(ninep.build(name as 'walk', 9, fields as never))).toEqual({ message: name, tag: 9, ...fields })
    }
    for (const [name, [, layout]] of Object.entries(ninep.replies)) {
      const fields = fieldsOf(layout)
      const reply = ninep.parseReply(ninep.buildReply(name as 'walk', 9, fields as never))
      expect(reply).toEqual({ message: name, tag: 9, ...fields })
      expect(ninep.format(reply)).toContain(`${name} 9`)
    }
  })

  it('throws nothing but Malformed, whatever it is given', () => {
    const random = new SeededRandom('hostile')
    const numbers = [...Object.values(ninep.requests), ...Object.values(ninep.replies)].map(([number]) => number)
    for (let round = 0; round < 5000; round++) {
      const bytes = random.bytes(7 + random.below(60))
      bytes[4] = numbers[random.below(numbers.length)]
      for (const read of [ninep.parse, ninep.parseReply]) {
        try {
          ninep.format(read(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed)
        }
      }
    }
  })
})
