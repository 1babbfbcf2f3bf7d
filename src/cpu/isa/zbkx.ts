/** Zbkx: crossbar permutations, table look-ups in a register. Unprivileged architecture 20240411, §29.3 (scalar cryptography). */
import { type Term, and, c64, ltU, or, select, shl, shrU } from '../term.ts'
import { belonging } from './profile.ts'
import type { Row } from './row.ts'
import { compute, rs1, rs2 } from './shapes.ts'

export const zbkx: readonly Row[] = belonging('zbkx', [
  compute('xperm4', 'R', '0010100 ----- ----- 010 ----- 0110011', permuted(4)),
  compute('xperm8', 'R', '0010100 ----- ----- 100 ----- 0110011', permuted(8)),
])

/** rs1 is a table of elements so wide, rs2 a vector of indices into it; one beyond the table gives 0. */
function permuted(width: 4 | 8): Term {
  const count = 64 / width
  const elements = Array.from({ length: count }, (_, place) => {
    const index = and(shrU(rs2, c64(place * width)), c64(2 ** width - 1))
    const found = and(shrU(rs1, shl(index, c64(width === 8 ? 3 : 2))), c64(2 ** width - 1))
    return shl(count === 2 ** width ? found : select(ltU(index, c64(count)), found, c64(0)), c64(place * width))
  })
  return elements.reduce((sum, element) => or(sum, element))
}
