/**
 * Numbers taken apart. A finite number is (−1)^sign · significand · 2^(exponent − 62): the significand's leading bit stands at 62, which
 * leaves room for a carry above and for guard bits below. What is shifted out is kept in bit 0 ("jammed"): it matters only whether it was nothing.
 */
import type { Func, LocalTerm } from '../wasm/func.ts'
import type { Format } from './format.ts'
import { type Term, add, and, c32, c64, clz, eqz, extendU, gtS, ne, or, select, shl, shrU, sub, wrap } from '../term.ts'

/** Place of the leading bit. */
export const lead = 62

export interface Unpacked {
  readonly sign: LocalTerm
  readonly exponent: LocalTerm
  readonly significand: LocalTerm
}

/** Takes finite bits apart. Zero has the significand 0 and an exponent without meaning. */
export function unpack(f: Func, of: Format, bits: LocalTerm): Unpacked {
  const sign = f.let(wrap(shrU(bits, c64(of.signAt))))
  const exponent = f.let(wrap(and(shrU(bits, c64(of.fraction)), c64(of.top))))
  const significand = f.let(shl(and(bits, c64((1n << BigInt(of.fraction)) - 1n)), c64(lead - of.fraction)))
  f.if(eqz(exponent), () => {
    f.set(exponent, c32(1 - of.bias))
    normalise(f, exponent, significand)
  }, () => {
    f.set(exponent, sub(exponent, c32(of.bias)))
    f.set(significand, or(significand, c64(1n << BigInt(lead))))
  })
  return { sign, exponent, significand }
}

/** Moves the leading bit of a significand below 2^63 up to its place. */
export function normalise(f: Func, exponent: LocalTerm, significand: LocalTerm): void {
  const by = f.let(sub(clz(significand), c64(63 - lead)))
  f.set(significand, shl(significand, by))
  f.set(exponent, sub(exponent, wrap(by)))
}

/** A significand that may have carried into bit 63 goes one to the right. */
export function settleCarry(f: Func, exponent: LocalTerm, significand: LocalTerm): void {
  const carry = f.let(shrU(significand, c64(63)))
  f.set(significand, or(shrU(significand, carry), and(significand, carry)))
  f.set(exponent, add(exponent, wrap(carry)))
}

/** Shifts a value below 2^63 right by `by` (i32, ≥ 0, no upper bound), jamming. */
export function shiftRightJam(f: Func, value: LocalTerm, by: Term): void {
  const count = f.let(by)
  const bits = f.let(extendU(select(gtS(count, c32(63)), c32(63), count)))
  const lost = and(value, sub(shl(c64(1), bits), c64(1)))
  f.set(value, or(shrU(value, bits), bit(ne(lost, c64(0)))))
}

/** A condition as an i64. */
export const bit = (condition: Term): Term => extendU(condition)
