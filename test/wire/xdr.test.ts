import { describe, expect, it } from 'vitest'
import { hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { XdrReader, XdrWriter } from '../../src/wire/xdr.ts'

describe('what is written', () => {
  it('is words, padded with zeroes', () => {
    const xdr = new XdrWriter(4)
    xdr.u32(0xfffffffe).u64(2n ** 63n).offset(2 ** 52 + 1).bool(true).opaque(unhex('a5a5a5a5a5')).string('ab').fixed(unhex('a5'))
    xdr.optional(undefined, () => xdr.u32(9)).optional(7, (value) => xdr.u32(value)).list([1, 2], (value) => xdr.u32(value))
    expect(hex(xdr.bytes, ' ')).toBe(
      [
        'ff ff ff fe', '80 00 00 00 00 00 00 00', '00 10 00 00 00 00 00 01', '00 00 00 01', '00 00 00 05 a5 a5 a5 a5 a5 00 00 00', '00 00 00 02 61 62 00 00', 'a5 00 00 00',
        '00 00 00 00', '00 00 00 01 00 00 00 07', '00 00 00 01 00 00 00 01 00 00 00 01 00 00 00 02 00 00 00 00',
      ].join(' '),
    )
  })

  it('can be taken back and written over, and leaves its headroom alone', () => {
    const xdr = new XdrWriter(0, 4)
    xdr.u32(1).u32(2).patch(0, 3).cut(4)
    expect([hex(xdr.bytes), hex(xdr.framed), xdr.length]).toEqual(['00000003', '0000000000000003', 4])
    expect(() => xdr.patch(4, 1)).toThrow('patch')
  })

  it('leaves no old bytes in padding after a cut', () => {
    const xdr = new XdrWriter().fixed(unhex('a5a5a5a5a5a5a5a5')).cut(0).opaque(unhex('01')).cut(0).string('x')
    expect(hex(xdr.bytes)).toBe('0000000178000000')
  })
})

describe('what is read', () => {
  it('is what was written', () => {
    const xdr = new XdrReader(new XdrWriter().u32(5).u64(6n).offset(2 ** 40).bool(false).opaque(unhex('0102')).string('\xff').list([3], () => undefined).bytes)
    expect([xdr.i32(), xdr.u64(), xdr.offset(), xdr.bool(), hex(xdr.opaque(2)), xdr.string(1), xdr.list(1, () => 'item').length]).toEqual([5, 6n, 2 ** 40, false, '0102', '\xff', 1])
    xdr.end()
  })

  it('beyond what doubles count is 2^53', () => {
    expect(new XdrReader(unhex('ffffffffffffffff')).offset()).toBe(2 ** 53)
    expect(new XdrReader(unhex('001fffffffffffff')).offset()).toBe(2 ** 53 - 1)
  })

  it.each<[string, string, (xdr: XdrReader) => unknown]>([
    ['a word cut short', '000000', (xdr) => xdr.u32()],
    ['a boolean of 2', '00000002', (xdr) => xdr.bool()],
    ['opaque data longer than its bound', '00000005 0102030405000000', (xdr) => xdr.opaque(4)],
    ['a length that lies', 'ffffffff 00', (xdr) => xdr.opaque(2 ** 32)],
    ['padding that is missing', '00000001 01', (xdr) => xdr.opaque(9)],
    ['padding that is not zero', '00000001 01000001', (xdr) => xdr.opaque(9)],
    ['a count that lies', 'ffffffff 00000000', (xdr) => xdr.array(2 ** 32, () => xdr.u32())],
    ['a count above its bound', '00000003 000000010000000200000003', (xdr) => xdr.array(2, () => xdr.u32())],
    ['a list above its bound', '00000001 00000001 00000000', (xdr) => xdr.list(1, () => 0)],
    ['a list without end', '00000001', (xdr) => xdr.list(99, () => 0)],
    ['bytes left over', '00000001', (xdr) => xdr.end()],
  ])('%s is malformed', (_, bytes, read) => {
    expect(() => read(new XdrReader(unhex(bytes)))).toThrow(Malformed)
  })
})
