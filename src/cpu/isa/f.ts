/** F: single-precision floating point. Unprivileged architecture 20240411, §21; NaN boxing §22.2. */
import { type Term, and, c64, geU, not, or, select, signExtend, xor } from '../term.ts'
import { arithmetic, floating, transfers } from './floating.ts'
import type { Row } from './row.ts'
import { frs1, frs2, rs1 } from './shapes.ts'

/** The upper half of a register that holds a single, all ones. */
const box = c64(-(1n << 32n))
const sign = c64(0x8000_0000n)
const canonicalNan = c64(-(1n << 32n) | 0x7fc0_0000n)

const left = unboxed(frs1)
const right = unboxed(frs2)

export const f: readonly Row[] = [
  ...transfers('flw', 'fsw', '010', 4),
  ...arithmetic('s'),
  floating('fsgnj.s', 'R', '00100 00 ----- ----- 000 ----- 1010011', 'f', or(and(left, not(sign)), and(right, sign))),
  floating('fsgnjn.s', 'R', '00100 00 ----- ----- 001 ----- 1010011', 'f', or(and(left, not(sign)), and(not(right), sign))),
  floating('fsgnjx.s', 'R', '00100 00 ----- ----- 010 ----- 1010011', 'f', xor(left, and(right, sign))),
  floating('fmv.x.w', 'R', '11100 00 00000 ----- 000 ----- 1010011', 'x', signExtend(32, frs1)),
  floating('fmv.w.x', 'R', '11110 00 00000 ----- 000 ----- 1010011', 'f', or(rs1, box)),
]

/** A register as a single: what isn't boxed counts as the canonical NaN (§22.2). Still boxed. */
function unboxed(register: Term): Term {
  return select(geU(register, box), register, canonicalNan)
}
