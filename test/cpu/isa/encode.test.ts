import { describe, expect, it } from 'vitest'
import { decode } from '../../../src/cpu/isa/decode.ts'
import { encode } from '../../../src/cpu/isa/encode.ts'
import { fieldsOf, immediateOf } from '../../../src/cpu/isa/pattern.ts'
import type { Decoded, Row } from '../../../src/cpu/isa/row.ts'
import { rowNamed, rows } from '../../../src/cpu/isa/rows.ts'

/** xorshift32, so that a failure can be repeated. */
function numbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

function randomOperands(row: Row, below: (limit: number) => number): Decoded {
  const fields = fieldsOf(row)
  const { least, most, step } = immediateOf(row)
  const register = (there: boolean): number => (there ? below(32) : 0)
  const imm = least + step * below((most - least) / step + 1)
  const rm = row.rounding ? [0, 1, 2, 3, 4, 7][below(6)] : 0
  return { row, rd: register(fields.rd), rs1: register(fields.rs1), rs2: register(fields.rs2), rs3: register(fields.rs3), rm, imm, length: 4 }
}

describe('encode', () => {
  it.each(rows.map((row): [string, Row] => [row.name, row]))('%s: what is encoded decodes to itself', (_, row) => {
    const below = numbers(0x1234_5678)
    for (let round = 0; round < 50; round++) {
      const operands = randomOperands(row, below)
      expect(decode(encode(row, operands))).toEqual(operands)
    }
  })

  it('takes the extremes of each immediate', () => {
    for (const row of rows) {
      const { least, most } = immediateOf(row)
      for (const imm of [least, most]) expect(decode(encode(row, { imm }))?.imm, row.name).toBe(imm)
    }
  })

  it('says what does not fit', () => {
    expect(() => encode(rowNamed('addi'), { imm: 2048 })).toThrow('addi: imm is 2048, should be -2048 to 2047')
    expect(() => encode(rowNamed('beq'), { imm: 3 })).toThrow('beq: imm is 3, should be a multiple of 2')
    expect(() => encode(rowNamed('slliw'), { imm: 32 })).toThrow('slliw: imm is 32, should be 0 to 31')
    expect(() => encode(rowNamed('add'), { rd: 32 })).toThrow('add: rd is 32, should be 0 to 31')
    expect(() => encode(rowNamed('add'), { rd: 0.5 })).toThrow('add: rd is 0.5')
  })
})
