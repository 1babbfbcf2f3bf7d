/** RV32I and RV64I: the base integer instructions. Unprivileged architecture 20240411, §2 and §4. */
import { add, and, c64, eq, extendS, extendU, geS, geU, ltS, ltU, ne, or, shl, shrS, shrU, signExtend, sub, wrap, xor } from '../term.ts'
import type { Row } from './row.ts'
import { branching, compute, imm, loading, pc, row, rs1, rs2, storing } from './shapes.ts'

const w1 = wrap(rs1)
const w2 = wrap(rs2)

export const rv64i: readonly Row[] = [
  compute('lui', 'U', '-------------------- ----- 0110111', imm),
  compute('auipc', 'U', '-------------------- ----- 0010111', add(pc, imm)),
  row('jal', 'J', '-------------------- ----- 1101111', { kind: 'jump', target: add(pc, imm) }),
  row('jalr', 'I', '------------ ----- 000 ----- 1100111', { kind: 'jump', target: and(add(rs1, imm), c64(-2)) }),

  branching('beq', '------- ----- ----- 000 ----- 1100011', eq(rs1, rs2)),
  branching('bne', '------- ----- ----- 001 ----- 1100011', ne(rs1, rs2)),
  branching('blt', '------- ----- ----- 100 ----- 1100011', ltS(rs1, rs2)),
  branching('bge', '------- ----- ----- 101 ----- 1100011', geS(rs1, rs2)),
  branching('bltu', '------- ----- ----- 110 ----- 1100011', ltU(rs1, rs2)),
  branching('bgeu', '------- ----- ----- 111 ----- 1100011', geU(rs1, rs2)),

  loading('lb', '------------ ----- 000 ----- 0000011', 1),
  loading('lh', '------------ ----- 001 ----- 0000011', 2),
  loading('lw', '------------ ----- 010 ----- 0000011', 4),
  loading('ld', '------------ ----- 011 ----- 0000011', 8),
  loading('lbu', '------------ ----- 100 ----- 0000011', 1, false),
  loading('lhu', '------------ ----- 101 ----- 0000011', 2, false),
  loading('lwu', '------------ ----- 110 ----- 0000011', 4, false),
  storing('sb', '------- ----- ----- 000 ----- 0100011', 1),
  storing('sh', '------- ----- ----- 001 ----- 0100011', 2),
  storing('sw', '------- ----- ----- 010 ----- 0100011', 4),
  storing('sd', '------- ----- ----- 011 ----- 0100011', 8),

  compute('addi', 'I', '------------ ----- 000 ----- 0010011', add(rs1, imm)),
  compute('slti', 'I', '------------ ----- 010 ----- 0010011', extendU(ltS(rs1, imm))),
  compute('sltiu', 'I', '------------ ----- 011 ----- 0010011', extendU(ltU(rs1, imm))),
  compute('xori', 'I', '------------ ----- 100 ----- 0010011', xor(rs1, imm)),
  compute('ori', 'I', '------------ ----- 110 ----- 0010011', or(rs1, imm)),
  compute('andi', 'I', '------------ ----- 111 ----- 0010011', and(rs1, imm)),
  // wasm's shifts take their count modulo the width, as RISC-V's do.
  compute('slli', 'shift', '000000 ------ ----- 001 ----- 0010011', shl(rs1, imm)),
  compute('srli', 'shift', '000000 ------ ----- 101 ----- 0010011', shrU(rs1, imm)),
  compute('srai', 'shift', '010000 ------ ----- 101 ----- 0010011', shrS(rs1, imm)),

  compute('add', 'R', '0000000 ----- ----- 000 ----- 0110011', add(rs1, rs2)),
  compute('sub', 'R', '0100000 ----- ----- 000 ----- 0110011', sub(rs1, rs2)),
  compute('sll', 'R', '0000000 ----- ----- 001 ----- 0110011', shl(rs1, rs2)),
  compute('slt', 'R', '0000000 ----- ----- 010 ----- 0110011', extendU(ltS(rs1, rs2))),
  compute('sltu', 'R', '0000000 ----- ----- 011 ----- 0110011', extendU(ltU(rs1, rs2))),
  compute('xor', 'R', '0000000 ----- ----- 100 ----- 0110011', xor(rs1, rs2)),
  compute('srl', 'R', '0000000 ----- ----- 101 ----- 0110011', shrU(rs1, rs2)),
  compute('sra', 'R', '0100000 ----- ----- 101 ----- 0110011', shrS(rs1, rs2)),
  compute('or', 'R', '0000000 ----- ----- 110 ----- 0110011', or(rs1, rs2)),
  compute('and', 'R', '0000000 ----- ----- 111 ----- 0110011', and(rs1, rs2)),

  compute('addiw', 'I', '------------ ----- 000 ----- 0011011', signExtend(32, add(rs1, imm))),
  compute('slliw', 'shift', '0000000 ----- ----- 001 ----- 0011011', extendS(shl(w1, wrap(imm)))),
  compute('srliw', 'shift', '0000000 ----- ----- 101 ----- 0011011', extendS(shrU(w1, wrap(imm)))),
  compute('sraiw', 'shift', '0100000 ----- ----- 101 ----- 0011011', extendS(shrS(w1, wrap(imm)))),
  compute('addw', 'R', '0000000 ----- ----- 000 ----- 0111011', signExtend(32, add(rs1, rs2))),
  compute('subw', 'R', '0100000 ----- ----- 000 ----- 0111011', signExtend(32, sub(rs1, rs2))),
  compute('sllw', 'R', '0000000 ----- ----- 001 ----- 0111011', extendS(shl(w1, w2))),
  compute('srlw', 'R', '0000000 ----- ----- 101 ----- 0111011', extendS(shrU(w1, w2))),
  compute('sraw', 'R', '0100000 ----- ----- 101 ----- 0111011', extendS(shrS(w1, w2))),
]
