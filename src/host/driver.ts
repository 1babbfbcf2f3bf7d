/**
 * Drives a lab on Node: slices of some milliseconds with the event loop between them, at the pace that was asked for.
 *
 * What is decided here is only *when on the host's clock* a stretch of virtual time is run, never what happens in it: a run driven slowly,
 * quickly or in pieces is the same run.
 */
import type { Duration, Instant } from '../base/time.ts'
import type { Lab, LabEnd, LabState } from '../lab/lab.ts'
import { Metronome } from './metronome.ts'
import { Pacer } from './pacer.ts'

export interface Pace {
  /** `realtime`: never ahead of the host's clock. `virtual`: as fast as it goes. */
  readonly clock: 'virtual' | 'realtime'
  /** Somebody sits at a console: a lab that waits for input waits, and a lab at rest no longer runs its idle time away. */
  attended: boolean
}

/** What comes in from outside by other threads: looked at between two runs of an island, so that it doesn't wait for the event loop. */
export interface Inlet {
  readonly waiting: boolean
  /** Lets in what waits, by the lab's door. */
  drain(): void
}

/** Longest stretch without giving Node's event loop its turn, in milliseconds; shorter in real time, where sockets of the outside wait for it. */
const slice = 20
const realSlice = 2
/** While something for a guest keeps coming in: for so long turns are short, and so long the event loop is left to take in more of it, in milliseconds. */
const brisk = 50
const intake = 10
/** With somebody attending, idle time is run away until nothing was said for so long (virtual): a boot countdown passes at once, a prompt rests. */
const quiet = 5_000_000_000 as Duration

/** Beyond any instant, and still exact when a look-ahead is added. */
const forever = 2 ** 52

export class Driver {
  readonly #lab: Lab
  readonly #pace: Pace
  #stopped: LabEnd | undefined
  #wake: (() => void) | undefined
  #anchor: { readonly wall: number; readonly virtual: number } | undefined
  #spoken = 0
  readonly #pacer: Pacer | undefined
  #metronome: Metronome | undefined
  #stirred = -Infinity
  readonly #visits = new Set<() => boolean>()
  /** Who makes time stand. */
  readonly #held = new Set<object>()
  /** Set once the uplinks are open. */
  inlet: Inlet | undefined

  constructor(lab: Lab, pace: Pace) {
    this.#lab = lab
    this.#pace = pace
    if (pace.clock === 'realtime') {
      this.#pacer = new Pacer(lab)
      lab.door.stampBy(this.#pacer)
    }
    for (const machine of lab.machines.values()) for (const transcript of machine.transcripts) transcript.listen((_, time) => this.#activity(time))
  }

  /** Runs until the lab ends or is stopped. @throws whatever the lab throws: a fault of ours. */
  async run(): Promise<LabEnd> {
    this.#pacer?.start()
    if (this.#pacer !== undefined) this.#metronome = new Metronome(() => this.nudge())
    try {
      for (;;) {
        if (this.#stopped !== undefined) return this.#stopped
        if (this.#held.size > 0) {
          await this.#rest(undefined)
          continue
        }
        const state = this.#slice()
        if (state.kind === 'ended') return state.end
        if (state.kind === 'waiting' && !this.#attending) return { reason: 'idle', time: this.#lab.now }
        const busy = state.kind === 'running' || this.inlet?.waiting === true
        if (busy) await this.#takeIn()
        await this.#rest(busy ? 0 : state.kind === 'waiting' ? undefined : this.#wallUntil(state.next))
      }
    } finally {
      await this.#metronome?.close()
    }
  }

  /** Something has come in: a lab at rest looks at it now. */
  nudge(): void {
    this.#wake?.()
  }

  /** Calls `visit` between runs of an island, with the lab standing still, until it returns true. @returns how to call it off. */
  between(visit: () => boolean): () => void {
    this.#visits.add(visit)
    this.nudge()
    return () => void this.#visits.delete(visit)
  }

  /** From now on virtual time stands: a debugger looks at the lab. May be called from a visit. @returns how to let go; a second call does nothing. */
  hold(): () => void {
    const token = {}
    this.#held.add(token)
    return () => {
      if (!this.#held.delete(token) || this.#held.size > 0) return
      // The host's clock has gone on, and the lab's goes on from here.
      this.#pacer?.start()
      this.#anchor = undefined
      this.nudge()
    }
  }

  /** Ends the run at the next slice. */
  stop(): void {
    this.#stopped ??= { reason: 'stopped', time: this.#lab.now }
    this.#wake?.()
  }

  /** Bytes typed at a node's console. */
  type(node: string, bytes: Uint8Array): void {
    this.#lab.door.type(node, bytes)
    this.#activity(this.#lab.now)
    this.#wake?.()
  }

  /** Modem lines or a break of a serial port's other end. */
  signal(line: string, signal: number): void {
    this.#lab.door.signal(line, signal)
    this.#wake?.()
  }

  /** Something was asked of a guest from outside: the lab runs as quickly as it goes until it is done. */
  stir(): void {
    this.#stirred = performance.now()
    this.#activity(this.#lab.now)
    this.#wake?.()
  }

  /** Somebody came to a console, or the last one left. */
  attend(attended: boolean): void {
    this.#pace.attended = attended
    this.#anchor = undefined
    this.#wake?.()
  }

  /** Runs until the event loop must have its turn; what comes in meanwhile is let in on the way. */
  #slice(): LabState {
    const until = performance.now() + (this.#pacer === undefined && performance.now() - this.#stirred > brisk ? slice : realSlice)
    for (;;) {
      if (this.inlet?.waiting === true) this.inlet.drain()
      this.#visit()
      if (this.#held.size > 0) return { kind: 'running' }
      const state = this.#lab.run(this.#limit(), () => {
        this.#visit()
        return this.#held.size === 0 && performance.now() < until && this.inlet?.waiting !== true
      })
      if (state.kind === 'ended' || this.#held.size > 0 || this.inlet?.waiting !== true || performance.now() >= until) return state
    }
  }

  /** A socket gives some 200 KB a turn of the event loop, and its other end has more at once: turns, as long as they bring something. */
  async #takeIn(): Promise<void> {
    const end = performance.now() + intake
    for (let before = -Infinity; this.#stirred > before && performance.now() < Math.min(end, this.#stirred + brisk); ) {
      before = this.#stirred
      await new Promise((resolve) => void setImmediate(resolve))
    }
  }

  #visit(): void {
    for (const visit of this.#visits) if (visit()) this.#visits.delete(visit)
  }

  get #attending(): boolean {
    return this.#pace.attended || this.#pace.clock === 'realtime'
  }

  #activity(time: Instant): void {
    this.#spoken = Math.max(this.#spoken, time)
    this.#anchor = undefined
  }

  /** As far as virtual time may go now. */
  #limit(): Instant {
    if (this.#pacer !== undefined) return this.#pacer.limit
    const resting = this.#pace.attended && (this.#lab.next ?? 0) > this.#spoken + quiet
    if (!resting) return (this.#pace.attended ? this.#spoken + quiet : forever) as Instant
    this.#anchor ??= { wall: performance.now(), virtual: this.#lab.now }
    return Math.floor(this.#anchor.virtual + (performance.now() - this.#anchor.wall) * 1e6) as Instant
  }

  #wallUntil(next: Instant): number {
    if (this.#pacer !== undefined) return this.#pacer.until(next)
    if (this.#anchor === undefined) return 0
    return Math.max(0, (next - this.#anchor.virtual) / 1e6 - (performance.now() - this.#anchor.wall))
  }

  /** @param milliseconds 0: only the event loop's turn; undefined: until something wakes us. */
  #rest(milliseconds: number | undefined): Promise<void> {
    if (milliseconds === 0) return new Promise((resolve) => void setImmediate(resolve))
    return new Promise((resolve) => {
      if (milliseconds !== undefined) this.#metronome?.order(milliseconds)
      const timer = milliseconds === undefined || this.#metronome !== undefined ? undefined : setTimeout(() => this.#wake?.(), Math.max(1, milliseconds))
      this.#wake = () => {
        this.#wake = undefined
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
