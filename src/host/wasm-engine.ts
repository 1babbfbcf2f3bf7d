/** Where wasm runs: Node's own engine, synchronously. cpu/ makes the bytes (house.md, law 7). */
import { setFlagsFromString } from 'node:v8'
import type { WasmEngine, WasmExports, WasmImport, WasmMemory, WasmTable } from '../cpu/core.ts'

/** The part of the WebAssembly JavaScript interface (W3C, 2022) that is used here; @types/node 20 doesn't have it. */
interface WebAssemblyApi {
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared: boolean }) => WasmMemory
  readonly Table: new (descriptor: { initial: number; maximum: number; element: 'anyfunc' }) => WasmTable
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: { env: Record<string, WasmImport | WasmMemory | WasmTable> }) => { readonly exports: WasmExports }
}

// Fused multiply-add is behind this flag in Node 20; whether it is there and rounds once is tried out by cpu/fpu/fused.ts. Unknown flags are passed over.
setFlagsFromString('--experimental-wasm-relaxed-simd')
// A guest's boot runs a great deal of code a few thousand times each, which is not worth V8's optimising compiler; the default of 1.8 million
// bytes of executed code is reached within a millisecond. Ten times that costs a tenth less CPU time from reset to a kernel's init, and a hot loop
// still gets there within some ten milliseconds.
setFlagsFromString('--wasm-tiering-budget=20000000')
// The same for our own decoder and compiler of regions, which run for a second or two: V8's usual 132 KB of executed bytecode optimise
// functions that have done most of their work already (0.3 s of a boot's CPU time).
setFlagsFromString('--interrupt-budget=600000')

const { Memory, Table, Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly

/** Compiles and instantiates in the call: a block of guest code is needed before the next instruction. */
export class NodeWasmEngine implements WasmEngine {
  /** @throws {RangeError} when the host has no room for it. */
  memory(pages: number): WasmMemory {
    return new Memory({ initial: pages, maximum: pages, shared: true })
  }

  table(size: number): WasmTable {
    return new Table({ initial: size, maximum: size, element: 'anyfunc' })
  }

  /** Imports, and the memory as `memory`, are found in the module `env`. */
  instantiate(bytes: Uint8Array, memory: WasmMemory, imports: Readonly<Record<string, WasmImport>>, table?: WasmTable): WasmExports {
    return new Instance(new Module(bytes), { env: { ...imports, memory, ...(table === undefined ? {} : { table }) } }).exports
  }
}
