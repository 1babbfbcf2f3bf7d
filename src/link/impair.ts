/**
 * A port with faults: what is sent through it is late, lost, doubled, out of order or damaged. One direction; impair both ends for both.
 *
 * The faults come in the order of a real path: loss, damage and doubling first, then the bottleneck (rate and queue), then the way
 * (delay, jitter, reordering). Each kind draws from a fork of its own, so that switching one on leaves the others' draws as they were.
 */
import { assert } from '../base/errors.ts'
import type { RandomState, SeededRandom } from '../base/random.ts'
import type { Stateful } from '../base/state.ts'
import { nanoseconds } from '../base/time.ts'
import type { Alarm, Duration, Instant, Scheduler } from '../base/time.ts'
import { copyFrame, saveFrame } from './frame.ts'
import type { FrameState } from './frame.ts'
import { Pacer } from './pacer.ts'
import type { PacerState } from './pacer.ts'
import type { Frame, FrameSink, Medium, Port } from './port.ts'
import { settleFrame, takesNothing } from './settle.ts'

/** Chances are fractions from 0 to 1 of the packets. What is left out does not happen. */
export interface Faults {
  /** Added to every packet. */
  readonly delay?: Duration
  /** Up to this much more or less than `delay`, evenly; packets keep their order. */
  readonly jitter?: Duration
  readonly loss?: number
  /** Mean length of a run of losses in packets; 1 (the default) is independent loss. `loss` stays the share lost in all. */
  readonly lossBurst?: number
  readonly duplicate?: number
  /** One bit flipped, anywhere behind the link header. */
  readonly corrupt?: number
  /** Held back by `reorderBy`, so that later packets overtake. */
  readonly reorder?: number
  /** Default: the larger of `delay` and 1 ms. */
  readonly reorderBy?: Duration
  /** Bits per second. */
  readonly rateBps?: number
  /** Bytes that wait for the rate. Default 1 MiB. */
  readonly queueBytes?: number
}

export type ImpairCounters = { passed: number; lost: number; duplicated: number; corrupted: number; reordered: number; droppedFull: number; droppedNonsense: number }

const kinds = ['loss', 'duplicate', 'corrupt', 'where', 'reorder', 'jitter'] as const
type Kind = (typeof kinds)[number]

export type ImpairState = {
  readonly pacer: PacerState
  readonly draws: { readonly [Name in Kind]: RandomState }
  readonly lossy: boolean
  readonly lastDue: number
  readonly held: readonly { readonly due: number; readonly frame: FrameState }[]
  readonly counters: ImpairCounters
}

/** Bytes held back at most, whatever the delay. */
const heldLimitBytes = 64 * 1024 * 1024

/** @param random of this port alone: fork it by the port's name. @throws {AssertionError} for faults that can't be. */
export function impair(port: Port, random: SeededRandom, scheduler: Scheduler, faults: Faults): Impaired {
  return new Impaired(port, random, scheduler, faults)
}

export class Impaired implements Port, Stateful<ImpairState> {
  readonly name: string
  readonly medium: Medium
  readonly frameMax: number
  readonly counters: ImpairCounters = { passed: 0, lost: 0, duplicated: 0, corrupted: 0, reordered: 0, droppedFull: 0, droppedNonsense: 0 }
  readonly #port: Port
  readonly #scheduler: Scheduler
  readonly #draws: { readonly [Name in Kind]: SeededRandom }
  readonly #alarm: Alarm
  readonly #pacer = new Pacer(undefined, 0)
  #faults: Faults = {}
  /** In a run of losses. */
  #lossy = false
  #lastDue = 0
  /** By the time they go on. */
  #held: { readonly due: number; readonly frame: Frame }[] = []
  #heldBytes = 0

  constructor(port: Port, random: SeededRandom, scheduler: Scheduler, faults: Faults) {
    this.name = port.name
    this.medium = port.medium
    this.frameMax = port.frameMax
    this.#port = port
    this.#scheduler = scheduler
    this.#draws = Object.fromEntries(kinds.map((kind) => [kind, random.fork(kind)])) as { [Name in Kind]: SeededRandom }
    this.#alarm = scheduler.alarm(`${port.name} impaired`, () => this.#release())
    this.faults = faults
  }

  get faults(): Faults {
    return this.#faults
  }

  /** Changes what happens to packets sent from now on; those held back go when they would have gone. */
  set faults(faults: Faults) {
    check(faults)
    this.#faults = faults
    this.#pacer.rateBps = faults.rateBps
    this.#pacer.queueBytes = faults.queueBytes ?? 1024 * 1024
  }

  /** Super-frames are cut first: faults befall packets. */
  send(frame: Frame): void {
    const packets = settleFrame(frame, takesNothing, this.medium)
    if (packets === undefined) this.counters.droppedNonsense++
    else for (const packet of packets) this.#befall(packet)
  }

  listen(sink: FrameSink | undefined): void {
    this.#port.listen(sink)
  }

  save(): ImpairState {
    return {
      pacer: this.#pacer.save(),
      draws: Object.fromEntries(kinds.map((kind) => [kind, this.#draws[kind].save()])) as { [Name in Kind]: RandomState },
      lossy: this.#lossy,
      lastDue: this.#lastDue,
      held: this.#held.map(({ due, frame }) => ({ due, frame: saveFrame(frame) })),
      counters: { ...this.counters },
    }
  }

  /** The scheduler must stand where it stood when the state was saved; faults are configuration and set apart. */
  load(state: ImpairState): void {
    this.#pacer.load(state.pacer)
    for (const kind of kinds) this.#draws[kind].load(state.draws[kind])
    this.#lossy = state.lossy
    this.#lastDue = state.lastDue
    this.#held = state.held.map(({ due, frame }) => ({ due, frame: saveFrame(frame) }))
    this.#heldBytes = this.#held.reduce((sum, { frame }) => sum + frame.bytes.length, 0)
    Object.assign(this.counters, state.counters)
    this.#arm()
  }

  #befall(frame: Frame): void {
    if (this.#loses()) {
      this.counters.lost++
      return
    }
    const doubled = this.#happens('duplicate', this.#faults.duplicate) ? copyFrame(frame) : undefined
    if (this.#happens('corrupt', this.#faults.corrupt)) this.#damage(frame.bytes)
    this.#queue(frame)
    if (doubled === undefined) return
    this.counters.duplicated++
    this.#queue(doubled)
  }

  #queue(frame: Frame): void {
    const { now } = this.#scheduler
    const left = this.#heldBytes + frame.bytes.length > heldLimitBytes ? undefined : this.#pacer.admit(now, frame.bytes.length)
    if (left === undefined) {
      this.counters.droppedFull++
      return
    }
    const due = this.#dueAfter(left)
    this.counters.passed++
    if (due <= now && this.#held.length === 0) this.#port.send(frame)
    else this.#hold(due, frame)
  }

  #dueAfter(left: Instant): number {
    const { delay = 0, jitter = 0, reorderBy = Math.max(delay, 1e6) } = this.#faults
    const shift = jitter === 0 ? 0 : this.#spread(jitter)
    const due = Math.max(left + Math.max(0, delay + shift), left)
    if (this.#happens('reorder', this.#faults.reorder)) {
      this.counters.reordered++
      return due + reorderBy
    }
    // Those that are not to be reordered keep their order among each other.
    this.#lastDue = Math.max(due, this.#lastDue)
    return this.#lastDue
  }

  /** Evenly from -jitter to +jitter; below() ends at 2^32, so longer spans are drawn in steps. */
  #spread(jitter: Duration): number {
    const span = 2 * jitter + 1
    const step = Math.ceil(span / 0x1_0000_0000)
    return this.#draws.jitter.below(Math.ceil(span / step)) * step - jitter
  }

  /** Gilbert's model: runs of losses whose mean length is `lossBurst`, as often as makes the share lost come out at `loss`. */
  #loses(): boolean {
    const { loss = 0, lossBurst = 1 } = this.#faults
    if (loss === 0 || loss === 1 || lossBurst === 1) return this.#happens('loss', loss)
    this.#lossy = this.#happens('loss', this.#lossy ? 1 - 1 / lossBurst : loss / (lossBurst * (1 - loss)))
    return this.#lossy
  }

  #happens(kind: Kind, chance = 0): boolean {
    return chance > 0 && this.#draws[kind].below(0x1_0000_0000) < chance * 0x1_0000_0000
  }

  #damage(bytes: Uint8Array): void {
    const from = this.medium === 'ethernet' && bytes.length > 14 ? 14 : 0
    if (bytes.length === 0) return
    const bit = this.#draws.where.below((bytes.length - from) * 8)
    bytes[from + (bit >>> 3)] ^= 1 << (bit & 7)
    this.counters.corrupted++
  }

  #hold(due: number, frame: Frame): void {
    // Nearly always the last; behind those of the same instant.
    let place = this.#held.length
    while (place > 0 && this.#held[place - 1].due > due) place--
    this.#held.splice(place, 0, { due, frame })
    this.#heldBytes += frame.bytes.length
    if (place === 0) this.#arm()
  }

  #arm(): void {
    const first = this.#held[0]
    if (first === undefined) this.#alarm.disarm()
    else this.#alarm.arm(nanoseconds(Math.max(0, first.due - this.#scheduler.now)))
  }

  #release(): void {
    const { now } = this.#scheduler
    const later = this.#held.findIndex(({ due }) => due > now)
    const ready = this.#held.splice(0, later < 0 ? this.#held.length : later)
    for (const { frame } of ready) {
      this.#heldBytes -= frame.bytes.length
      this.#port.send(frame)
    }
    this.#arm()
  }
}

function check(faults: Faults): void {
  for (const name of ['loss', 'duplicate', 'corrupt', 'reorder'] as const) {
    const chance = faults[name] ?? 0
    assert(chance >= 0 && chance <= 1, `${name} is a fraction from 0 to 1, not ${chance}`)
  }
  for (const name of ['delay', 'jitter', 'reorderBy'] as const) assert((faults[name] ?? 0) >= 0, `${name} is not negative`)
  const { loss = 0, lossBurst = 1 } = faults
  assert(lossBurst >= 1, `lossBurst is at least 1, not ${lossBurst}`)
  // Between two runs at least one packet passes.
  assert(lossBurst === 1 || loss === 1 || loss <= lossBurst / (lossBurst + 1), `runs of ${lossBurst} can't lose ${loss} of all packets`)
  assert(faults.rateBps === undefined || faults.rateBps > 0, `rate is positive, not ${faults.rateBps}`)
}
