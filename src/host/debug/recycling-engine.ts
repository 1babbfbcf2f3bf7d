/** A wasm engine that hands out memories that were given back: of a lab that is brought back again and again nothing waits for the garbage collector. */
import type { WasmMemory } from '../../cpu/core.ts'
import { NodeWasmEngine } from '../wasm-engine.ts'

export class RecyclingEngine extends NodeWasmEngine {
  #lent: WasmMemory[] = []
  #free: WasmMemory[] = []

  /** Whoever had a memory of this engine must not use it any more. */
  recycle(): void {
    this.#free = [...this.#free, ...this.#lent]
    this.#lent = []
  }

  override memory(pages: number): WasmMemory {
    const known = this.#free.findIndex(({ buffer }) => buffer.byteLength === pages << 16)
    const [memory] = known < 0 ? [super.memory(pages)] : this.#free.splice(known, 1)
    if (known >= 0) new Uint8Array(memory.buffer).fill(0)
    this.#lent.push(memory)
    return memory
  }
}
