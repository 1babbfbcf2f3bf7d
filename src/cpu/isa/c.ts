/**
 * C: compressed instructions of RV64 with F and D. Unprivileged architecture 20240411, §27.8 (tables 34–36). Hints (c.nop with an immediate,
 * c.li to x0, shifts by nought …) expand like their neighbours and do nothing, as the manual wants.
 */
import { type CompressedRow, type Expander, expander } from './compressed.ts'
import type { Decoded } from './row.ts'

const word = '12:10=5:3 6:5=2|6'
const double = '12:10=5:3 6:5=7:6'
const six = '-12=5 6:2=4:0'
const shamt = '12=5 6:2=4:0'
const jump = '-12:2=11|4|9:8|10|6|7|3:1|5'
const branch = '-12:10=8|4:3 6:2=7:6|2:1|5'
const wordFromStack = '12=5 6:2=4:2|7:6'
const doubleFromStack = '12=5 6:2=4:3|8:6'
const wordToStack = '12:7=5:2|7:6'
const doubleToStack = '12:7=5:3|8:6'

const sp = 2

export const compressed: readonly CompressedRow[] = [
  { name: 'c.addi4spn', bits: '000 -------- --- 00', base: 'addi', rd: 'low', rs1: sp, imm: '12:5=5:4|9:6|2|3', nonzero: ['imm'] },
  { name: 'c.fld', bits: '001 --- --- -- --- 00', base: 'fld', rd: 'low', rs1: 'high', imm: double },
  { name: 'c.lw', bits: '010 --- --- -- --- 00', base: 'lw', rd: 'low', rs1: 'high', imm: word },
  { name: 'c.ld', bits: '011 --- --- -- --- 00', base: 'ld', rd: 'low', rs1: 'high', imm: double },
  { name: 'c.fsd', bits: '101 --- --- -- --- 00', base: 'fsd', rs1: 'high', rs2: 'low', imm: double },
  { name: 'c.sw', bits: '110 --- --- -- --- 00', base: 'sw', rs1: 'high', rs2: 'low', imm: word },
  { name: 'c.sd', bits: '111 --- --- -- --- 00', base: 'sd', rs1: 'high', rs2: 'low', imm: double },

  { name: 'c.nop', bits: '000 - 00000 ----- 01', base: 'addi', imm: six },
  { name: 'c.addi', bits: '000 - ----- ----- 01', base: 'addi', rd: 'rd', rs1: 'rd', imm: six },
  { name: 'c.addiw', bits: '001 - ----- ----- 01', base: 'addiw', rd: 'rd', rs1: 'rd', imm: six, nonzero: ['rd'] },
  { name: 'c.li', bits: '010 - ----- ----- 01', base: 'addi', rd: 'rd', rs1: 0, imm: six },
  { name: 'c.addi16sp', bits: '011 - 00010 ----- 01', base: 'addi', rd: sp, rs1: sp, imm: '-12=9 6:2=4|6|8:7|5', nonzero: ['imm'] },
  { name: 'c.lui', bits: '011 - ----- ----- 01', base: 'lui', rd: 'rd', imm: '-12=17 6:2=16:12', nonzero: ['imm'] },
  { name: 'c.srli', bits: '100 - 00 --- ----- 01', base: 'srli', rd: 'high', rs1: 'high', imm: shamt },
  { name: 'c.srai', bits: '100 - 01 --- ----- 01', base: 'srai', rd: 'high', rs1: 'high', imm: shamt },
  { name: 'c.andi', bits: '100 - 10 --- ----- 01', base: 'andi', rd: 'high', rs1: 'high', imm: six },
  { name: 'c.sub', bits: '100 0 11 --- 00 --- 01', base: 'sub', rd: 'high', rs1: 'high', rs2: 'low' },
  { name: 'c.xor', bits: '100 0 11 --- 01 --- 01', base: 'xor', rd: 'high', rs1: 'high', rs2: 'low' },
  { name: 'c.or', bits: '100 0 11 --- 10 --- 01', base: 'or', rd: 'high', rs1: 'high', rs2: 'low' },
  { name: 'c.and', bits: '100 0 11 --- 11 --- 01', base: 'and', rd: 'high', rs1: 'high', rs2: 'low' },
  { name: 'c.subw', bits: '100 1 11 --- 00 --- 01', base: 'subw', rd: 'high', rs1: 'high', rs2: 'low' },
  { name: 'c.addw', bits: '100 1 11 --- 01 --- 01', base: 'addw', rd: 'high', rs1: 'high', rs2: 'low' },
  { name: 'c.j', bits: '101 ----------- 01', base: 'jal', rd: 0, imm: jump },
  { name: 'c.beqz', bits: '110 --- --- ----- 01', base: 'beq', rs1: 'high', rs2: 0, imm: branch },
  { name: 'c.bnez', bits: '111 --- --- ----- 01', base: 'bne', rs1: 'high', rs2: 0, imm: branch },

  { name: 'c.slli', bits: '000 - ----- ----- 10', base: 'slli', rd: 'rd', rs1: 'rd', imm: shamt },
  { name: 'c.fldsp', bits: '001 - ----- ----- 10', base: 'fld', rd: 'rd', rs1: sp, imm: doubleFromStack },
  { name: 'c.lwsp', bits: '010 - ----- ----- 10', base: 'lw', rd: 'rd', rs1: sp, imm: wordFromStack, nonzero: ['rd'] },
  { name: 'c.ldsp', bits: '011 - ----- ----- 10', base: 'ld', rd: 'rd', rs1: sp, imm: doubleFromStack, nonzero: ['rd'] },
  { name: 'c.jr', bits: '100 0 ----- 00000 10', base: 'jalr', rd: 0, rs1: 'rd', nonzero: ['rs1'] },
  { name: 'c.mv', bits: '100 0 ----- ----- 10', base: 'add', rd: 'rd', rs1: 0, rs2: 'rs2', nonzero: ['rs2'] },
  { name: 'c.ebreak', bits: '100 1 00000 00000 10', base: 'ebreak' },
  { name: 'c.jalr', bits: '100 1 ----- 00000 10', base: 'jalr', rd: 1, rs1: 'rd', nonzero: ['rs1'] },
  { name: 'c.add', bits: '100 1 ----- ----- 10', base: 'add', rd: 'rd', rs1: 'rd', rs2: 'rs2', nonzero: ['rs2'] },
  { name: 'c.fsdsp', bits: '101 ------ ----- 10', base: 'fsd', rs1: sp, rs2: 'rs2', imm: doubleToStack },
  { name: 'c.swsp', bits: '110 ------ ----- 10', base: 'sw', rs1: sp, rs2: 'rs2', imm: wordToStack },
  { name: 'c.sdsp', bits: '111 ------ ----- 10', base: 'sd', rs1: sp, rs2: 'rs2', imm: doubleToStack },
]

/** The one that gives more bits first: c.addi16sp before c.lui, c.jr before c.mv. */
const expanders: readonly Expander[] = compressed.map(expander).sort((one, other) => other.fixed - one.fixed)

/** What each of the 65,536 words expands to, filled as they come; null: reserved. */
const known: (Decoded | null | undefined)[] = Array.from({ length: 0x1_0000 }, () => undefined)

/** @param parcel 16 bits whose low two are not 11. @returns undefined for reserved encodings. */
export function expand(parcel: number): Decoded | undefined {
  const seen = known[parcel]
  if (seen !== undefined) return seen ?? undefined
  const found = expanders.find(({ mask, match }) => (parcel & mask) === match)?.expand(parcel)
  known[parcel] = found ?? null
  return found
}
