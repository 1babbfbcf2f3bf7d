/**
 * The one door by which anything from outside enters a lab (house.md, law 6). What enters is stamped with the virtual instant at which
 * the guest can first see it, and recorded; played back with those stamps, a run is the same run.
 */
import type { Chardev } from '../board/bus.ts'
import { concat } from '../base/bytes.ts'
import { type Alarm, between, type Clock, type Duration, type Instant, type Scheduler } from '../base/time.ts'

/** Something that came in. `time` is on the lab's clock. */
export interface Entry {
  readonly time: Instant
  readonly node: string
  readonly bytes: Uint8Array
}

/** How long to wait until the guest has taken what its serial line holds: ten characters at 115,200 baud. */
const retry = 868_000 as Duration
/** What may wait for one guest; a paste beyond it is cut, as a real line would cut it. */
const longestQueue = 1 << 20

export class Door {
  readonly #clock: Clock
  readonly #lines = new Map<string, Line>()
  /** Everything that came in, oldest first. */
  readonly entries: Entry[] = []

  /** @param clock no island is ahead of it. */
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A guest's console, on the scheduler of its machine. @param running whether the machine is on; until it is, what is typed waits. */
  open(node: string, scheduler: Scheduler, chardev: Chardev, running: () => boolean): void {
    this.#lines.set(node, new Line(node, scheduler, chardev, running))
  }

  /** The machine has been switched on. */
  wake(node: string): void {
    this.#lines.get(node)?.wake()
  }

  /** Bytes typed at `node` now. @returns how many were taken. */
  type(node: string, bytes: Uint8Array): number {
    return this.replay({ time: this.#clock.now, node, bytes })
  }

  /** The same at a stated instant, for a run that is played back; nothing may have passed it yet. */
  replay(entry: Entry): number {
    const line = this.#lines.get(entry.node)
    if (line === undefined) return 0
    const taken = line.take(entry.time, entry.bytes)
    if (taken > 0) this.entries.push({ ...entry, bytes: entry.bytes.slice(0, taken) })
    return taken
  }
}

class Line {
  readonly #scheduler: Scheduler
  readonly #chardev: Chardev
  readonly #running: () => boolean
  readonly #alarm: Alarm
  #waiting: { readonly time: Instant; readonly bytes: Uint8Array }[] = []
  #length = 0

  constructor(node: string, scheduler: Scheduler, chardev: Chardev, running: () => boolean) {
    this.#scheduler = scheduler
    this.#chardev = chardev
    this.#running = running
    this.#alarm = scheduler.alarm(`door ${node}`, () => this.#feed())
  }

  take(time: Instant, bytes: Uint8Array): number {
    const taken = bytes.slice(0, longestQueue - this.#length)
    if (taken.length === 0) return 0
    this.#waiting.push({ time, bytes: taken })
    this.#length += taken.length
    if (this.#alarm.due === undefined) this.#alarm.arm(between(this.#scheduler.now, time))
    return taken.length
  }

  wake(): void {
    if (this.#waiting.length > 0 && this.#alarm.due === undefined) this.#alarm.arm(between(this.#scheduler.now, this.#waiting[0].time))
  }

  #feed(): void {
    if (!this.#running()) return
    const due = this.#waiting.filter((one) => one.time <= this.#scheduler.now)
    const later = this.#waiting.slice(due.length)
    const bytes = concat(...due.map((one) => one.bytes))
    const room = Math.min(this.#chardev.room, bytes.length)
    if (room > 0) this.#chardev.write(bytes.subarray(0, room))
    this.#length -= room
    const rest = bytes.subarray(room)
    this.#waiting = rest.length > 0 ? [{ time: this.#scheduler.now, bytes: rest.slice() }, ...later] : later
    if (rest.length > 0) this.#alarm.arm(retry)
    else if (later.length > 0) this.#alarm.arm(between(this.#scheduler.now, later[0].time))
  }
}
