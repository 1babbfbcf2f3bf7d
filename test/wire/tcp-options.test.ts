import { describe, expect, it } from 'vitest'
import { hex, unhex } from '../../src/base/bytes.ts'
import { AssertionError } from '../../src/base/errors.ts'
import { buildOptions, formatOptions, parseOptions } from '../../src/wire/tcp-options.ts'

describe('TCP options', () => {
  it('parses what Linux sends with a SYN', () => {
    const options = parseOptions(unhex('020405b4 0402 080a 00000064 00000000 01 030307'))
    expect(options).toEqual({ mss: 1460, sackPermitted: true, timestamps: { value: 100, echo: 0 }, windowScale: 7 })
    expect(formatOptions(options)).toBe('mss 1460 sack permitted ts 100/0 scale 7')
  })

  it('builds the same', () => {
    expect(hex(buildOptions({ mss: 1460, sackPermitted: true, timestamps: { value: 100, echo: 0 }, windowScale: 7 }))).toBe('020405b40402080a000000640000000001030307')
  })

  it('aligns timestamps and SACK blocks with no-operations', () => {
    const options = { timestamps: { value: 1, echo: 2 }, sack: [[10, 20], [30, 0xffff_ffff]] } as const
    const built = buildOptions(options)
    expect(hex(built)).toBe('0101080a0000000100000002010105120000000a000000140000001effffffff')
    expect(parseOptions(built)).toEqual(options)
    expect(formatOptions(options)).toBe('ts 1/2 sack 10-20 30-4294967295')
  })

  it('builds SACK permitted alone and nothing from nothing', () => {
    expect(hex(buildOptions({ sackPermitted: true }))).toBe('01010402')
    expect(buildOptions({}).length).toBe(0)
  })

  it('caps the window scale at 14', () => {
    expect(parseOptions(unhex('0303ff'))).toEqual({ windowScale: 14 })
  })

  it.each([
    ['nothing behind the end of the list', '00 020405b4', {}],
    ['no option of a wrong length, but those behind it', '0205 05b400 030307', { windowScale: 7 }],
    ['no unknown option', 'fe04dead 030307', { windowScale: 7 }],
    ['nothing behind a length of 0', '0200 030307', {}],
    ['nothing behind a length beyond the end', '0204 05', {}],
    ['nothing of a kind without a length', '02', {}],
    ['no SACK without a whole block', '0506 00000001', {}],
  ])('reads %s', (_, text, expected) => {
    expect(parseOptions(unhex(text))).toEqual(expected)
  })

  it('refuses to build more than 40 bytes', () => {
    const block = [1, 2] as const
    expect(() => buildOptions({ timestamps: { value: 0, echo: 0 }, sack: [block, block, block, block] })).toThrow(AssertionError)
  })
})
