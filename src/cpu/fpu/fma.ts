/** a · b + c with one rounding, in 128-bit integers. IEEE 754-2019 §5.4.1. */
import type { Func, LocalTerm } from '../wasm/func.ts'
import { type FuncRef, type Term, add, and, c32, c64, clz, eq, eqz, extendU, geS, gtS, ltU, ne, or, select, shl, shrU, sub, wrap, xor } from '../term.ts'
import { cancelledZero, productSign, rounded, wideProduct } from './arithmetic.ts'
import { type Unit, returnIfNaN, returnInvalid } from './flags.ts'
import { type Format, boxed, isInfinite, isZero } from './format.ts'
import { type Unpacked, bit, unpack } from './unpack.ts'

/** 128 bits, unsigned. */
interface Wide {
  readonly high: LocalTerm
  readonly low: LocalTerm
}

/** `(a, b, c, rm) → raw`, from bits. */
export function defineFma(unit: Unit, of: Format, round: FuncRef, mulHigh: FuncRef): FuncRef {
  return unit.module.func(`fpu.fma.${of.suffix}`, ['i64', 'i64', 'i64', 'i32'], ['i64'], (f) => {
    const [a, b, c, rm] = [f.param(0), f.param(1), f.param(2), f.param(3)]
    // RISC-V §21.6: infinity times zero raises NV even if the addend is a quiet NaN.
    f.if(or(and(isInfinite(of, a), isZero(of, b)), and(isZero(of, a), isInfinite(of, b))), () => returnInvalid(unit, f, of))
    returnIfNaN(unit, f, of, of, a, b, c)
    const sign = f.let(productSign(of, a, b))
    const opposite = f.let(ne(sign, and(c, c64(of.sign))))
    f.if(or(isInfinite(of, a), isInfinite(of, b)), () => {
      f.if(and(isInfinite(of, c), opposite), () => returnInvalid(unit, f, of))
      f.return(boxed(of, or(sign, c64(of.infinity))))
    })
    f.if(isInfinite(of, c), () => f.return(boxed(of, c)))
    f.if(or(isZero(of, a), isZero(of, b)), () => {
      f.if(and(isZero(of, c), opposite), () => f.return(boxed(of, cancelledZero(of, rm))))
      f.return(boxed(of, c))
    })
    const [x, y] = [unpack(f, of, a), unpack(f, of, b)]
    const product = wideProduct(f, mulHigh, x.significand, y.significand)
    f.set(x.exponent, add(x.exponent, y.exponent))
    settleWide(f, x.exponent, product)
    f.set(x.sign, xor(x.sign, y.sign))
    f.if(eqz(isZero(of, c)), () => addWide(f, of, x, product, unpack(f, of, c), rm))
    f.return(rounded(round, x.sign, x.exponent, or(product.high, bit(ne(product.low, c64(0)))), rm))
  })
}

/** Adds `c` to the product, whose sign and exponent stand in `x`; the leading bit ends at bit 62 of `product.high`. Returns if all cancels. */
function addWide(f: Func, of: Format, x: Unpacked, product: Wide, c: Unpacked, rm: Term): void {
  const addend: Wide = { high: c.significand, low: f.let(c64(0)) }
  const ahead = f.let(sub(x.exponent, c.exponent))
  f.if(geS(ahead, c32(0)), () => shiftWide(f, addend, ahead), () => {
    shiftWide(f, product, sub(c32(0), ahead))
    f.set(x.exponent, c.exponent)
  })
  f.if(eq(x.sign, c.sign), () => {
    f.set(product.low, add(product.low, addend.low))
    f.set(product.high, add(add(product.high, addend.high), extendU(ltU(product.low, addend.low))))
    settleWide(f, x.exponent, product)
  }, () => {
    const borrow = f.let(extendU(ltU(product.low, addend.low)))
    f.set(product.low, sub(product.low, addend.low))
    f.set(product.high, sub(sub(product.high, addend.high), borrow))
    f.if(eqz(or(product.high, product.low)), () => f.return(boxed(of, cancelledZero(of, rm))))
    f.if(eqz(geS(product.high, c64(0))), () => {
      f.set(product.low, sub(c64(0), product.low))
      f.set(product.high, sub(sub(c64(0), product.high), extendU(ne(product.low, c64(0)))))
      f.set(x.sign, c.sign)
    })
    normaliseWide(f, x.exponent, product)
  })
}

/** A carry into bit 127 goes one to the right, jamming. */
function settleWide(f: Func, exponent: LocalTerm, value: Wide): void {
  f.if(eqz(geS(value.high, c64(0))), () => {
    f.set(value.low, or(or(shl(value.high, c64(63)), shrU(value.low, c64(1))), and(value.low, c64(1))))
    f.set(value.high, shrU(value.high, c64(1)))
    f.set(exponent, add(exponent, c32(1)))
  })
}

/** Moves the leading bit, anywhere up to bit 126, to bit 126. */
function normaliseWide(f: Func, exponent: LocalTerm, value: Wide): void {
  f.if(eqz(value.high), () => {
    // 63 and not 64: the low half may fill its top bit, which belongs at 62.
    f.set(value.high, shrU(value.low, c64(1)))
    f.set(value.low, shl(value.low, c64(63)))
    f.set(exponent, sub(exponent, c32(63)))
  })
  const by = f.let(sub(clz(value.high), c64(1)))
  f.if(ne(by, c64(0)), () => {
    f.set(value.high, or(shl(value.high, by), shrU(value.low, sub(c64(64), by))))
    f.set(value.low, shl(value.low, by))
    f.set(exponent, sub(exponent, wrap(by)))
  })
}

/** Shifts right by `by` (i32, ≥ 0, no upper bound), jamming. */
function shiftWide(f: Func, value: Wide, by: Term): void {
  const count = f.let(by)
  const rest = f.let(c64(0))
  f.if(geS(count, c32(64)), () => {
    f.set(rest, value.low)
    f.set(value.low, value.high)
    f.set(value.high, c64(0))
    f.set(count, sub(count, c32(64)))
    f.if(geS(count, c32(64)), () => {
      f.set(rest, or(rest, value.low))
      f.set(value.low, c64(0))
      f.set(count, c32(0))
    })
  })
  f.if(gtS(count, c32(0)), () => {
    const [right, left] = [f.let(extendU(count)), f.let(extendU(sub(c32(64), count)))]
    f.set(rest, or(rest, shl(value.low, left)))
    f.set(value.low, or(shl(value.high, left), shrU(value.low, right)))
    f.set(value.high, shrU(value.high, right))
  })
  f.set(value.low, or(value.low, select(eqz(rest), c64(0), c64(1))))
}
