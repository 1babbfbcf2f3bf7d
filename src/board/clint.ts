/** Core-local interruptor: software interrupts and the machine timer. SiFive CLINT, as the RISC-V ACLINT specification 1.0 §2–3 lays it out. */
import type { Alarm, Clock, Scheduler } from '../base/time.ts'
import { nanoseconds } from '../base/time.ts'
import type { IrqLine, Width } from './bus.ts'
import type { Model } from './model.ts'

/** The lines that this device drives into one hart. */
export interface ClintLines {
  readonly software: IrqLine
  readonly timer: IrqLine
}

export type ClintState = readonly { readonly software: boolean; readonly low: number; readonly high: number }[]

const mtimecmpAt = 0x4000
const mtimeAt = 0xbff8

interface Hart {
  readonly lines: ClintLines
  readonly alarm: Alarm
  software: boolean
  /** mtimecmp. */
  low: number
  high: number
}

export class Clint implements Model {
  readonly name = 'clint'
  readonly span = 0x10000
  readonly #clock: Clock
  readonly #scheduler: Scheduler
  /** Nanoseconds in one tick of mtime. */
  readonly #tick: number
  readonly #harts: readonly Hart[]

  /** @param clock exact during a bus access, as the `time` CSR is. @param frequencyHz of mtime; divides 10^9. */
  constructor(clock: Clock, scheduler: Scheduler, lines: readonly ClintLines[], frequencyHz: number) {
    this.#clock = clock
    this.#scheduler = scheduler
    this.#tick = 1e9 / frequencyHz
    this.#harts = lines.map((hartLines, index) => {
      const hart: Hart = {
        lines: hartLines,
        alarm: scheduler.alarm(`clint.${String(index).padStart(3, '0')}`, () => hartLines.timer.set(true)),
        software: false,
        low: 0xffff_ffff,
        high: 0xffff_ffff,
      }
      return hart
    })
  }

  read(offset: number, width: Width): number {
    const word = this.#word(offset & ~3)
    return width === 4 ? word : (word >>> (8 * (offset & 3))) & (width === 2 ? 0xffff : 0xff)
  }

  /** mtime can't be set: it is the `time` CSR, and virtual time belongs to the lab. Writes narrower than a word are not heard. */
  write(offset: number, width: Width, value: number): void {
    if (width !== 4) return
    if (offset < mtimecmpAt) {
      const hart = this.#harts[offset >> 2]
      if (hart === undefined) return
      hart.software = (value & 1) !== 0
      hart.lines.software.set(hart.software)
    } else if (offset < mtimeAt) {
      const hart = this.#harts[(offset - mtimecmpAt) >> 3]
      if (hart === undefined) return
      if (offset & 4) hart.high = value
      else hart.low = value
      this.#compare(hart)
    }
  }

  reset(): void {
    for (const hart of this.#harts) {
      hart.software = false
      hart.low = hart.high = 0xffff_ffff
      hart.lines.software.set(false)
      this.#compare(hart)
    }
  }

  save(): ClintState {
    return this.#harts.map(({ software, low, high }) => ({ software, low, high }))
  }

  load(state: ClintState): void {
    state.forEach((saved, index) => {
      const hart = this.#harts[index]
      hart.software = saved.software
      hart.low = saved.low
      hart.high = saved.high
      hart.lines.software.set(hart.software)
      this.#compare(hart)
    })
  }

  #word(offset: number): number {
    if (offset < mtimecmpAt) return Number(this.#harts[offset >> 2]?.software ?? false)
    if (offset < mtimeAt) {
      const hart = this.#harts[(offset - mtimecmpAt) >> 3]
      if (hart === undefined) return 0
      return offset & 4 ? hart.high : hart.low
    }
    const ticks = Math.floor(this.#clock.now / this.#tick)
    return offset & 4 ? Math.floor(ticks / 2 ** 32) : ticks >>> 0
  }

  /** The line is high while mtime ≥ mtimecmp. */
  #compare(hart: Hart): void {
    const due = (hart.high * 2 ** 32 + hart.low) * this.#tick
    hart.lines.timer.set(due <= this.#clock.now)
    if (due <= this.#clock.now || due > Number.MAX_SAFE_INTEGER) hart.alarm.disarm()
    else hart.alarm.arm(nanoseconds(due - this.#scheduler.now))
  }
}
