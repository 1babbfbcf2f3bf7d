/** Interrupt causes, their mask, and the throttle between one interrupt and the next. SDM §13.4.17 to §13.4.21. */
import type { Stateful } from '../../base/state.ts'
import type { Alarm, Instant, Scheduler } from '../../base/time.ts'
import { after, between, nanoseconds } from '../../base/time.ts'
import { dueOf, rearm } from '../model.ts'

/** The throttle counts in these, in ns (§13.4.18). */
const throttleStep = 256

export type InterruptState = { readonly causes: number; readonly mask: number; readonly throttle: number; readonly high: boolean; readonly quietUntil: number; readonly due: number | null }

export class Interrupts implements Stateful<InterruptState> {
  readonly #scheduler: Scheduler
  readonly #line: (high: boolean) => void
  readonly #alarm: Alarm
  #causes = 0
  #mask = 0
  #throttle = 0
  #high = false
  /** No interrupt begins before. */
  #quietUntil = 0 as Instant

  constructor(name: string, scheduler: Scheduler, line: (high: boolean) => void) {
    this.#scheduler = scheduler
    this.#line = line
    this.#alarm = scheduler.alarm(`${name}.interrupt`, () => this.#update())
  }

  get causes(): number {
    return this.#causes >>> 0
  }

  get mask(): number {
    return this.#mask >>> 0
  }

  /** In steps of 256 ns; 0: none. */
  get throttle(): number {
    return this.#throttle
  }

  set throttle(value: number) {
    this.#throttle = value & 0xffff
  }

  raise(causes: number): void {
    this.#causes |= causes
    this.#update()
  }

  /** Ones written clear. */
  clear(causes: number): void {
    this.#causes &= ~causes
    this.#update()
  }

  enable(causes: number): void {
    this.#mask |= causes
    this.#update()
  }

  disable(causes: number): void {
    this.#mask &= ~causes
    this.#update()
  }

  reset(): void {
    this.#causes = this.#mask = this.#throttle = 0
    this.#quietUntil = 0 as Instant
    this.#update()
  }

  save(): InterruptState {
    return { causes: this.#causes, mask: this.#mask, throttle: this.#throttle, high: this.#high, quietUntil: this.#quietUntil, due: dueOf(this.#alarm) }
  }

  load(state: InterruptState): void {
    this.#causes = state.causes
    this.#mask = state.mask
    this.#throttle = state.throttle
    this.#high = state.high
    this.#quietUntil = state.quietUntil as Instant
    rearm(this.#alarm, this.#scheduler, state.due)
  }

  #update(): void {
    const wanted = (this.#causes & this.#mask) !== 0
    const { now } = this.#scheduler
    if (wanted && !this.#high && now < this.#quietUntil) {
      if (this.#alarm.due === undefined) this.#alarm.arm(between(now, this.#quietUntil))
      return
    }
    if (!wanted) this.#alarm.disarm()
    if (wanted === this.#high) return
    if (wanted) this.#quietUntil = after(now, nanoseconds(this.#throttle * throttleStep))
    this.#high = wanted
    this.#line(wanted)
  }
}
