/**
 * The floating-point unit: every F and D operation of RV64 that is more than a move of bits, as a wasm function.
 *
 * Theory of operation. Operands and results are raw register contents in i64 (an f register's with its NaN box), because a value of
 * type f64 loses a NaN's bits on its way through V8 and JavaScript. Each function has two layers. The fast one uses the host's own
 * f64 and f32 operators, which WebAssembly defines to the last bit for everything but NaNs and which round to nearest even; they
 * can't tell what flags they would have raised, so they are used where the flags are known: NX already stands (once set it stays),
 * and the result lies where neither overflow nor underflow nor an invalid operation can have been (fast.ts; a JIT may put it inline).
 * The exact layer computes in integers, in all rounding modes, with all flags (arithmetic.ts, fma.ts, convert.ts, round.ts). No NaN ever
 * comes out of the fast layer. An operation with its call takes 2–5 ns fast and 5–15 ns exact (Node 20, x86-64).
 *
 * RISC-V unprivileged, chapters F (§21) and D (§22); IEEE 754-2019.
 */
import { assert } from '../../base/errors.ts'
import { type FuncRef, type Term, apply, c32, c64, call, ltS, select, sub, xor } from '../term.ts'
import type { Func } from '../wasm/func.ts'
import type { Module } from '../wasm/module.ts'
import { defineAdd, defineDiv, defineMul, defineMulHigh, defineSqrt } from './arithmetic.ts'
import { defineClass, defineCompare, defineMinMax } from './compare.ts'
import { type Integer, defineFromInteger, defineNarrow, defineToInteger, integerOf, integers, returnIfInRange } from './convert.ts'
import { fastPaths } from './fast.ts'
import { type Unit, calm, returnIfNaN } from './flags.ts'
import { defineFma } from './fma.ts'
import { type Format, asBits, asFloat, boxed, double, formats, single, unboxed } from './format.ts'
import { defineRoundPack } from './round.ts'

/**
 * Adds the unit to `module` and returns its functions by mnemonic (`fadd.s`, `fcvt.w.d`). Parameters: the source registers in the
 * assembler's order, as i64; then, for every instruction with an rm field, the effective rounding mode 0–4 as i32. The i64 result is
 * what goes into rd. Flags are or-ed into the i32 at `flagsAddress` of the module's memory, laid out as fflags. The resolver throws for other names.
 *
 * @param fused the answer of `hostFuses` (fused.ts): with it fused multiply-add of doubles costs 2 ns instead of 5
 */
export function defineFpu(module: Module, flagsAddress: number, fused = false): (name: string) => FuncRef {
  const unit: Unit = { module, flags: flagsAddress, fast: fastPaths(fused) }
  const functions = new Map<string, FuncRef>()
  const mulHigh = defineMulHigh(unit)
  const round = { s: defineRoundPack(unit, single), d: defineRoundPack(unit, double) }
  const define = (func: FuncRef): unknown => functions.set(func.name, func)
  for (const of of formats) {
    for (const func of defineArithmetic(unit, of, round[of.suffix], mulHigh)) define(func)
    for (const name of ['eq', 'lt', 'le'] as const) define(defineCompare(unit, of, name))
    for (const name of ['min', 'max'] as const) define(defineMinMax(unit, of, name))
    define(defineClass(unit, of))
    const fromInteger = defineFromInteger(unit, of, round[of.suffix])
    for (const kind of integers) {
      define(integerToFloat(unit, of, kind, fromInteger))
      define(floatToInteger(unit, of, kind, defineToInteger(unit, of, kind)))
    }
  }
  define(doubleToSingle(unit, defineNarrow(unit, round.s)))
  define(singleToDouble(unit))
  return (name) => {
    const func = functions.get(name)
    assert(func !== undefined, `no floating-point operation ${name}`)
    return func
  }
}

function defineArithmetic(unit: Unit, of: Format, round: FuncRef, mulHigh: FuncRef): FuncRef[] {
  const add = defineAdd(unit, of, round)
  const mul = defineMul(unit, of, round, mulHigh)
  const fma = defineFma(unit, of, round, mulHigh)
  return [
    operation(unit, of, 'fadd', add),
    operation(unit, of, 'fsub', add, 1),
    operation(unit, of, 'fmul', mul),
    operation(unit, of, 'fdiv', defineDiv(unit, of, round)),
    operation(unit, of, 'fsqrt', defineSqrt(unit, of, round)),
    operation(unit, of, 'fmadd', fma),
    operation(unit, of, 'fmsub', fma, 2),
    operation(unit, of, 'fnmsub', fma, 0),
    operation(unit, of, 'fnmadd', fma, 0, 2),
  ]
}

/** An operation on raw registers: fast if it can, else the exact one, which gets the operands at `negated` with their signs turned. */
function operation(unit: Unit, of: Format, name: string, exact: FuncRef, ...negated: readonly number[]): FuncRef {
  const mnemonic = `${name}.${of.suffix}`
  return unit.module.func(mnemonic, exact.params, ['i64'], (f) => {
    const count = exact.params.length - 1
    const rm = f.param(count)
    const operands = exact.params.slice(0, count).map((_, at) => f.let(unboxed(of, f.param(at))))
    f.if(calm(unit, rm), () => returnIfSafe(unit, f, mnemonic, of, of, operands))
    f.return(call(exact, ...operands.map((bits, at) => (negated.includes(at) ? xor(bits, c64(of.sign)) : bits)), rm))
  })
}

function returnIfSafe(unit: Unit, f: Func, mnemonic: string, from: Format, to: Format, operands: readonly Term[]): void {
  const path = unit.fast.get(mnemonic)
  assert(path !== undefined, `no fast path for ${mnemonic}`)
  const { result, safe } = path(f, ...operands.map((bits) => f.let(asFloat(from, bits))))
  f.if(safe, () => f.return(boxed(to, asBits(to, result))))
}

function integerToFloat(unit: Unit, of: Format, kind: Integer, exact: FuncRef): FuncRef {
  return unit.module.func(`fcvt.${of.suffix}.${kind.name}`, ['i64', 'i32'], ['i64'], (f) => {
    const [value, rm] = [f.let(integerOf(kind, f.param(0))), f.param(1)]
    const converted = boxed(of, asBits(of, apply(`${of.float}.convert_i64_${kind.signed ? 's' : 'u'}`, value)))
    // 32 bits fit into a double; nothing is to be rounded.
    if (of === double && kind.width === 32) return f.return(converted)
    f.if(calm(unit, rm), () => f.return(converted))
    const sign = f.let(kind.signed ? ltS(value, c64(0)) : c32(0))
    f.return(call(exact, sign, select(sign, sub(c64(0), value), value), rm))
  })
}

function floatToInteger(unit: Unit, of: Format, kind: Integer, exact: FuncRef): FuncRef {
  return unit.module.func(`fcvt.${kind.name}.${of.suffix}`, ['i64', 'i32'], ['i64'], (f) => {
    const [bits, rm] = [f.let(unboxed(of, f.param(0))), f.param(1)]
    returnIfInRange(unit, f, of, kind, bits, rm)
    f.return(call(exact, bits, rm))
  })
}

function doubleToSingle(unit: Unit, exact: FuncRef): FuncRef {
  return unit.module.func('fcvt.s.d', ['i64', 'i32'], ['i64'], (f) => {
    f.if(calm(unit, f.param(1)), () => returnIfSafe(unit, f, 'fcvt.s.d', double, single, [f.param(0)]))
    f.return(call(exact, f.param(0), f.param(1)))
  })
}

/** Every single is a double; the rounding mode is there for nothing. */
function singleToDouble(unit: Unit): FuncRef {
  return unit.module.func('fcvt.d.s', ['i64', 'i32'], ['i64'], (f) => {
    const bits = f.let(unboxed(single, f.param(0)))
    returnIfNaN(unit, f, single, double, bits)
    f.return(asBits(double, apply('f64.promote_f32', asFloat(single, bits))))
  })
}
