/** What is to happen after the present call, in order: nothing is delivered inside a send (house.md, law 4). */
import type { Alarm, Scheduler } from '../base/time.ts'
import { nanoseconds } from '../base/time.ts'

/** More than this waiting at once is a loop, and is dropped like frames on a full wire. */
const longest = 1024

export class Soon {
  readonly #alarm: Alarm
  #waiting: (() => void)[] = []

  constructor(scheduler: Scheduler, name: string) {
    this.#alarm = scheduler.alarm(name, () => this.#ring())
  }

  /** Runs `act` one nanosecond later. */
  do(act: () => void): void {
    if (this.#waiting.length >= longest) return
    this.#waiting.push(act)
    if (this.#alarm.due === undefined) this.#alarm.arm(nanoseconds(1))
  }

  #ring(): void {
    const acts = this.#waiting
    this.#waiting = []
    for (const act of acts) act()
  }
}
