/** The island of switches, hosts and service points: one timeline, and the alarms on it. */
import type { Instant } from '../base/time.ts'
import { Timeline } from '../base/timeline.ts'
import type { Island } from './islands.ts'

export class Fabric implements Island {
  readonly name = 'fabric'
  readonly timeline = new Timeline()
  #horizon = 0
  /** As far as it may go while its lab is brought back. */
  limit: Instant | undefined

  get now(): Instant {
    return this.timeline.now
  }

  get next(): Instant | undefined {
    const { next } = this.timeline
    return next !== undefined && this.limit !== undefined && next > this.limit ? undefined : next
  }

  run(horizon: Instant): void {
    this.#horizon = horizon
    for (let { next } = this; next !== undefined && next < this.#horizon; next = this.next) this.timeline.step()
  }

  cut(horizon: Instant): void {
    if (horizon < this.#horizon) this.#horizon = horizon
  }
}
