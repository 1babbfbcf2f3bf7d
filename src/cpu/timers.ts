/**
 * The harts' own supervisor timers. RISC-V "stimecmp / vstimecmp" extension (Sstc) 1.0, in the privileged architecture 20240411 §8.
 *
 * While menvcfg.STCE is set, STIP is no bit that software keeps but says whether `time` has come to stimecmp. It stands among the lines
 * from outside, and moves at the exact instant: whoever runs the harts goes no further than `next` without `ring`.
 */
import { slot } from './layout.ts'
import { menvcfg } from './system/state.ts'

const stip = 1 << 5

export class Timers {
  readonly #view: DataView
  /** Where a hart's state lies now. */
  readonly #home: (hart: number) => number
  readonly #ticksPerTime: number
  /** When each timer goes off, in ticks; Infinity when it has, or won't. */
  readonly #due: number[]

  constructor(view: DataView, home: (hart: number) => number, harts: number, ticksPerTime: number) {
    this.#view = view
    this.#home = home
    this.#ticksPerTime = ticksPerTime
    this.#due = Array.from({ length: harts }, () => Infinity)
  }

  /** The first tick at which a timer goes off; Infinity when none will. */
  get next(): number {
    return this.#due.length === 1 ? this.#due[0] : Math.min(...this.#due)
  }

  /** The hart's stimecmp or menvcfg may have changed: looks at them anew. */
  look(hart: number, now: number): void {
    const at = this.#home(hart)
    this.#due[hart] = Infinity
    if ((this.#view.getBigUint64(at + slot.menvcfg, true) & menvcfg.STCE) === 0n) return this.#set(hart, false)
    this.#view.setUint32(at + slot.mip, this.#view.getUint32(at + slot.mip, true) & ~stip, true)
    const due = Number(this.#view.getBigUint64(at + slot.stimecmp, true)) * this.#ticksPerTime
    this.#set(hart, due <= now)
    if (due > now && due <= Number.MAX_SAFE_INTEGER) this.#due[hart] = due
  }

  lookAtAll(now: number): void {
    for (let hart = 0; hart < this.#due.length; hart++) this.look(hart, now)
  }

  /** Raises STIP of every hart whose time has come. */
  ring(now: number): void {
    for (let hart = 0; hart < this.#due.length; hart++) {
      if (this.#due[hart] > now) continue
      this.#due[hart] = Infinity
      this.#set(hart, true)
      this.#view.setInt32(this.#home(hart) + slot.spinDebt, 0, true)
    }
  }

  #set(hart: number, high: boolean): void {
    const at = this.#home(hart) + slot.lines
    const lines = this.#view.getUint32(at, true)
    this.#view.setUint32(at, high ? lines | stip : lines & ~stip, true)
  }
}
