/** A standing alarm that may be put off at no cost: moving it later touches nothing until it rings. */
import type { Alarm, Duration, Instant, Scheduler } from '../../base/time.ts'
import { between } from '../../base/time.ts'

export class Timer {
  readonly #scheduler: Scheduler
  readonly #alarm: Alarm
  #deadline: Instant | undefined

  constructor(scheduler: Scheduler, name: string, ring: () => void) {
    this.#scheduler = scheduler
    this.#alarm = scheduler.alarm(name, () => {
      const deadline = this.#deadline
      if (deadline === undefined) return
      if (deadline > scheduler.now) return this.#alarm.arm(between(scheduler.now, deadline))
      this.#deadline = undefined
      ring()
    })
  }

  get deadline(): Instant | undefined {
    return this.#deadline
  }

  set(wait: Duration): void {
    const deadline = (this.#scheduler.now + wait) as Instant
    this.#deadline = deadline
    const { due } = this.#alarm
    if (due === undefined || due > deadline) this.#alarm.arm(wait)
  }

  stop(): void {
    if (this.#deadline === undefined) return
    this.#deadline = undefined
    this.#alarm.disarm()
  }
}
