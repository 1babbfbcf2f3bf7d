/** The wasm module of a machine's harts: traps, translation, CSRs, floating point and the interpreter, put together. */
import { defineFpu } from './fpu/fpu.ts'
import { buildInterpreter } from './interp/interpreter.ts'
import { type Layout, regionsMax, slot } from './layout.ts'
import type { Profile } from './isa/profile.ts'
import { rows } from './isa/rows.ts'
import type { FuncRef } from './term.ts'
import { buildAccess } from './system/access.ts'
import { buildCacheBlock } from './system/cache-block.ts'
import { buildClock } from './system/clock.ts'
import { buildContext } from './system/context.ts'
import { buildCsr } from './system/csr.ts'
import { declareImports, declareParts } from './system/parts.ts'
import { buildPmp } from './system/pmp.ts'
import { buildTrap } from './system/trap.ts'
import { buildWalk } from './system/walk.ts'
import { Module } from './wasm/module.ts'

export interface MachineModule {
  readonly bytes: Uint8Array
  /** What regions may call, by name; all are exported but codeWritten, which is an import. */
  readonly callees: readonly FuncRef[]
}

const encoded = new Map<string, MachineModule>()

/** Every operation of the floating-point unit that a row names. */
const fpuNames: readonly string[] = [...new Set(rows.flatMap(({ effect }) => (effect.kind === 'compute' && effect.result.kind === 'fpu' ? [effect.result.name] : [])))]

/** The module; made once for each layout. Exports `run`, `refreshContext`, `flushAll`, `checkInterrupts` and the callees. */
export function machineModule(layout: Layout, ticksPerTime: number, profile: Profile, threshold: number, fused: boolean): MachineModule {
  const key = [layout.pages, layout.ram, layout.ramBase, layout.ramBytes, ticksPerTime, profile.name, threshold, fused].join()
  const known = encoded.get(key)
  if (known !== undefined) return known
  const module = new Module({ pages: layout.pages }, { size: regionsMax })
  const parts = declareParts(module, declareImports(module), layout, ticksPerTime, profile, threshold)
  for (const build of [buildContext, buildTrap, buildPmp, buildWalk, buildAccess, buildClock, buildCsr, buildCacheBlock]) build(parts)
  const fpu = defineFpu(module, slot.fflags, fused)
  const run = buildInterpreter(module, parts, fpu)
  const callees = [parts.loadSlow, parts.storeSlow, parts.atomicAddress, parts.illegal, ...fpuNames.map(fpu)]
  for (const callee of callees) module.export(callee.name, callee)
  module.export('run', run)
  module.export('refreshContext', parts.refreshContext)
  module.export('flushAll', parts.flushAll)
  module.export('checkInterrupts', parts.checkInterrupts)
  const made = { bytes: module.encode(), callees: [...callees, parts.codeWritten] }
  encoded.set(key, made)
  return made
}
