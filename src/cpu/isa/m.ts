/** M: multiplication and division. Unprivileged architecture 20240411, §13. */
import { type Term, add, and, c32, c64, divS, divU, eq, eqz, extendS, mul, or, remS, remU, select, shrS, shrU, signExtend, wrap, zeroExtend } from '../term.ts'
import type { Row } from './row.ts'
import { compute, rs1, rs2 } from './shapes.ts'

const w1 = wrap(rs1)
const w2 = wrap(rs2)

export const m: readonly Row[] = [
  compute('mul', 'R', '0000001 ----- ----- 000 ----- 0110011', mul(rs1, rs2)),
  compute('mulh', 'R', '0000001 ----- ----- 001 ----- 0110011', highHalf(shrS, shrS)),
  compute('mulhsu', 'R', '0000001 ----- ----- 010 ----- 0110011', highHalf(shrS, shrU)),
  compute('mulhu', 'R', '0000001 ----- ----- 011 ----- 0110011', highHalf(shrU, shrU)),
  compute('div', 'R', '0000001 ----- ----- 100 ----- 0110011', signedQuotient(rs1, rs2)),
  compute('divu', 'R', '0000001 ----- ----- 101 ----- 0110011', unsignedQuotient(rs1, rs2)),
  compute('rem', 'R', '0000001 ----- ----- 110 ----- 0110011', signedRemainder(rs1, rs2)),
  compute('remu', 'R', '0000001 ----- ----- 111 ----- 0110011', unsignedRemainder(rs1, rs2)),
  compute('mulw', 'R', '0000001 ----- ----- 000 ----- 0111011', signExtend(32, mul(rs1, rs2))),
  compute('divw', 'R', '0000001 ----- ----- 100 ----- 0111011', extendS(signedQuotient(w1, w2))),
  compute('divuw', 'R', '0000001 ----- ----- 101 ----- 0111011', extendS(unsignedQuotient(w1, w2))),
  compute('remw', 'R', '0000001 ----- ----- 110 ----- 0111011', extendS(signedRemainder(w1, w2))),
  compute('remuw', 'R', '0000001 ----- ----- 111 ----- 0111011', extendS(unsignedRemainder(w1, w2))),
]

/**
 * Bits 127–64 of rs1 × rs2 from 32-bit halves. `shift1` and `shift2` say how each factor is read: shrS signed, shrU unsigned.
 * No partial sum overflows: each is at most (2³² − 1)² + 2³² − 1. `first` occurs twice; a lowering may keep it in a local.
 */
function highHalf(shift1: typeof shrS, shift2: typeof shrS): Term {
  const half = c64(32)
  const [low1, low2] = [zeroExtend(32, rs1), zeroExtend(32, rs2)]
  const [high1, high2] = [shift1(rs1, half), shift2(rs2, half)]
  const first = add(mul(high1, low2), shrU(mul(low1, low2), half))
  const second = add(mul(low1, high2), zeroExtend(32, first))
  return add(add(mul(high1, high2), shift1(first, half)), shift2(second, half))
}

// Division by zero gives −1 and leaves the dividend as remainder; −2ⁿ⁻¹ ÷ −1 gives −2ⁿ⁻¹ and 0 (§13.2, table 11). wasm would trap on the
// zero and on the overflowing quotient (not on its remainder), and select evaluates both sides: so such a divisor becomes 1 first.

function constant(like: Term, value: bigint): Term {
  return like.type === 'i64' ? c64(value) : c32(Number(value))
}

function unlessZero(divisor: Term): Term {
  return select(eqz(divisor), constant(divisor, 1n), divisor)
}

function signedQuotient(dividend: Term, divisor: Term): Term {
  const least = constant(dividend, dividend.type === 'i64' ? -(1n << 63n) : -(1n << 31n))
  const overflows = and(eq(dividend, least), eq(divisor, constant(divisor, -1n)))
  const guarded = select(or(eqz(divisor), overflows), constant(divisor, 1n), divisor)
  return select(eqz(divisor), constant(divisor, -1n), divS(dividend, guarded))
}

function unsignedQuotient(dividend: Term, divisor: Term): Term {
  return select(eqz(divisor), constant(divisor, -1n), divU(dividend, unlessZero(divisor)))
}

function signedRemainder(dividend: Term, divisor: Term): Term {
  return select(eqz(divisor), dividend, remS(dividend, unlessZero(divisor)))
}

function unsignedRemainder(dividend: Term, divisor: Term): Term {
  return select(eqz(divisor), dividend, remU(dividend, unlessZero(divisor)))
}
