/** Cores for these tests. */
import { type Core, type CoreBus, type CoreConfig } from '../../../src/cpu/core.ts'
import { makeCore } from '../../../src/cpu/machine-core.ts'
import { NodeWasmEngine } from '../../../src/host/wasm-engine.ts'

/** With `threshold` 1 everything that can be compiled is, with 0 nothing. */
export function machineOf(config: Omit<CoreConfig, 'engine' | 'bus' | 'timebaseHz'>, bus: CoreBus): Core {
  return makeCore({ timebaseHz: 10_000_000, engine: new NodeWasmEngine(), bus, ...config })
}
