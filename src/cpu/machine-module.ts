/** The wasm module of a machine's harts: traps, translation, CSRs, floating point and the interpreter, put together. */
import { defineFpu } from './fpu/fpu.ts'
import { buildInterpreter } from './interp/interpreter.ts'
import { type Layout, regionsMax, slot } from './layout.ts'
import { buildAccess } from './system/access.ts'
import { buildClock } from './system/clock.ts'
import { buildContext } from './system/context.ts'
import { buildCsr } from './system/csr.ts'
import { declareImports, declareParts } from './system/parts.ts'
import { buildPmp } from './system/pmp.ts'
import { buildTrap } from './system/trap.ts'
import { buildWalk } from './system/walk.ts'
import { Module } from './wasm/module.ts'

const encoded = new Map<string, Uint8Array>()

/** The module's bytes; made once for each layout. Exports `run`, `refreshContext`, `flushAll`, `checkInterrupts`. */
export function machineModule(layout: Layout, ticksPerTime: number, pageModes: number, threshold: number): Uint8Array {
  const key = [layout.pages, layout.ram, layout.ramBase, layout.ramBytes, ticksPerTime, pageModes, threshold].join()
  const known = encoded.get(key)
  if (known !== undefined) return known
  const module = new Module({ pages: layout.pages }, { size: regionsMax })
  const parts = declareParts(module, declareImports(module), layout, ticksPerTime, pageModes, threshold)
  for (const build of [buildContext, buildTrap, buildPmp, buildWalk, buildAccess, buildClock, buildCsr]) build(parts)
  const fpu = defineFpu(module, slot.fflags)
  const run = buildInterpreter(module, parts, fpu)
  module.export('run', run)
  module.export('refreshContext', parts.refreshContext)
  module.export('flushAll', parts.flushAll)
  module.export('checkInterrupts', parts.checkInterrupts)
  const bytes = module.encode()
  encoded.set(key, bytes)
  return bytes
}
