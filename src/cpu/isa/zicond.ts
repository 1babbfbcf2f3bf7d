/** Zicond: integer conditional operations. Unprivileged architecture 20240411, §12. */
import { c64, eqz, select } from '../term.ts'
import { belonging } from './profile.ts'
import type { Row } from './row.ts'
import { compute, rs1, rs2 } from './shapes.ts'

export const zicond: readonly Row[] = belonging('zicond', [
  compute('czero.eqz', 'R', '0000111 ----- ----- 101 ----- 0110011', select(eqz(rs2), c64(0), rs1)),
  compute('czero.nez', 'R', '0000111 ----- ----- 111 ----- 0110011', select(eqz(rs2), rs1, c64(0))),
])
