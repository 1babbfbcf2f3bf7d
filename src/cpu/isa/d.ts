/** D: double-precision floating point. Unprivileged architecture 20240411, §22. */
import { and, c64, fpu, not, or, xor } from '../term.ts'
import { arithmetic, floating, transfers } from './floating.ts'
import type { Row } from './row.ts'
import { frs1, frs2, rm, rs1 } from './shapes.ts'

const sign = c64(-(1n << 63n))

export const d: readonly Row[] = [
  ...transfers('fld', 'fsd', '011', 8),
  ...arithmetic('d'),
  floating('fsgnj.d', 'R', '00100 01 ----- ----- 000 ----- 1010011', 'f', or(and(frs1, not(sign)), and(frs2, sign))),
  floating('fsgnjn.d', 'R', '00100 01 ----- ----- 001 ----- 1010011', 'f', or(and(frs1, not(sign)), and(not(frs2), sign))),
  floating('fsgnjx.d', 'R', '00100 01 ----- ----- 010 ----- 1010011', 'f', xor(frs1, and(frs2, sign))),
  floating('fcvt.s.d', 'R', '01000 00 00001 ----- --- ----- 1010011', 'f', fpu('fcvt.s.d', frs1, rm), true),
  floating('fcvt.d.s', 'R', '01000 01 00000 ----- --- ----- 1010011', 'f', fpu('fcvt.d.s', frs1, rm), true),
  floating('fmv.x.d', 'R', '11100 01 00000 ----- 000 ----- 1010011', 'x', frs1),
  floating('fmv.d.x', 'R', '11110 01 00000 ----- 000 ----- 1010011', 'f', rs1),
]
