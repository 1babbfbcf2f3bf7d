/** The one place where results are rounded and packed. IEEE 754-2019 §4.3 and §7; RISC-V detects tininess after rounding (§21.2). */
import type { FuncRef } from '../term.ts'
import { type Term, add, and, c32, c64, eq, eqz, extendU, geS, geU, leS, ltS, ne, or, select, shl, shrU, sub } from '../term.ts'
import { type Unit, flag, mode, raise } from './flags.ts'
import { type Format, boxed } from './format.ts'
import { lead, shiftRightJam } from './unpack.ts'

/**
 * Adds `(sign: i32, exponent: i32, significand: i64, rm: i32) → raw`, for a significand with its leading bit at 62 (see unpack.ts).
 * Raises NX, UF, OF.
 */
export function defineRoundPack(unit: Unit, of: Format): FuncRef {
  const drop = BigInt(lead - of.fraction)
  const half = 1n << (drop - 1n)
  const mask = (1n << drop) - 1n
  return unit.module.func(`fpu.round.${of.suffix}`, ['i32', 'i32', 'i64', 'i32'], ['i64'], (f) => {
    const [sign, exponent, significand, rm] = [f.param(0), f.param(1), f.param(2), f.param(3)]
    const field = f.let(add(exponent, c32(of.bias)))
    const increment = f.let(incrementOf(rm, sign, half, mask))
    const tiny = f.let(c32(0))
    f.if(leS(field, c32(0)), () => {
      // Not tiny if rounding at full precision, as if the exponent had no lower end, reaches the smallest normal number.
      f.set(tiny, or(ltS(field, c32(0)), geS(add(significand, increment), c64(0))))
      shiftRightJam(f, significand, sub(c32(1), field))
      f.set(field, c32(1))
    })
    const rest = f.let(and(significand, c64(mask)))
    const kept = f.let(shrU(add(significand, increment), c64(drop)))
    const tie = and(eq(rest, c64(half)), eq(rm, c32(mode.RNE)))
    f.set(kept, and(kept, select(tie, c64(-2), c64(-1))))
    f.if(ne(rest, c64(0)), () => raise(unit, f, select(tiny, c32(flag.NX | flag.UF), c32(flag.NX))))
    // The significand's leading bit, or a carry of the rounding, adds the last one to the exponent field.
    const bits = f.let(add(shl(extendU(sub(field, c32(1))), c64(of.fraction)), kept))
    f.if(or(geS(field, c32(of.top)), geU(bits, c64(of.infinity))), () => {
      raise(unit, f, flag.OF | flag.NX)
      f.set(bits, sub(c64(of.infinity), extendU(eqz(increment))))
    })
    f.return(boxed(of, or(bits, shl(extendU(sign), c64(of.signAt)))))
  })
}

/** What is added below the last kept bit: half for the nearest modes, all ones for the directed mode that goes away from zero. */
function incrementOf(rm: Term, sign: Term, half: bigint, mask: bigint): Term {
  const nearest = eqz(and(rm, c32(3)))
  const away = eq(rm, sub(c32(mode.RUP), sign))
  return select(nearest, c64(half), select(away, c64(mask), c64(0)))
}
