/**
 * A timeline: one island's virtual time and the alarms on it.
 *
 * Theory of operation. A lab is several islands (each machine, and the fabric of switches and service points), and each has a
 * timeline of its own. Islands meet only through cables, whose latency is the look-ahead with which one may run ahead of another.
 * Alarms due at one instant ring in the order (time, name, arming), and by nothing else, so the order does not depend on
 * which island the lab happened to run first.
 */
import type { Alarm, Duration, Instant, Scheduler } from './time.ts'
import { assert } from './errors.ts'

class StandingAlarm implements Alarm {
  due: Instant | undefined = undefined
  sequence = 0
  /** Position in the heap, or -1. */
  place = -1
  readonly timeline: Timeline
  readonly name: string
  readonly ring: () => void

  constructor(timeline: Timeline, name: string, ring: () => void) {
    this.timeline = timeline
    this.name = name
    this.ring = ring
  }

  arm(wait: Duration): void {
    assert(wait >= 0, `alarm ${this.name} armed ${wait} ns into the past`)
    this.timeline.schedule(this, (this.timeline.now + wait) as Instant)
  }

  disarm(): void {
    this.timeline.cancel(this)
  }
}

function rings(a: StandingAlarm, b: StandingAlarm): boolean {
  if (a.due !== b.due) return (a.due as number) < (b.due as number)
  if (a.name !== b.name) return a.name < b.name
  return a.sequence < b.sequence
}

export class Timeline implements Scheduler {
  #now = 0 as Instant
  #sequence = 0
  readonly #heap: StandingAlarm[] = []

  get now(): Instant {
    return this.#now
  }

  /** When the next alarm is due, if any is armed. */
  get next(): Instant | undefined {
    return this.#heap[0]?.due
  }

  /** The name of that alarm. */
  get nextName(): string | undefined {
    return this.#heap[0]?.name
  }

  alarm(name: string, ring: () => void): Alarm {
    return new StandingAlarm(this, name, ring)
  }

  /** Moves time forward without ringing; what is due on the way must have rung. */
  advance(to: Instant): void {
    assert(to >= this.#now, `time would run backwards: ${this.#now} → ${to}`)
    this.#now = to
  }

  /** Rings the alarm that is due first, at its instant. @returns whether one was armed. */
  step(): boolean {
    const alarm = this.#heap[0]
    if (alarm === undefined) return false
    const due = alarm.due as Instant
    this.cancel(alarm)
    if (due > this.#now) this.#now = due
    alarm.ring()
    return true
  }

  /** Rings everything due up to and including `until`, then stands at `until`. */
  run(until: Instant): void {
    for (let next = this.next; next !== undefined && next <= until; next = this.next) this.step()
    if (until > this.#now) this.#now = until
  }

  schedule(alarm: StandingAlarm, due: Instant): void {
    alarm.due = due
    alarm.sequence = this.#sequence++
    if (alarm.place < 0) {
      alarm.place = this.#heap.length
      this.#heap.push(alarm)
    }
    this.#up(alarm.place)
    this.#down(alarm.place)
  }

  cancel(alarm: StandingAlarm): void {
    const place = alarm.place
    alarm.due = undefined
    if (place < 0) return
    alarm.place = -1
    const last = this.#heap.pop() as StandingAlarm
    if (last === alarm) return
    this.#put(last, place)
    this.#up(place)
    this.#down(last.place)
  }

  #put(alarm: StandingAlarm, place: number): void {
    this.#heap[place] = alarm
    alarm.place = place
  }

  #up(from: number): void {
    const alarm = this.#heap[from]
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!rings(alarm, this.#heap[parent])) break
      this.#put(this.#heap[parent], place)
      place = parent
    }
    this.#put(alarm, place)
  }

  #down(from: number): void {
    const alarm = this.#heap[from]
    let place = from
    for (;;) {
      let child = 2 * place + 1
      if (child >= this.#heap.length) break
      if (child + 1 < this.#heap.length && rings(this.#heap[child + 1], this.#heap[child])) child++
      if (!rings(this.#heap[child], alarm)) break
      this.#put(this.#heap[child], place)
      place = child
    }
    this.#put(alarm, place)
  }
}
