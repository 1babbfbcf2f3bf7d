import { describe, expect, it } from 'vitest'
import { latin1, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { pack, unpack } from '../../src/wire/dhcp-options.ts'

const none = new Uint8Array(0)

describe('unpack', () => {
  it('passes over pads, stops at the end, keeps the order', () => {
    const { options } = unpack({ options: unhex('00 35 01 01 00 00 37 03 01 03 06 ff 0c 01 61'), file: none, sname: none })
    expect(options).toEqual([{ code: 53, data: unhex('01') }, { code: 55, data: unhex('010306') }])
  })

  it('joins the pieces of one code, also across fields, in the order options, file, sname', () => {
    const { options, overload } = unpack({ options: unhex('43 01 61 34 01 03 43 01 62 ff'), file: unhex('43 01 63 ff'), sname: unhex('43 01 64 0c 01 78 ff') })
    expect(options).toEqual([{ code: 67, data: latin1('abcd') }, { code: 12, data: latin1('x') }])
    expect(overload).toBe(3)
  })

  it('does not look into fields that are not overloaded', () => {
    expect(unpack({ options: unhex('ff'), file: unhex('0c 01 61 ff'), sname: unhex('0c 01 61 ff') })).toEqual({ options: [], overload: 0 })
  })

  it('takes a field without an end, and an option without data', () => {
    expect(unpack({ options: unhex('50 00'), file: none, sname: none }).options).toEqual([{ code: 80, data: none }])
  })

  it.each([['0c'], ['0c 05 61'], ['35 01 01 0c ff 00']])('calls %s malformed', (wrong) => {
    expect(() => unpack({ options: unhex(wrong), file: none, sname: none })).toThrow(Malformed)
  })
})

describe('pack', () => {
  const roomy = { options: 308, file: 0, sname: 0 }

  it('writes options in their order and ends with 255', () => {
    expect(pack([{ code: 53, data: unhex('02') }, { code: 1, data: unhex('ffffff00') }], roomy).options).toEqual(unhex('35 01 02 01 04 ff ff ff 00 ff'))
  })

  it('cuts what is longer than 255 bytes into pieces', () => {
    const long = new Uint8Array(300).fill(0x5a)
    const { options } = pack([{ code: 43, data: long }], { ...roomy, options: 400 })
    expect(options.length).toBe(2 + 255 + 2 + 45 + 1)
    expect([options[0], options[1], options[257], options[258]]).toEqual([43, 255, 43, 45])
    expect(unpack({ options, file: none, sname: none }).options).toEqual([{ code: 43, data: long }])
  })

  it('leaves out what does not fit and says so, but goes on with what does', () => {
    const packed = pack([{ code: 53, data: unhex('02') }, { code: 43, data: new Uint8Array(9) }, { code: 3, data: unhex('0a000001') }], { options: 12, file: 0, sname: 0 })
    expect(packed.options).toEqual(unhex('35 01 02 03 04 0a 00 00 01 ff'))
    expect(packed.left).toEqual([43])
  })

  it('overloads file, then sname, only when it must', () => {
    const options = [{ code: 53, data: unhex('02') }, { code: 12, data: new Uint8Array(10) }, { code: 15, data: new Uint8Array(10) }]
    expect(pack(options, { options: 28, file: 128, sname: 64 })).toMatchObject({ file: none, sname: none, left: [] })
    const packed = pack(options, { options: 20, file: 13, sname: 64 })
    expect(packed.options).toEqual(unhex(`35 01 02 0c 0a ${'00'.repeat(10)} 34 01 01 ff`))
    expect(packed.file).toEqual(unhex(`0f 0a ${'00'.repeat(10)} ff`))
    expect(packed.sname).toEqual(none)
    expect(unpack(packed).options.map((option) => option.code)).toEqual([53, 12, 15])
  })
})
