/**
 * One direction of a cable, between two schedulers.
 *
 * Theory of operation. The two ends of a cable may live on different islands, whose clocks stand apart (base/timeline.ts). The sender's clock
 * says when a frame leaves; rate and latency say when it arrives; the far end's one standing alarm says when it is heard. Frames
 * never overtake each other, so the frame in front is always the next to arrive, and only it needs the alarm. That the far
 * clock has not yet passed the arrival is the run loop's promise: it lets no island run ahead by more than the shortest latency.
 */
import { assert } from '../base/errors.ts'
import type { Stateful } from '../base/state.ts'
import { between } from '../base/time.ts'
import type { Alarm, Clock, Duration, Instant, Scheduler } from '../base/time.ts'
import { saveFrame, wireBytes } from './frame.ts'
import type { FrameState } from './frame.ts'
import { Pacer } from './pacer.ts'
import type { PacerState } from './pacer.ts'
import type { Frame } from './port.ts'

/** What went through, counted at the sender; a super-frame counts as one frame of its own length. */
export interface LaneCounters {
  readonly frames: number
  readonly bytes: number
  /** Lost because the queue was full. */
  readonly droppedFull: number
  /** Lost because the cable was down, or went down while they were under way. */
  readonly droppedDown: number
  /** Lost because they were larger than `frameMax`. */
  readonly droppedLarge: number
  /** Arrived where nobody listened. */
  readonly droppedUnheard: number
}

export interface LaneTraits {
  readonly latency: Duration
  readonly rateBps: number | undefined
  readonly queueBytes: number
}

export type LaneState = {
  readonly pacer: PacerState
  readonly lastArrival: number
  readonly flight: readonly { readonly arrival: number; readonly frame: FrameState }[]
  readonly counters: { readonly [Key in keyof LaneCounters]: number }
}

/** Frames under way hold memory: beyond this a lane drops, whatever its rate and latency. */
export const flightLimitBytes = 64 * 1024 * 1024

const noCounters: LaneCounters = { frames: 0, bytes: 0, droppedFull: 0, droppedDown: 0, droppedLarge: 0, droppedUnheard: 0 }

export class Lane implements Stateful<LaneState> {
  readonly counters: { -readonly [Key in keyof LaneCounters]: number } = { ...noCounters }
  readonly #near: Clock
  readonly #far: Scheduler
  readonly #pacer: Pacer
  readonly #alarm: Alarm
  readonly #hear: (frame: Frame) => boolean
  #latency: Duration
  #lastArrival = 0
  #flightBytes = 0
  /** First in, first out; everything before `#head` has arrived. */
  #flight: { readonly arrival: number; readonly frame: Frame }[] = []
  #head = 0

  /** @param hear takes a frame at the far end; false when nobody listened. */
  constructor(name: string, near: Clock, far: Scheduler, traits: LaneTraits, hear: (frame: Frame) => boolean) {
    this.#near = near
    this.#far = far
    this.#pacer = new Pacer(traits.rateBps, traits.queueBytes)
    this.#latency = traits.latency
    this.#hear = hear
    this.#alarm = far.alarm(name, () => this.#arrive())
  }

  /** Changes what happens to frames sent from now on. */
  shape(traits: LaneTraits): void {
    this.#latency = traits.latency
    this.#pacer.rateBps = traits.rateBps
    this.#pacer.queueBytes = traits.queueBytes
  }

  /** @returns when the frame will arrive, or undefined when it was dropped. */
  send(frame: Frame): Instant | undefined {
    const size = frame.bytes.length
    const left = this.#flightBytes + size > flightLimitBytes ? undefined : this.#pacer.admit(this.#near.now, wireBytes(frame))
    if (left === undefined) {
      this.counters.droppedFull++
      return undefined
    }
    this.counters.frames++
    this.counters.bytes += size
    // A latency that was shortened while frames are under way must not let the next overtake them.
    const arrival = Math.max(left + this.#latency, this.#lastArrival)
    this.#lastArrival = arrival
    this.#flightBytes += size
    this.#flight.push({ arrival, frame })
    if (this.#flight.length - this.#head === 1) this.#arm()
    return arrival as Instant
  }

  /** Loses what is under way. */
  cut(): void {
    this.counters.droppedDown += this.#flight.length - this.#head
    this.#flight = []
    this.#head = 0
    this.#flightBytes = 0
    this.#alarm.disarm()
  }

  save(): LaneState {
    const flight = this.#flight.slice(this.#head).map(({ arrival, frame }) => ({ arrival, frame: saveFrame(frame) }))
    return { pacer: this.#pacer.save(), lastArrival: this.#lastArrival, flight, counters: { ...this.counters } }
  }

  /** The far scheduler must stand where it stood when the state was saved. */
  load(state: LaneState): void {
    this.#pacer.load(state.pacer)
    this.#lastArrival = state.lastArrival
    this.#flight = state.flight.map(({ arrival, frame }) => ({ arrival, frame: saveFrame(frame) }))
    this.#head = 0
    this.#flightBytes = this.#flight.reduce((sum, { frame }) => sum + frame.bytes.length, 0)
    Object.assign(this.counters, state.counters)
    this.#alarm.disarm()
    if (this.#flight.length > 0) this.#arm()
  }

  #arm(): void {
    const { arrival } = this.#flight[this.#head]
    assert(arrival >= this.#far.now, `a frame arrives at ${arrival} ns where it is ${this.#far.now} ns already`)
    this.#alarm.arm(between(this.#far.now, arrival as Instant))
  }

  #arrive(): void {
    while (this.#head < this.#flight.length && this.#flight[this.#head].arrival <= this.#far.now) {
      const { frame } = this.#flight[this.#head]
      this.#flightBytes -= frame.bytes.length
      this.#advance()
      if (!this.#hear(frame)) this.counters.droppedUnheard++
    }
    if (this.#head < this.#flight.length) this.#arm()
  }

  #advance(): void {
    this.#head++
    // Half of the array empty: move down, so that a lane never at rest doesn't grow without bound. A chunk keeps it cheap.
    if (this.#head === this.#flight.length || (this.#head >= 256 && this.#head * 2 >= this.#flight.length)) {
      this.#flight = this.#flight.slice(this.#head)
      this.#head = 0
    }
  }
}
