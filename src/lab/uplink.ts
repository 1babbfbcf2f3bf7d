/** The lab's end of an uplink: a port on the fabric, behind which the outside begins. What leaves goes out at once; what comes in comes through the door. */
import { type Alarm, between, type Instant, type Scheduler } from '../base/time.ts'
import type { Frame, Port } from '../link/port.ts'
import { settleFrame, type Takes } from '../link/settle.ts'
import type { UplinkPlan } from './topology.ts'

/** The outside, as host/ implements it. */
export interface OutsideLink {
  readonly takes: Takes
  /** The frame is the link's. @returns whether it was taken. */
  send(frame: Frame): boolean
}

export interface UplinkCounters {
  outFrames: number
  outBytes: number
  /** Nobody was there, or the host refused. */
  outDropped: number
  inFrames: number
  inBytes: number
  /** More came than the lab got round to. */
  inDropped: number
}

/** What may wait for the lab, in bytes: beyond it a real interface would drop too. */
const mostWaiting = 16 << 20

export class Uplink {
  readonly name: string
  readonly plan: UplinkPlan
  readonly counters: UplinkCounters = { outFrames: 0, outBytes: 0, outDropped: 0, inFrames: 0, inBytes: 0, inDropped: 0 }
  readonly #port: Port
  readonly #scheduler: Scheduler
  readonly #alarm: Alarm
  #link: OutsideLink | undefined
  #waiting: { readonly time: Instant; readonly frame: Frame }[] = []
  #bytes = 0

  /** @param port far from the network: what is sent here is heard there. */
  constructor(plan: UplinkPlan, port: Port, scheduler: Scheduler) {
    this.name = plan.name
    this.plan = plan
    this.#port = port
    this.#scheduler = scheduler
    this.#alarm = scheduler.alarm(`uplink ${plan.name}`, () => this.#ring())
    port.listen({ receive: (frame) => this.#leave(frame) })
  }

  /** Joins the outside, or parts from it. */
  connect(link: OutsideLink | undefined): void {
    this.#link = link
  }

  get connected(): boolean {
    return this.#link !== undefined
  }

  /** For the door: a frame that is on the lab's side from `time` on. @returns false when it was dropped. */
  enter(time: Instant, frame: Frame): boolean {
    if (this.#bytes + frame.bytes.length > mostWaiting) {
      this.counters.inDropped++
      return false
    }
    this.#bytes += frame.bytes.length
    this.#waiting.push({ time, frame })
    if (this.#alarm.due === undefined) this.#alarm.arm(between(this.#scheduler.now, time))
    return true
  }

  #ring(): void {
    const { now } = this.#scheduler
    let due = 0
    for (; due < this.#waiting.length && this.#waiting[due].time <= now; due++) {
      const { frame } = this.#waiting[due]
      this.#bytes -= frame.bytes.length
      this.counters.inFrames++
      this.counters.inBytes += frame.bytes.length
      this.#port.send(frame)
    }
    this.#waiting = due === this.#waiting.length ? [] : this.#waiting.slice(due)
    if (this.#waiting.length > 0) this.#alarm.arm(between(now, this.#waiting[0].time))
  }

  #leave(frame: Frame): void {
    const settled = this.#link === undefined ? undefined : settleFrame(frame, this.#link.takes, this.#port.medium)
    if (settled === undefined) this.counters.outDropped++
    for (const each of settled ?? []) {
      if (this.#link?.send(each) === true) {
        this.counters.outFrames++
        this.counters.outBytes += each.bytes.length
      } else this.counters.outDropped++
    }
  }
}
