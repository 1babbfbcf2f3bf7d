import { describe, expect, it } from 'vitest'
import { hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { buildOptions, formatOptions, parseOptions } from '../../src/wire/nd-options.ts'

describe('neighbour discovery options', () => {
  it('pass through when they are unknown, padded to eight bytes', () => {
    const bytes = unhex('0e01 010203040506')
    expect(parseOptions(bytes)).toEqual([{ kind: 'other', type: 14, body: unhex('010203040506') }])
    expect(formatOptions(parseOptions(bytes))).toBe('option 14')
    expect(hex(buildOptions([{ kind: 'other', type: 14, body: unhex('01') }]))).toBe('0e01010000000000')
  })

  it('are unknown when their length is not their kind’s', () => {
    expect(parseOptions(unhex('0502 0000 000005dc 0000000000000000')).map(({ kind }) => kind)).toEqual(['other'])
    expect(parseOptions(unhex('1902 0000 00000000 0000000000000000')).map(({ kind }) => kind)).toEqual(['other'])
    expect(parseOptions(unhex('0102 0000 00000000 0000000000000000')).map(({ kind }) => kind)).toEqual(['other'])
  })

  it.each([['half an option', '01'], ['a length of 0', '0100000000000000'], ['a length beyond the end', '0101 0000000000']])('refuse %s', (_, text) => {
    expect(() => parseOptions(unhex(text))).toThrow(Malformed)
  })
})
