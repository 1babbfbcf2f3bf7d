/** Zbc: carry-less multiplication. Unprivileged architecture 20240411, §28.4 (B). */
import { type Term, and, c64, mul, or, shl, shrU, xor, zeroExtend } from '../term.ts'
import { belonging } from './profile.ts'
import type { Row } from './row.ts'
import { compute, rs1, rs2 } from './shapes.ts'

/** Every fourth bit. */
const every = (from: number): Term => c64(0x1111_1111_1111_1111n << BigInt(from))

export const zbc: readonly Row[] = belonging('zbc', [
  compute('clmul', 'R', '0000101 ----- ----- 001 ----- 0110011', lowHalf(rs1, rs2)),
  compute('clmulr', 'R', '0000101 ----- ----- 010 ----- 0110011', above(31, 1)),
  compute('clmulh', 'R', '0000101 ----- ----- 011 ----- 0110011', above(32, 0)),
])

/**
 * Bits 63–0 of the product. Every fourth bit of a factor at a time leaves three bits of room between the columns of an integer product;
 * a column is the sum of at most sixteen bits, and sixteen only in the highest, whose carry falls out. Its lowest bit is their parity.
 */
function lowHalf(a: Term, b: Term): Term {
  const column = (at: number): Term => {
    const products = [0, 1, 2, 3].map((part) => mul(and(a, every(part)), and(b, every((at - part + 4) % 4))))
    return and(products.reduce((sum, product) => xor(sum, product)), every(at))
  }
  return [0, 1, 2, 3].map(column).reduce((sum, part) => or(sum, part))
}

/** The product's bits from 32 + `shift` on, put at `place` for the high halves' own product; no product of halves is longer than 63 bits. */
function above(shift: number, place: number): Term {
  const half = c64(32)
  const [low1, low2, high1, high2] = [zeroExtend(32, rs1), zeroExtend(32, rs2), shrU(rs1, half), shrU(rs2, half)]
  return xor(shl(lowHalf(high1, high2), c64(place)), shrU(xor(lowHalf(low1, high2), lowHalf(high1, low2)), c64(shift)))
}
