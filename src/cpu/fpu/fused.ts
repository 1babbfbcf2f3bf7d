/**
 * Does the host's f64x2.relaxed_madd round once? The relaxed SIMD proposal leaves that open, so it is tried, not assumed. V8 decides by the
 * processor alone (FMA3), the same in both of its compilers. An engine that doesn't know the instruction refuses the module: no, then.
 */
import { type Term, add, and, apply, c32, c64, eq, ltU } from '../term.ts'
import { Module } from '../wasm/module.ts'
import type { WasmEngine, WasmExports } from '../core.ts'

/** (1 + 2^-27)(1 − 2^-27) − 1: −2^-54 rounded once, 0 rounded twice. */
const operands = [0x3ff0_0000_0200_0000n, 0x3fef_ffff_fc00_0000n, 0xbff0_0000_0000_0000n] as const
const roundedOnce = 0xbc90_0000_0000_0000n

/** Enough rounds for an engine to bring in its optimising compiler, within a millisecond or two. */
const rounds = 100_000

/** Asked once of each engine. */
const answers = new WeakMap<WasmEngine, boolean>()

/** `hostFuses`, remembered. */
export function fuses(engine: WasmEngine): boolean {
  const known = answers.get(engine)
  if (known !== undefined) return known
  const found = hostFuses(engine)
  answers.set(engine, found)
  return found
}

export function hostFuses(engine: Pick<WasmEngine, 'memory' | 'instantiate'>): boolean {
  let exports: WasmExports
  try {
    exports = engine.instantiate(probe(), engine.memory(1), {})
  } catch {
    return false
  }
  // Compilers may change over between the calls.
  return [1, 2, 3].every(() => exports.probe(...operands) === 1)
}

/** A module whose `probe(a, b, c: i64) → i32` tells whether every one of many products came out as wanted. */
export function probe(): Uint8Array {
  const module = new Module({ pages: 1 })
  const func = module.func('probe', ['i64', 'i64', 'i64'], ['i32'], (f) => {
    const [a, b, c] = [0, 1, 2].map((at): Term => apply('f64.reinterpret_i64', f.param(at)))
    const [round, always, value] = [f.let(c32(0)), f.let(c32(1)), f.local('f64')]
    f.loop((again) => {
      f.setRelaxedMadd(value, a, b, c)
      f.set(always, and(always, eq(apply('i64.reinterpret_f64', value), c64(roundedOnce))))
      f.set(round, add(round, c32(1)))
      f.brIf(again, ltU(round, c32(rounds)))
    })
    f.return(always)
  })
  module.export('probe', func)
  return module.encode()
}
