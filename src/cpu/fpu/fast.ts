/**
 * The fast layer: an operation by the host's own operators, and the condition under which the result and the flags are right.
 *
 * Valid only while the rounding mode is RNE and NX already stands in fflags. Then nothing but UF, OF, DZ and NV could be missed, and `safe`
 * is false wherever one of them could be due, or a NaN: the caller goes to the exact layer instead. `safe` may be false without need
 * (a product that is zero); it is never true wrongly. NaN operands need no check of their own: they make the result a NaN, which isn't safe.
 */
import { type Term, add, and, apply, c32, c64, ltU, ne, sub } from '../term.ts'
import type { Func, LocalTerm } from '../wasm/func.ts'
import { type Format, double, formats, single } from './format.ts'

export interface FastResult {
  /** f32 or f64. */
  readonly result: LocalTerm
  /** i32: the result is right and raises nothing but NX. To be evaluated once, directly after. */
  readonly safe: Term
}

/** Writes the computation into `f`. Operands are f32 or f64 as the instruction's, in its order; they are evaluated several times: give locals. */
export type FastPath = (f: Func, ...operands: readonly Term[]) => FastResult

/** By mnemonic: arithmetic of both formats, and fcvt.s.d. `fused`: the host's relaxed_madd is known to round once (fused.ts). */
export const fastPaths = (fused: boolean): ReadonlyMap<string, FastPath> => new Map(formats.flatMap((of) => pathsOf(of, fused)))

function pathsOf(of: Format, fused: boolean): [string, FastPath][] {
  const op = (name: 'add' | 'sub' | 'mul' | 'div') => (a: Term, b: Term): Term => apply(`${of.float}.${name}`, a, b)
  const neg = (a: Term): Term => apply(`${of.float}.neg`, a)
  const fma = of === single ? fmaSingle : fused ? fmaByHost : fmaDouble
  /** Sums and roots can't underflow inexactly; what is finite is right. */
  const ifFinite = (compute: (...operands: readonly Term[]) => Term): FastPath => (f, ...operands) => {
    const result = f.let(compute(...operands))
    return { result, safe: finite(of, result) }
  }
  const ifNormal = (compute: (...operands: readonly Term[]) => Term): FastPath => (f, ...operands) => {
    const result = f.let(compute(...operands))
    return { result, safe: normal(of, result) }
  }
  const paths: Readonly<Record<string, FastPath>> = {
    fadd: ifFinite(op('add')),
    fsub: ifFinite(op('sub')),
    fsqrt: ifFinite((a) => apply(`${of.float}.sqrt`, a)),
    fmul: ifNormal(op('mul')),
    fdiv: ifNormal(op('div')),
    fmadd: fma,
    fmsub: (f, a, b, c) => fma(f, a, b, neg(c)),
    fnmsub: (f, a, b, c) => fma(f, neg(a), b, c),
    fnmadd: (f, a, b, c) => fma(f, neg(a), b, neg(c)),
    ...(of === double ? {} : { 'fcvt.s': ifNormal((a) => apply('f32.demote_f64', a)) }),
  }
  return Object.entries(paths).map(([stem, path]) => [stem === 'fcvt.s' ? 'fcvt.s.d' : `${stem}.${of.suffix}`, path])
}

const float = (value: number): Term => ({ kind: 'const', type: 'f64', value })
const finite = (of: Format, value: Term): Term => apply(`${of.float}.lt`, apply(`${of.float}.abs`, value), { kind: 'const', type: of.float, value: Infinity })

/**
 * i32: above the smallest normal magnitude and finite, in one comparison. The smallest normal itself is out: it may have been rounded up
 * from below it, which is an underflow.
 */
function normal(of: Format, value: Term): Term {
  const least = (1n << BigInt(of.fraction)) + 1n
  const count = of.infinity - least
  if (of === double) return ltU(sub(and(apply('i64.reinterpret_f64', value), c64(of.magnitude)), c64(least)), c64(count))
  return ltU(sub(and(apply('i32.reinterpret_f32', value), c32(Number(of.magnitude))), c32(Number(least))), c32(Number(count)))
}

/**
 * The product of two singles is exact in a double; the sum is rounded there first, to 53 bits. Rounding it again, to 24, is right
 * unless the first rounding may have made a tie: the 29 bits behind the 24 are 1000….
 */
function fmaSingle(f: Func, a: Term, b: Term, c: Term): FastResult {
  const [x, y, z] = [a, b, c].map((value) => apply('f64.promote_f32', value))
  const sum = f.let(plus(times(x, y), z))
  const result = f.let(apply('f32.demote_f64', sum))
  const tie = c32(0x1000_0000)
  const behind = and(apply('i32.wrap_i64', apply('i64.reinterpret_f64', sum)), c32(0x1fff_ffff))
  return { result, safe: and(ne(behind, tie), normal(single, result)) }
}

/** The host's own. The result's range is checked as a product's, which is narrower than need be only around zero. */
function fmaByHost(f: Func, a: Term, b: Term, c: Term): FastResult {
  const result = f.local('f64')
  f.setRelaxedMadd(result, a, b, c)
  return { result, safe: normal(double, result) }
}

/**
 * Error-free transformations: a · b = p + e (T. J. Dekker, 1971), p + c = s + t (D. E. Knuth, TAOCP 4.2.2), all exact. The result is
 * s + (t + e) rounded once; t + e is known to half a unit in its last place. Where the sum with a little more and with a little less than it
 * gives the same double, that double is right.
 *
 * Exactness of e needs a product whose last bits are above 2^-1074: |p| > 2^-960. Then no inexact result can be subnormal either.
 * Overflow anywhere leaves a NaN in the sums, or an infinity.
 */
function fmaDouble(f: Func, a: Term, b: Term, c: Term): FastResult {
  const p = f.let(times(a, b))
  const [[ah, al], [bh, bl]] = [halves(f, a), halves(f, b)]
  const e = f.let(minus(times(al, bl), minus(minus(minus(p, times(ah, bh)), times(al, bh)), times(ah, bl))))
  const s = f.let(plus(p, c))
  const z = f.let(minus(s, p))
  const rest = f.let(plus(plus(minus(p, minus(s, z)), minus(c, z)), e))
  const result = f.let(plus(s, times(rest, float(1 + 2 ** -52))))
  const same = apply('f64.eq', result, plus(s, times(rest, float(1 - 2 ** -52))))
  const exact = apply('f64.gt', apply('f64.abs', p), float(2 ** -960))
  return { result, safe: and(and(same, exact), finite(double, result)) }
}

const plus = (x: Term, y: Term): Term => apply('f64.add', x, y)
const minus = (x: Term, y: Term): Term => apply('f64.sub', x, y)
const times = (x: Term, y: Term): Term => apply('f64.mul', x, y)

/** A double as the sum of two with at most 26 bits each, so that products of halves are exact. */
function halves(f: Func, value: Term): readonly [LocalTerm, LocalTerm] {
  const rounded = add(apply('i64.reinterpret_f64', value), c64(1n << 26n))
  const high = f.let(apply('f64.reinterpret_i64', and(rounded, c64(-1n << 27n))))
  return [high, f.let(apply('f64.sub', value, high))]
}
