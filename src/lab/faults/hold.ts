/** Frames held back until their instant. */
import { type Alarm, between, type Duration, type Instant, type Scheduler } from '../../base/time.ts'
import type { Frame } from '../../link/port.ts'

/** Bytes held at most; beyond it frames go on at once. */
const mostBytes = 16 << 20

export class Hold {
  readonly #scheduler: Scheduler
  readonly #alarm: Alarm
  #held: { readonly due: number; readonly frame: Frame; readonly onward: (frame: Frame) => void }[] = []
  #bytes = 0

  /** @param name unique on the scheduler. */
  constructor(name: string, scheduler: Scheduler) {
    this.#scheduler = scheduler
    this.#alarm = scheduler.alarm(name, () => this.#ring())
  }

  keep(frame: Frame, by: Duration, onward: (frame: Frame) => void): void {
    if (by <= 0 || this.#bytes + frame.bytes.length > mostBytes) return onward(frame)
    const due = this.#scheduler.now + by
    this.#bytes += frame.bytes.length
    // Behind those of the same instant.
    const place = this.#held.findLastIndex((one) => one.due <= due) + 1
    this.#held.splice(place, 0, { due, frame, onward })
    if (place === 0) this.#arm()
  }

  #arm(): void {
    const [first] = this.#held
    if (first !== undefined) this.#alarm.arm(between(this.#scheduler.now, first.due as Instant))
  }

  #ring(): void {
    const { now } = this.#scheduler
    const ready = this.#held.filter((one) => one.due <= now)
    this.#held = this.#held.slice(ready.length)
    for (const { frame, onward } of ready) {
      this.#bytes -= frame.bytes.length
      onward(frame)
    }
    this.#arm()
  }
}
