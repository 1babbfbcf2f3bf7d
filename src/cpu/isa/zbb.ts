/** Zbb: basic bit manipulation. Unprivileged architecture 20240411, §28.4 (B). */
import { type Term, add, and, c64, clz, ctz, extendS, extendU, gtS, gtU, ltS, ltU, mul, not, or, popcnt, rotl, rotr, select, shl, shrU, signExtend, wrap, xor, zeroExtend } from '../term.ts'
import { belonging } from './profile.ts'
import type { Row } from './row.ts'
import { compute, imm, rs1, rs2 } from './shapes.ts'

const w1 = wrap(rs1)
const w2 = wrap(rs2)

export const zbb: readonly Row[] = belonging('zbb', [
  compute('andn', 'R', '0100000 ----- ----- 111 ----- 0110011', and(rs1, not(rs2))),
  compute('orn', 'R', '0100000 ----- ----- 110 ----- 0110011', or(rs1, not(rs2))),
  compute('xnor', 'R', '0100000 ----- ----- 100 ----- 0110011', not(xor(rs1, rs2))),
  compute('clz', 'R', '0110000 00000 ----- 001 ----- 0010011', clz(rs1)),
  compute('ctz', 'R', '0110000 00001 ----- 001 ----- 0010011', ctz(rs1)),
  compute('cpop', 'R', '0110000 00010 ----- 001 ----- 0010011', popcnt(rs1)),
  compute('sext.b', 'R', '0110000 00100 ----- 001 ----- 0010011', signExtend(8, rs1)),
  compute('sext.h', 'R', '0110000 00101 ----- 001 ----- 0010011', signExtend(16, rs1)),
  compute('zext.h', 'R', '0000100 00000 ----- 100 ----- 0111011', zeroExtend(16, rs1)),
  compute('clzw', 'R', '0110000 00000 ----- 001 ----- 0011011', extendU(clz(w1))),
  compute('ctzw', 'R', '0110000 00001 ----- 001 ----- 0011011', extendU(ctz(w1))),
  compute('cpopw', 'R', '0110000 00010 ----- 001 ----- 0011011', extendU(popcnt(w1))),
  compute('min', 'R', '0000101 ----- ----- 100 ----- 0110011', select(ltS(rs1, rs2), rs1, rs2)),
  compute('minu', 'R', '0000101 ----- ----- 101 ----- 0110011', select(ltU(rs1, rs2), rs1, rs2)),
  compute('max', 'R', '0000101 ----- ----- 110 ----- 0110011', select(gtS(rs1, rs2), rs1, rs2)),
  compute('maxu', 'R', '0000101 ----- ----- 111 ----- 0110011', select(gtU(rs1, rs2), rs1, rs2)),
  // wasm's rotations take their count modulo the width, as RISC-V's do.
  compute('rol', 'R', '0110000 ----- ----- 001 ----- 0110011', rotl(rs1, rs2)),
  compute('ror', 'R', '0110000 ----- ----- 101 ----- 0110011', rotr(rs1, rs2)),
  compute('rori', 'shift', '011000 ------ ----- 101 ----- 0010011', rotr(rs1, imm)),
  compute('rolw', 'R', '0110000 ----- ----- 001 ----- 0111011', extendS(rotl(w1, w2))),
  compute('rorw', 'R', '0110000 ----- ----- 101 ----- 0111011', extendS(rotr(w1, w2))),
  compute('roriw', 'shift', '0110000 ----- ----- 101 ----- 0011011', extendS(rotr(w1, wrap(imm)))),
  compute('orc.b', 'R', '0010100 00111 ----- 101 ----- 0010011', orCombined()),
  compute('rev8', 'R', '0110101 11000 ----- 101 ----- 0010011', reversed()),
])

/** 0xff for each byte that isn't 0: its low seven bits carry into the eighth, which then stands for all. */
function orCombined(): Term {
  const sevens = c64(0x7f7f_7f7f_7f7f_7f7fn)
  const tops = and(or(add(and(rs1, sevens), sevens), rs1), c64(0x8080_8080_8080_8080n))
  return mul(shrU(tops, c64(7)), c64(255))
}

function reversed(): Term {
  const bytes = Array.from({ length: 8 }, (_, at) => shl(and(shrU(rs1, c64(8 * at)), c64(255)), c64(56 - 8 * at)))
  return bytes.reduce((sum, byte) => or(sum, byte))
}
