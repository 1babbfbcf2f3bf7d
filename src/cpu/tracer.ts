/**
 * Watches a core do a window of its time instruction by instruction. The harts are run a tick at a time for that long, by the interpreter;
 * since a run that is cut anywhere is the same run, nothing else changes.
 */
import type { Instant } from '../base/time.ts'
import type { Step, TraceWindow } from './core.ts'
import type { HaltedHart } from './halted-hart.ts'
import { floatNames, integerNames } from './isa/registers.ts'
import { fBase, slot } from './layout.ts'
import { machine } from './system/state.ts'

const trapSlots = [slot.mcause, slot.mepc, slot.scause, slot.sepc]

export interface TracerParts {
  readonly view: DataView
  /** The hart in page 0. */
  readonly halted: HaltedHart
  /** Takes a pending interrupt, as the hart is about to. @returns whether there was one. */
  readonly interrupt: () => boolean
}

export class Tracer {
  readonly #parts: TracerParts
  readonly #window: TraceWindow
  readonly #registers = new BigUint64Array(64)
  #skipped = 0n
  /** Of mcause, mepc, scause and sepc, before the step. */
  #traps: readonly bigint[] = []
  #done = false

  constructor(parts: TracerParts, window: TraceWindow) {
    this.#parts = parts
    this.#window = window
  }

  /** How far the harts may go from here, in ticks. */
  reach(ticks: number): number {
    const { from, to } = this.#window
    if (ticks < from) return from - ticks
    if (ticks < to) return 1
    if (!this.#done) {
      this.#done = true
      this.#window.done()
    }
    return Infinity
  }

  /** A hart is about to take its tick. @returns what to call once it has; undefined outside the window. */
  begin(ticks: number): (() => void) | undefined {
    const { from, to } = this.#window
    if (ticks < from || ticks >= to) return undefined
    const before = this.#here(ticks as Instant)
    if (this.#parts.interrupt()) this.#window.step({ ...before, written: [], trap: this.#cause() })
    const step = this.#here(ticks as Instant)
    const word = this.#word(step.pc)
    for (let at = 0; at < 64; at++) this.#registers[at] = this.#register(at)
    this.#skipped = this.#get(slot.skipped)
    this.#traps = trapSlots.map((at) => this.#get(at))
    return () => this.#window.step({ ...step, word, written: this.#written(), trap: this.#trapped(step.pc) ? this.#cause() : undefined })
  }

  #here(at: Instant): Pick<Step, 'at' | 'hart' | 'privilege' | 'pc' | 'word'> {
    const { halted } = this.#parts
    return { at, hart: halted.hart, privilege: halted.privilege, pc: this.#get(slot.pc), word: undefined }
  }

  #get(at: number): bigint {
    return this.#parts.view.getBigUint64(at, true)
  }

  #register(at: number): bigint {
    return this.#get(at < 32 ? 8 * at : fBase + 8 * (at - 32))
  }

  #written(): Step['written'] {
    const written: [string, bigint][] = []
    for (let at = 1; at < 64; at++) {
      const value = this.#register(at)
      if (value !== this.#registers[at]) written.push([at < 32 ? integerNames[at] : floatNames[at - 32], value])
    }
    return written
  }

  #word(pc: bigint): number | undefined {
    const bytes = new Uint8Array(4)
    const read = this.#parts.halted.peek(pc, bytes)
    const word = (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0
    if ((word & 3) !== 3) return read < 2 ? undefined : word & 0xffff
    return read < 4 ? undefined : word
  }

  /** The instruction at `pc` trapped, which its skipped tick and the trap's registers say; or what it did let an interrupt in at once. */
  #trapped(pc: bigint): boolean {
    const toMachine = this.#parts.halted.privilege === machine
    const [epc, vector] = toMachine ? [slot.mepc, slot.mtvec] : [slot.sepc, slot.stvec]
    const cause = this.#cause()
    const interrupt = cause >> 63n === 1n
    const tvec = this.#get(vector)
    if (this.#get(slot.pc) !== (tvec & ~3n) + (interrupt && tvec & 1n ? (cause & 0xffn) << 2n : 0n)) return false
    if (!interrupt) return this.#get(slot.skipped) > this.#skipped && this.#get(epc) === pc
    const at = toMachine ? 0 : 2
    return cause !== this.#traps[at] || this.#get(epc) !== this.#traps[at + 1]
  }

  #cause(): bigint {
    return this.#get(this.#parts.halted.privilege === machine ? slot.mcause : slot.scause)
  }
}
