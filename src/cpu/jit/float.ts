/** Floating-point operations in line: the fast layer of fpu/fast.ts, and the exact function where it isn't safe. */
import { slot } from '../layout.ts'
import { fastPaths } from '../fpu/fast.ts'
import { flag } from '../fpu/flags.ts'
import { asBits, asFloat, boxed, double, single, unboxed } from '../fpu/format.ts'
import { type Term, and, c32, gtU } from '../term.ts'
import { get32 } from '../system/state.ts'
import type { Func } from '../wasm/func.ts'

const plain = fastPaths(false)
const withFusion = fastPaths(true)
/** Without a fused host operation a double's fused multiply-add takes some twenty operations: better called than copied everywhere. */
const called = new Set(['fmadd.d', 'fmsub.d', 'fnmsub.d', 'fnmadd.d'])

/** May this operation be put in line? */
export const inLine = (name: string, fused: boolean): boolean => plain.has(name) && (fused || !called.has(name))

/**
 * Gives the result of operation `name` to `write`, once or at the end of either way; `exact` is the call that is always right.
 * `operands` are f registers' raw contents in locals, then the rounding mode.
 */
export function floatInLine(f: Func, name: string, fused: boolean, operands: readonly Term[], exact: Term, write: (value: Term) => void): void {
  const path = (fused ? withFusion : plain).get(name)
  const rm = operands[operands.length - 1]
  const to = name.endsWith('.s') || name === 'fcvt.s.d' ? single : double
  const from = name === 'fcvt.s.d' ? double : to
  f.block((done) => {
    // Round to nearest even, and NX stands already: the host's own result is right wherever the path says so.
    f.if(gtU(and(get32(slot.fflags), c32(flag.NX)), rm), () => {
      const floats = operands.slice(0, -1).map((raw) => f.let(asFloat(from, unboxed(from, raw))))
      if (path === undefined) return
      const { result, safe } = path(f, ...floats)
      f.if(safe, () => {
        write(boxed(to, asBits(to, result)))
        f.br(done)
      })
    })
    write(exact)
  })
}
