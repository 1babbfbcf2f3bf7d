/**
 * Addition, multiplication, division, square root in integers, for every rounding mode and flag. IEEE 754-2019 §5.4.1, §6, §7.
 * Functions take bits, not raw register contents (format.ts), then rm; they return raw register contents.
 */
import type { Func, LocalTerm } from '../wasm/func.ts'
import { type FuncRef, type Term, add, and, apply, c32, c64, eq, eqz, extendU, gtS, ltS, ltU, mul, ne, or, select, shl, shrS, shrU, sub, wrap, xor } from '../term.ts'
import { type Unit, flag, mode, raise, returnIfNaN, returnInvalid } from './flags.ts'
import { type Format, boxed, isInfinite, isZero, magnitudeOf } from './format.ts'
import { type Unpacked, bit, normalise, settleCarry, shiftRightJam, unpack } from './unpack.ts'

/** i64: a zero as a sum of opposite numbers has it: negative only when rounding down (§6.3). */
export const cancelledZero = (of: Format, rm: Term): Term => select(eq(rm, c32(mode.RDN)), c64(of.sign), c64(0))

/** i64: the sign bit of a product or quotient. */
export const productSign = (of: Format, a: Term, b: Term): Term => and(xor(a, b), c64(of.sign))

/** `(a, b, rm) → raw` */
export function defineAdd(unit: Unit, of: Format, round: FuncRef): FuncRef {
  return unit.module.func(`fpu.add.${of.suffix}`, ['i64', 'i64', 'i32'], ['i64'], (f) => {
    const [a, b, rm] = [f.param(0), f.param(1), f.param(2)]
    returnIfNaN(unit, f, of, of, a, b)
    // The greater magnitude first: nothing but the sign of zero depends on the order.
    f.if(ltU(magnitudeOf(of, a), magnitudeOf(of, b)), () => {
      const swap = f.let(a)
      f.set(a, b)
      f.set(b, swap)
    })
    f.if(isInfinite(of, a), () => {
      f.if(eq(xor(a, b), c64(of.sign)), () => returnInvalid(unit, f, of))
      f.return(boxed(of, a))
    })
    f.if(isZero(of, b), () => {
      f.if(eq(xor(a, b), c64(of.sign)), () => f.return(boxed(of, cancelledZero(of, rm))))
      f.return(boxed(of, a))
    })
    const [x, y] = [unpack(f, of, a), unpack(f, of, b)]
    shiftRightJam(f, y.significand, sub(x.exponent, y.exponent))
    f.if(eq(x.sign, y.sign), () => {
      f.set(x.significand, add(x.significand, y.significand))
      settleCarry(f, x.exponent, x.significand)
    }, () => {
      f.set(x.significand, sub(x.significand, y.significand))
      f.if(eqz(x.significand), () => f.return(boxed(of, cancelledZero(of, rm))))
      normalise(f, x.exponent, x.significand)
    })
    f.return(rounded(round, x.sign, x.exponent, x.significand, rm))
  })
}

/** `(a, b, rm) → raw` */
export function defineMul(unit: Unit, of: Format, round: FuncRef, mulHigh: FuncRef): FuncRef {
  return unit.module.func(`fpu.mul.${of.suffix}`, ['i64', 'i64', 'i32'], ['i64'], (f) => {
    const [a, b, rm] = [f.param(0), f.param(1), f.param(2)]
    returnIfNaN(unit, f, of, of, a, b)
    const sign = f.let(productSign(of, a, b))
    const zero = f.let(or(isZero(of, a), isZero(of, b)))
    f.if(or(isInfinite(of, a), isInfinite(of, b)), () => {
      f.if(zero, () => returnInvalid(unit, f, of))
      f.return(boxed(of, or(sign, c64(of.infinity))))
    })
    f.if(zero, () => f.return(boxed(of, sign)))
    const [x, y] = [unpack(f, of, a), unpack(f, of, b)]
    const product = wideProduct(f, mulHigh, x.significand, y.significand)
    f.set(product.high, or(product.high, bit(ne(product.low, c64(0)))))
    f.set(x.exponent, add(x.exponent, y.exponent))
    settleCarry(f, x.exponent, product.high)
    f.return(rounded(round, xor(x.sign, y.sign), x.exponent, product.high, rm))
  })
}

/**
 * `(a, b, rm) → raw`. The host divides the significands, as doubles in [1, 2), to the nearest 53 bits; the exact remainder (it is smaller
 * than the divisor, so 64 bits that wrap hold it) then says on which side of the quotient the truth lies.
 */
export function defineDiv(unit: Unit, of: Format, round: FuncRef): FuncRef {
  return unit.module.func(`fpu.div.${of.suffix}`, ['i64', 'i64', 'i32'], ['i64'], (f) => {
    const [a, b, rm] = [f.param(0), f.param(1), f.param(2)]
    returnIfNaN(unit, f, of, of, a, b)
    const sign = f.let(productSign(of, a, b))
    f.if(isInfinite(of, a), () => {
      f.if(isInfinite(of, b), () => returnInvalid(unit, f, of))
      f.return(boxed(of, or(sign, c64(of.infinity))))
    })
    f.if(isZero(of, b), () => {
      f.if(isZero(of, a), () => returnInvalid(unit, f, of))
      raise(unit, f, flag.DZ)
      f.return(boxed(of, or(sign, c64(of.infinity))))
    })
    f.if(or(isInfinite(of, b), isZero(of, a)), () => f.return(boxed(of, sign)))
    const [x, y] = [unpack(f, of, a), unpack(f, of, b)]
    const [m, n] = [narrow(f, x), narrow(f, y)]
    const below = f.let(ltU(m, n))
    const quotient = significandOf(f, apply('f64.div', inBinade(m, c64(0)), inBinade(n, c64(0))))
    const remainder = f.let(sub(shl(m, add(c64(52), extendU(below))), mul(quotient, n)))
    f.return(rounded(round, xor(x.sign, y.sign), sub(sub(x.exponent, y.exponent), below), nudged(quotient, remainder), rm))
  })
}

/** `(a, rm) → raw`. As division: the host's root of a double in [1, 4), and the sign of the exact remainder. */
export function defineSqrt(unit: Unit, of: Format, round: FuncRef): FuncRef {
  return unit.module.func(`fpu.sqrt.${of.suffix}`, ['i64', 'i32'], ['i64'], (f) => {
    const [a, rm] = [f.param(0), f.param(1)]
    returnIfNaN(unit, f, of, of, a)
    f.if(isZero(of, a), () => f.return(boxed(of, a)))
    f.if(ne(and(a, c64(of.sign)), c64(0)), () => returnInvalid(unit, f, of))
    f.if(isInfinite(of, a), () => f.return(boxed(of, a)))
    const x = unpack(f, of, a)
    const m = narrow(f, x)
    const odd = f.let(extendU(and(x.exponent, c32(1))))
    const root = significandOf(f, apply('f64.sqrt', inBinade(m, odd)))
    const remainder = f.let(sub(shl(m, add(c64(52), odd)), mul(root, root)))
    f.return(rounded(round, c32(0), shrS(sub(x.exponent, wrap(odd)), c32(1)), nudged(root, remainder), rm))
  })
}

/** Adds `(a, b) → the upper half of a · b`, unsigned. */
export function defineMulHigh(unit: Unit): FuncRef {
  return unit.module.func('fpu.mulHigh', ['i64', 'i64'], ['i64'], (f) => {
    const half = (value: Term): readonly [LocalTerm, LocalTerm] => [f.let(and(value, c64(0xffff_ffffn))), f.let(shrU(value, c64(32)))]
    const [[aLow, aHigh], [bLow, bHigh]] = [half(f.param(0)), half(f.param(1))]
    const middle = f.let(add(mul(aHigh, bLow), shrU(mul(aLow, bLow), c64(32))))
    const other = f.let(add(mul(aLow, bHigh), and(middle, c64(0xffff_ffffn))))
    f.return(add(add(mul(aHigh, bHigh), shrU(middle, c64(32))), shrU(other, c64(32))))
  })
}

/** The whole product of two significands in 128 bits; its leading bit is at 62 or 63 of `high`, where 62 means the sum of the exponents. */
export function wideProduct(f: Func, mulHigh: FuncRef, a: Term, b: Term): { readonly high: LocalTerm; readonly low: LocalTerm } {
  const [x, y] = [f.let(shl(a, c64(1))), f.let(shl(b, c64(1)))]
  return { high: f.let({ kind: 'call', type: 'i64', func: mulHigh, args: [x, y] }), low: f.let(mul(x, y)) }
}

/** The call that rounds and packs a result. */
export const rounded = (round: FuncRef, sign: Term, exponent: Term, significand: Term, rm: Term): Term => ({ kind: 'call', type: 'i64', func: round, args: [sign, exponent, significand, rm] })

/** The significand with its leading bit at 52; no format has more. */
const narrow = (f: Func, x: Unpacked): LocalTerm => f.let(shrU(x.significand, c64(10)))

/** f64: a significand with its leading bit at 52, scaled to [1, 2) · 2^exponent. */
const inBinade = (significand: Term, exponent: Term): Term => apply('f64.reinterpret_i64', add(significand, shl(add(exponent, c64(0x3fe)), c64(52))))

/** The significand of a positive normal f64, leading bit at 52. */
const significandOf = (f: Func, value: Term): LocalTerm => f.let(or(and(apply('i64.reinterpret_f64', value), c64((1n << 52n) - 1n)), c64(1n << 52n)))

/** A nearest significand (leading bit at 52) in its place at 62, moved by one towards the truth; no rounding boundary lies in between. */
const nudged = (nearest: Term, remainder: Term): Term => sub(add(shl(nearest, c64(10)), extendU(gtS(remainder, c64(0)))), extendU(ltS(remainder, c64(0))))
