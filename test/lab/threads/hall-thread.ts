/** A thread that is none: its hall is here, and does what it is told when it is asked for the answer. */
import { makeCore } from '../../../src/cpu/machine-core.ts'
import { NodeWasmEngine } from '../../../src/host/wasm-engine.ts'
import { Hall } from '../../../src/lab/threads/hall.ts'
import type { HallCall, MachineThread } from '../../../src/lab/threads/machine-thread.ts'

export class HallThread implements MachineThread {
  readonly #hall = new Hall((config) => makeCore({ ...config, engine: new NodeWasmEngine() }))
  #order: Uint8Array | undefined
  /** Orders carried out. */
  orders = 0
  closed = false

  order(message: Uint8Array): void {
    this.#order = message.slice()
  }

  answer(): Uint8Array {
    const order = this.#order as Uint8Array
    this.#order = undefined
    this.orders++
    return this.#hall.run(order)
  }

  call(call: HallCall): unknown {
    return structuredClone(this.#hall.call(structuredClone(call)))
  }

  close(): void {
    this.closed = true
  }
}
