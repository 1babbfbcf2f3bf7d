/** Zbs: single bits. Unprivileged architecture 20240411, §28.4 (B). */
import { and, c64, not, or, shl, shrU, xor } from '../term.ts'
import { belonging } from './profile.ts'
import type { Row } from './row.ts'
import { compute, imm, rs1, rs2 } from './shapes.ts'

const one = c64(1)

export const zbs: readonly Row[] = belonging('zbs', [
  compute('bclr', 'R', '0100100 ----- ----- 001 ----- 0110011', and(rs1, not(shl(one, rs2)))),
  compute('bext', 'R', '0100100 ----- ----- 101 ----- 0110011', and(shrU(rs1, rs2), one)),
  compute('binv', 'R', '0110100 ----- ----- 001 ----- 0110011', xor(rs1, shl(one, rs2))),
  compute('bset', 'R', '0010100 ----- ----- 001 ----- 0110011', or(rs1, shl(one, rs2))),
  compute('bclri', 'shift', '010010 ------ ----- 001 ----- 0010011', and(rs1, not(shl(one, imm)))),
  compute('bexti', 'shift', '010010 ------ ----- 101 ----- 0010011', and(shrU(rs1, imm), one)),
  compute('binvi', 'shift', '011010 ------ ----- 001 ----- 0010011', xor(rs1, shl(one, imm))),
  compute('bseti', 'shift', '001010 ------ ----- 001 ----- 0010011', or(rs1, shl(one, imm))),
])
