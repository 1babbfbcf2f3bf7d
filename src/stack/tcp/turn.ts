/** What happens after the present call: connections to settle and things to tell, in the order they were asked for, one nanosecond later. */
import type { Alarm, Scheduler } from '../../base/time.ts'
import type { Connection } from './connection.ts'
import { nanoseconds } from '../../base/time.ts'

export class Turn {
  readonly #alarm: Alarm
  #queue: (Connection | (() => void))[] = []

  /** @param name of its alarm. */
  constructor(scheduler: Scheduler, name: string) {
    this.#alarm = scheduler.alarm(name, () => this.#run())
  }

  /** Settles the connection; once, however often it is asked for. */
  later(connection: Connection): void {
    if (connection.queued) return
    connection.queued = true
    this.after(connection)
  }

  after(what: Connection | (() => void)): void {
    this.#queue.push(what)
    if (this.#alarm.due === undefined) this.#alarm.arm(nanoseconds(1))
  }

  #run(): void {
    const queue = this.#queue
    this.#queue = []
    for (const each of queue) {
      if (typeof each === 'function') {
        each()
        continue
      }
      each.queued = false
      each.settle()
    }
  }
}
