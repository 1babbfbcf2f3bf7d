/** Conversions between integers and the formats, and between the formats. IEEE 754-2019 §5.4.1, §5.8; RISC-V unprivileged §21.7. */
import type { Func, LocalTerm } from '../wasm/func.ts'
import { type FuncRef, type Term, add, and, apply, c32, c64, clz, eq, eqz, extendU, gtS, gtU, ltS, ne, or, select, shl, shrU, signExtend, sub, wrap } from '../term.ts'
import { rounded } from './arithmetic.ts'
import { type Unit, flag, mode, raise, returnIfNaN } from './flags.ts'
import { type Format, asFloat, boxed, double, isInfinite, isNaN, isZero, single } from './format.ts'
import { lead, unpack } from './unpack.ts'

/** The integers of the fcvt mnemonics: word, long, and whether unsigned. */
export interface Integer {
  readonly name: 'w' | 'wu' | 'l' | 'lu'
  readonly width: 32 | 64
  readonly signed: boolean
}
export const integers: readonly Integer[] = [
  { name: 'w', width: 32, signed: true },
  { name: 'wu', width: 32, signed: false },
  { name: 'l', width: 64, signed: true },
  { name: 'lu', width: 64, signed: false },
]

/** i64 → i64: an x register's value as the integer type that an instruction reads from it. */
export function integerOf(kind: Integer, value: Term): Term {
  if (kind.width === 64) return value
  return kind.signed ? signExtend(32, value) : and(value, c64(0xffff_ffffn))
}

/** `(sign: i32, magnitude: i64, rm) → raw` */
export function defineFromInteger(unit: Unit, of: Format, round: FuncRef): FuncRef {
  return unit.module.func(`fpu.integer.${of.suffix}`, ['i32', 'i64', 'i32'], ['i64'], (f) => {
    const [sign, magnitude, rm] = [f.param(0), f.param(1), f.param(2)]
    f.if(eqz(magnitude), () => f.return(boxed(of, c64(0))))
    const zeros = f.let(clz(magnitude))
    f.set(magnitude, shl(magnitude, zeros))
    const significand = or(shrU(magnitude, c64(1)), and(magnitude, c64(1)))
    f.return(rounded(round, sign, sub(c32(63), wrap(zeros)), significand, rm))
  })
}

/** `(bits, rm) → x register`: saturates with NV, a NaN as what is too great. */
export function defineToInteger(unit: Unit, of: Format, kind: Integer): FuncRef {
  return unit.module.func(`fpu.${kind.name}.${of.suffix}`, ['i64', 'i32'], ['i64'], (f) => {
    const [bits, rm] = [f.param(0), f.param(1)]
    const most = kind.signed ? (1n << BigInt(kind.width - 1)) - 1n : kind.width === 64 ? -1n : 0xffff_ffffn
    const least = kind.signed ? -(1n << BigInt(kind.width - 1)) : 0n
    const saturate = (value: bigint): void => {
      raise(unit, f, flag.NV)
      f.return(c64(BigInt.asIntN(kind.width, value)))
    }
    f.if(isNaN(of, bits), () => saturate(most))
    const x = unpack(f, of, bits)
    const magnitude = f.let(c64(0))
    const rest = f.let(c64(0))
    const fits = f.let(ltS(x.exponent, c32(64)))
    f.if(isZero(of, bits), () => f.return(c64(0)))
    f.if(fits, () => splitAtPoint(f, x.exponent, x.significand, magnitude, rest))
    f.set(magnitude, add(magnitude, extendU(roundsUp(rm, x.sign, magnitude, rest))))
    f.if(x.sign, () => {
      f.if(or(eqz(fits), gtU(magnitude, c64(-least))), () => saturate(least))
      f.set(magnitude, sub(c64(0), magnitude))
    }, () => f.if(or(eqz(fits), gtU(magnitude, c64(most))), () => saturate(most)))
    f.if(ne(rest, c64(0)), () => raise(unit, f, flag.NX))
    f.return(kind.width === 64 ? magnitude : signExtend(32, magnitude))
  })
}

/** Parts significand · 2^(exponent − 62), below 2^64, into an integer and the fraction as 64 bits behind the point, jammed. */
function splitAtPoint(f: Func, exponent: Term, significand: Term, integer: LocalTerm, fraction: LocalTerm): void {
  const right = f.let(sub(c32(lead), exponent))
  f.if(gtS(right, c32(63)), () => f.set(fraction, c64(1)), () => {
    f.if(gtS(right, c32(0)), () => {
      f.set(integer, shrU(significand, extendU(right)))
      f.set(fraction, shl(significand, extendU(sub(c32(64), right))))
    }, () => f.set(integer, shl(significand, extendU(sub(c32(0), right)))))
  })
}

/** i32: whether the magnitude grows by one. */
function roundsUp(rm: Term, sign: Term, integer: Term, fraction: Term): Term {
  const half = c64(1n << 63n)
  const odd = wrap(and(integer, c64(1)))
  const nearest = or(gtU(fraction, half), and(eq(fraction, half), or(odd, eq(rm, c32(mode.RMM)))))
  const directed = and(eq(rm, sub(c32(mode.RUP), sign)), ne(fraction, c64(0)))
  return select(eqz(and(rm, c32(3))), nearest, directed)
}

/** Writes the way of most conversions: round as the mode says, return if that is in range. Right in all modes and for NX; RMM and the rest fall through. */
export function returnIfInRange(unit: Unit, f: Func, of: Format, kind: Integer, bits: Term, rm: Term): void {
  const value = f.let(of === double ? asFloat(of, bits) : apply('f64.promote_f32', asFloat(of, bits)))
  const whole = f.local('f64')
  const roundings = ['f64.nearest', 'f64.trunc', 'f64.floor', 'f64.ceil'] as const
  f.block((done) => {
    for (const at of [mode.RTZ, mode.RNE, mode.RDN, mode.RUP]) {
      f.if(eq(rm, c32(at)), () => {
        f.set(whole, apply(roundings[at], value))
        f.br(done)
      })
    }
    f.set(whole, float(Infinity))
  })
  const least = kind.signed ? -(2 ** (kind.width - 1)) : 0
  f.if(and(apply('f64.ge', whole, float(least)), apply('f64.lt', whole, float(2 ** (kind.width - (kind.signed ? 1 : 0))))), () => {
    f.if(apply('f64.ne', whole, value), () => raise(unit, f, flag.NX))
    const integer = apply(`i64.trunc_f64_${kind.signed ? 's' : 'u'}`, whole)
    f.return(kind.width === 64 ? integer : signExtend(32, integer))
  })
}

const float = (value: number): Term => ({ kind: 'const', type: 'f64', value })

/** `(bits of a double, rm) → raw single` */
export function defineNarrow(unit: Unit, round: FuncRef): FuncRef {
  return unit.module.func('fpu.narrow', ['i64', 'i32'], ['i64'], (f) => {
    const [bits, rm] = [f.param(0), f.param(1)]
    returnIfNaN(unit, f, double, single, bits)
    const sign = shl(shrU(bits, c64(double.signAt)), c64(single.signAt))
    f.if(isInfinite(double, bits), () => f.return(boxed(single, or(sign, c64(single.infinity)))))
    f.if(isZero(double, bits), () => f.return(boxed(single, sign)))
    const x = unpack(f, double, bits)
    f.return(rounded(round, x.sign, x.exponent, x.significand, rm))
  })
}
