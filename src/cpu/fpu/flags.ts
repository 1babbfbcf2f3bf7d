/** Exception flags and rounding modes: RISC-V unprivileged §21.2 (fcsr). */
import type { Func } from '../wasm/func.ts'
import type { Module } from '../wasm/module.ts'
import type { FastPath } from './fast.ts'
import { type Format, isNaN, isSignalling, nanRaw } from './format.ts'
import { type Term, and, c32, gtU, load, or } from '../term.ts'

/** Bits of fflags: inexact, underflow, overflow, divide by zero, invalid. */
export const flag = { NX: 1, UF: 2, OF: 4, DZ: 8, NV: 16 } as const

/** Values of rm and frm: to nearest even, towards zero, down, up, to nearest with ties away. */
export const mode = { RNE: 0, RTZ: 1, RDN: 2, RUP: 3, RMM: 4 } as const

/** Where the operations are put, where they leave their flags (the i32 at `flags` in memory), and what they may use. */
export interface Unit {
  readonly module: Module
  readonly flags: number
  readonly fast: ReadonlyMap<string, FastPath>
}

export function raise(unit: Unit, f: Func, flags: Term | number): void {
  f.store('i32', c32(0), or(load('i32', c32(0), unit.flags), typeof flags === 'number' ? c32(flags) : flags), unit.flags)
}

/** i32: rm is RNE and NX already stands, so that the host's own rounding is right and its inexactness is no news. */
export const calm = (unit: Unit, rm: Term): Term => gtU(and(load('i32', c32(0), unit.flags), c32(flag.NX)), rm)

/** NV and the canonical NaN. */
export function returnInvalid(unit: Unit, f: Func, of: Format): void {
  raise(unit, f, flag.NV)
  f.return(nanRaw(of))
}

/** Any NaN among the operands gives the canonical one; a signalling one raises NV (§21.3). */
export function returnIfNaN(unit: Unit, f: Func, of: Format, result: Format, ...operands: readonly Term[]): void {
  f.if(operands.map((bits) => isNaN(of, bits)).reduce(or), () => {
    f.if(operands.map((bits) => isSignalling(of, bits)).reduce(or), () => raise(unit, f, flag.NV))
    f.return(nanRaw(result))
  })
}
