/** Comparison, minimum and maximum, classification: operations that never round. RISC-V unprivileged §21.6, §21.8, §21.9. */
import type { FuncRef, Op } from '../term.ts'
import { add, and, apply, c64, eq, ltU, ne, or, select, shl, sub } from '../term.ts'
import { type Unit, flag, raise } from './flags.ts'
import { type Format, asBits, asFloat, boxed, isInfinite, isNaN, isSignalling, isZero, magnitudeOf, nanRaw, unboxed } from './format.ts'

/** `(raw, raw) → 0 or 1`. feq is quiet: only a signalling NaN raises NV; flt and fle raise it for any. */
export function defineCompare(unit: Unit, of: Format, name: 'eq' | 'lt' | 'le'): FuncRef {
  return unit.module.func(`f${name}.${of.suffix}`, ['i64', 'i64'], ['i64'], (f) => {
    const [a, b] = [f.let(unboxed(of, f.param(0))), f.let(unboxed(of, f.param(1)))]
    f.if(apply(`${of.float}.${name}`, asFloat(of, a), asFloat(of, b)), () => f.return(c64(1)))
    const invalid = name === 'eq' ? isSignalling : isNaN
    f.if(or(invalid(of, a), invalid(of, b)), () => raise(unit, f, flag.NV))
    f.return(c64(0))
  })
}

/** `(raw, raw) → raw`: minimumNumber and maximumNumber of IEEE 754-2019 §9.6; −0 is below +0, a lone NaN gives the number. */
export function defineMinMax(unit: Unit, of: Format, name: 'min' | 'max'): FuncRef {
  return unit.module.func(`f${name}.${of.suffix}`, ['i64', 'i64'], ['i64'], (f) => {
    const [a, b] = [f.let(unboxed(of, f.param(0))), f.let(unboxed(of, f.param(1)))]
    f.if(or(isNaN(of, a), isNaN(of, b)), () => {
      f.if(or(isSignalling(of, a), isSignalling(of, b)), () => raise(unit, f, flag.NV))
      f.if(eq(isNaN(of, a), isNaN(of, b)), () => f.return(nanRaw(of)))
      f.return(boxed(of, select(isNaN(of, a), b, a)))
    })
    const op: Op = `${of.float}.${name}`
    f.return(boxed(of, asBits(of, apply(op, asFloat(of, a), asFloat(of, b)))))
  })
}

/** `(raw) → the mask of §21.9`: from −∞ in bit 0 up to the quiet NaN in bit 9. */
export function defineClass(unit: Unit, of: Format): FuncRef {
  return unit.module.func(`fclass.${of.suffix}`, ['i64'], ['i64'], (f) => {
    const bits = f.let(unboxed(of, f.param(0)))
    f.if(isNaN(of, bits), () => f.return(select(isSignalling(of, bits), c64(1 << 8), c64(1 << 9))))
    // Subnormal, normal, infinite: how far a non-zero number lies from the middle, in bits.
    const zero = isZero(of, bits)
    const subnormal = ltU(magnitudeOf(of, bits), c64(1n << BigInt(of.fraction)))
    const far = f.let(select(zero, c64(0), select(isInfinite(of, bits), c64(3), select(subnormal, c64(1), c64(2)))))
    const negative = ne(and(bits, c64(of.sign)), c64(0))
    f.return(shl(c64(1), select(negative, sub(c64(3), far), add(c64(4), far))))
  })
}
