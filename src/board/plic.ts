/** Platform-level interrupt controller. RISC-V PLIC specification 1.0.0; register layout of `sifive,plic-1.0.0`; two contexts a hart: M, then S. */
import type { IrqLine, Width } from './bus.ts'
import type { Model } from './model.ts'

/** Sources are 1…95; 0 means none. */
export const plicSources = 96
const words = plicSources / 32
/** Priorities 0…7; 0 never interrupts. */
const priorityMask = 7

const pendingAt = 0x1000
const enableAt = 0x2000
const enableStep = 0x80
const contextAt = 0x20_0000
const contextStep = 0x1000

interface Context {
  readonly line: IrqLine
  readonly enable: Uint32Array
  threshold: number
  high: boolean
}

export type PlicState = {
  readonly priority: Uint8Array
  readonly level: readonly number[]
  readonly pending: readonly number[]
  readonly claimed: readonly number[]
  readonly contexts: readonly { readonly enable: readonly number[]; readonly threshold: number }[]
}

export class Plic implements Model {
  readonly name = 'plic'
  readonly span = 0x60_0000
  readonly #contexts: readonly Context[]
  readonly #priority = new Uint8Array(plicSources)
  readonly #level = new Uint32Array(words)
  readonly #pending = new Uint32Array(words)
  /** Claimed and not completed: the gateway holds further requests back (§6, "interrupt gateways"). */
  readonly #claimed = new Uint32Array(words)

  /** @param lines the external interrupt lines of context 0, 1, …: M and S of hart 0, M and S of hart 1, … */
  constructor(lines: readonly IrqLine[]) {
    this.#contexts = lines.map((line) => ({ line, enable: new Uint32Array(words), threshold: 0, high: false }))
  }

  /** The wire from a device to source `id`. */
  source(id: number): IrqLine {
    return { set: (high) => this.#set(id, high) }
  }

  read(offset: number, width: Width): number {
    const word = this.#read(offset & ~3)
    return width === 4 ? word : (word >>> (8 * (offset & 3))) & (width === 2 ? 0xffff : 0xff)
  }

  write(offset: number, width: Width, value: number): void {
    if (width !== 4) return
    if (offset < pendingAt) this.#setPriority(offset >> 2, value)
    else if (offset < enableAt) return
    else if (offset < contextAt) this.#setEnable(offset - enableAt, value)
    else this.#setContext(offset - contextAt, value)
  }

  reset(): void {
    this.#priority.fill(0)
    this.#pending.fill(0)
    this.#claimed.fill(0)
    for (const context of this.#contexts) {
      context.enable.fill(0)
      context.threshold = 0
    }
    this.#drive()
  }

  save(): PlicState {
    return {
      priority: this.#priority.slice(),
      level: [...this.#level],
      pending: [...this.#pending],
      claimed: [...this.#claimed],
      contexts: this.#contexts.map(({ enable, threshold }) => ({ enable: [...enable], threshold })),
    }
  }

  load(state: PlicState): void {
    this.#priority.set(state.priority)
    this.#level.set(state.level)
    this.#pending.set(state.pending)
    this.#claimed.set(state.claimed)
    state.contexts.forEach(({ enable, threshold }, index) => {
      this.#contexts[index].enable.set(enable)
      this.#contexts[index].threshold = threshold
    })
    this.#drive()
  }

  #set(id: number, high: boolean): void {
    const word = id >> 5
    const bit = 1 << (id & 31)
    if (high) this.#level[word] |= bit
    else this.#level[word] &= ~bit
    if (!high) return
    // A level that falls again before its claim stays pending (§6).
    if (((this.#claimed[word] | this.#pending[word]) & bit) === 0) {
      this.#pending[word] |= bit
      this.#update()
    }
  }

  #read(offset: number): number {
    if (offset < pendingAt) return this.#priority[offset >> 2] ?? 0
    if (offset < enableAt) return this.#pending[(offset - pendingAt) >> 2] ?? 0
    if (offset < contextAt) {
      const at = offset - enableAt
      return this.#contexts[Math.floor(at / enableStep)]?.enable[(at % enableStep) >> 2] ?? 0
    }
    const at = offset - contextAt
    const context = this.#contexts[Math.floor(at / contextStep)]
    if (context === undefined) return 0
    if (at % contextStep === 0) return context.threshold
    return at % contextStep === 4 ? this.#claim(context) : 0
  }

  #setPriority(id: number, value: number): void {
    if (id === 0 || id >= plicSources) return
    this.#priority[id] = value & priorityMask
    this.#update()
  }

  #setEnable(at: number, value: number): void {
    const word = (at % enableStep) >> 2
    const context = this.#contexts[Math.floor(at / enableStep)]
    if (context === undefined || word >= words) return
    context.enable[word] = word === 0 ? value & ~1 : value
    this.#update()
  }

  #setContext(at: number, value: number): void {
    const context = this.#contexts[Math.floor(at / contextStep)]
    if (context === undefined) return
    if (at % contextStep === 0) {
      context.threshold = value & priorityMask
      this.#update()
    } else if (at % contextStep === 4) this.#complete(context, value)
  }

  /** §7: the highest priority that is pending and enabled here, the lowest id among equals; the threshold does not matter. */
  #claim(context: Context): number {
    const id = this.#best(context)
    if (id === 0) return 0
    this.#pending[id >> 5] &= ~(1 << (id & 31))
    this.#claimed[id >> 5] |= 1 << (id & 31)
    this.#update()
    return id
  }

  /** §8: silently ignored unless the id is enabled for this context. */
  #complete(context: Context, id: number): void {
    const word = id >>> 5
    const bit = 1 << (id & 31)
    if (id === 0 || id >= plicSources || (context.enable[word] & bit) === 0) return
    this.#claimed[word] &= ~bit
    if (this.#level[word] & bit) this.#pending[word] |= bit
    this.#update()
  }

  #best(context: Context): number {
    let best = 0
    for (let word = 0; word < words; word++) {
      let bits = this.#pending[word] & context.enable[word]
      while (bits !== 0) {
        const id = 32 * word + 31 - Math.clz32(bits & -bits)
        bits &= bits - 1
        if (this.#priority[id] > (best === 0 ? 0 : this.#priority[best])) best = id
      }
    }
    return best
  }

  /** Tells every line its level, whether it changed or not: the harts may have been reset. */
  #drive(): void {
    for (const context of this.#contexts) {
      context.high = false
      context.line.set(false)
    }
    this.#update()
  }

  #update(): void {
    for (const context of this.#contexts) {
      const best = this.#best(context)
      const high = best !== 0 && this.#priority[best] > context.threshold
      if (high === context.high) continue
      context.high = high
      context.line.set(high)
    }
  }
}
