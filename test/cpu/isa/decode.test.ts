import { describe, expect, it } from 'vitest'
import { decode } from '../../../src/cpu/isa/decode.ts'
import { rows } from '../../../src/cpu/isa/rows.ts'

/** Row name and operands, with those left out that are 0. */
function taken(word: number): Record<string, unknown> | undefined {
  const decoded = decode(word)
  if (decoded === undefined) return undefined
  const { row, ...operands } = decoded
  return { name: row.name, ...Object.fromEntries(Object.entries(operands).filter(([, value]) => value !== 0)) }
}

// Words assembled by GNU as 2.40, -march=rv64gc.
const words: readonly [number, Record<string, unknown>][] = [
  [0x1234_5537, { name: 'lui', rd: 10, imm: 0x1234_5000, length: 4 }],
  [0xffff_f517, { name: 'auipc', rd: 10, imm: -4096, length: 4 }],
  [0xffdf_f0ef, { name: 'jal', rd: 1, imm: -4, length: 4 }],
  [0x0085_05e7, { name: 'jalr', rd: 11, rs1: 10, imm: 8, length: 4 }],
  [0xfaa5_cee3, { name: 'blt', rs1: 11, rs2: 10, imm: -68, length: 4 }],
  [0xffc1_2503, { name: 'lw', rd: 10, rs1: 2, imm: -4, length: 4 }],
  [0x7ea0_3fa3, { name: 'sd', rs2: 10, imm: 2047, length: 4 }],
  [0x03f5_1513, { name: 'slli', rd: 10, rs1: 10, imm: 63, length: 4 }],
  [0x4035_551b, { name: 'sraiw', rd: 10, rs1: 10, imm: 3, length: 4 }],
  [0x02b5_4533, { name: 'div', rd: 10, rs1: 10, rs2: 11, length: 4 }],
  [0x1005_a52f, { name: 'lr.w', rd: 10, rs1: 11, length: 4 }],
  [0x1605_b52f, { name: 'lr.d', rd: 10, rs1: 11, imm: 3, length: 4 }],
  [0x1ac5_a52f, { name: 'sc.w', rd: 10, rs1: 11, rs2: 12, imm: 1, length: 4 }],
  [0x04c5_b52f, { name: 'amoadd.d', rd: 10, rs1: 11, rs2: 12, imm: 2, length: 4 }],
  [0xfea5_3c27, { name: 'fsd', rs1: 10, rs2: 10, imm: -8, length: 4 }],
  [0x00c5_9553, { name: 'fadd.s', rd: 10, rs1: 11, rs2: 12, rm: 1, length: 4 }],
  [0x6ac5_f543, { name: 'fmadd.d', rd: 10, rs1: 11, rs2: 12, rs3: 13, rm: 7, length: 4 }],
  [0xc005_1553, { name: 'fcvt.w.s', rd: 10, rs1: 10, rm: 1, length: 4 }],
  [0x4205_8553, { name: 'fcvt.d.s', rd: 10, rs1: 11, length: 4 }],
  [0x3005_9573, { name: 'csrrw', rd: 10, rs1: 11, imm: 0x300, length: 4 }],
  [0xc005_f573, { name: 'csrrci', rd: 10, rs1: 11, imm: 0xc00, length: 4 }],
  [0x0210_000f, { name: 'fence', imm: 0x021, length: 4 }],
  [0x8330_000f, { name: 'fence', imm: 0x833, length: 4 }],
  [0x0000_100f, { name: 'fence.i', length: 4 }],
  [0x12b5_0073, { name: 'sfence.vma', rs1: 10, rs2: 11, length: 4 }],
  [0x3020_0073, { name: 'mret', length: 4 }],
  [0x1020_0073, { name: 'sret', length: 4 }],
  [0x1050_0073, { name: 'wfi', length: 4 }],
  [0x0000_0073, { name: 'ecall', length: 4 }],
  [0x0010_0073, { name: 'ebreak', length: 4 }],
]

describe('decode', () => {
  it.each(words)('%s', (word, expected) => {
    expect(taken(word)).toEqual(expected)
    expect(taken(word | 0), 'as int32').toEqual(expected)
  })

  it.each([
    ['all ones', 0xffff_ffff],
    ['slliw with shamt bit 5', 0x0205_151b],
    ['jalr with funct3 1', 0x0000_1067],
    ['store with funct3 4', 0x0000_4023],
    ['a branch with funct3 2', 0x0000_2063],
    ['lr.w with rs2', 0x1015_a52f],
    ['fadd.s with rounding mode 5', 0x00c5_d553],
    ['fmadd.d with rounding mode 6', 0x6ac5_e543],
    ['fadd of quad precision', 0x06c5_f553],
    ['ecall with rd', 0x0000_00f3],
    ['csr with funct3 4', 0x0000_4073],
    ['a 48-bit encoding', 0x0000_001f],
  ])('%s is reserved', (_, word) => {
    expect(decode(word)).toBeUndefined()
  })

  it('finds every row by its own bits, and no word belongs to two', () => {
    for (const row of rows) expect(decode(Number.parseInt(row.bits.replaceAll(' ', '').replaceAll('-', '0'), 2))?.row.name).toBe(row.name)
  })
})
