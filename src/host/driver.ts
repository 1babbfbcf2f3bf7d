/**
 * Drives a lab on Node: slices of some milliseconds with the event loop between them, at the pace that was asked for.
 *
 * What is decided here is only *when on the host's clock* a stretch of virtual time is run, never what happens in it: a run driven slowly,
 * quickly or in pieces is the same run.
 */
import type { Duration, Instant } from '../base/time.ts'
import type { Lab, LabEnd } from '../lab/lab.ts'

export interface Pace {
  /** `realtime`: never ahead of the host's clock. `virtual`: as fast as it goes. */
  readonly clock: 'virtual' | 'realtime'
  /** Somebody sits at a console: a lab that waits for input waits, and a lab at rest no longer runs its idle time away. */
  attended: boolean
}

/** Longest stretch without giving Node's event loop its turn, in milliseconds. */
const slice = 20
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

  constructor(lab: Lab, pace: Pace) {
    this.#lab = lab
    this.#pace = pace
    for (const machine of lab.machines.values()) machine.transcript.listen((_, time) => this.#activity(time))
  }

  /** Runs until the lab ends or is stopped. @throws whatever the lab throws: a fault of ours. */
  async run(): Promise<LabEnd> {
    for (;;) {
      if (this.#stopped !== undefined) return this.#stopped
      const limit = this.#limit()
      const until = performance.now() + slice
      const state = this.#lab.run(limit, () => performance.now() < until)
      if (state.kind === 'ended') return state.end
      if (state.kind === 'waiting' && !this.#attending) return { reason: 'idle', time: this.#lab.now }
      await this.#rest(state.kind === 'running' ? 0 : state.kind === 'waiting' ? undefined : this.#wallUntil(state.next))
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

  /** Somebody came to a console, or the last one left. */
  attend(attended: boolean): void {
    this.#pace.attended = attended
    this.#anchor = undefined
    this.#wake?.()
  }

  get #attending(): boolean {
    return this.#pace.attended || this.#pace.clock === 'realtime'
  }

  #activity(time: Instant): void {
    this.#spoken = Math.max(this.#spoken, time)
    if (this.#pace.clock === 'virtual') this.#anchor = undefined
  }

  /** As far as virtual time may go now. */
  #limit(): Instant {
    const resting = this.#pace.attended && (this.#lab.next ?? 0) > this.#spoken + quiet
    if (this.#pace.clock === 'virtual' && !resting) return (this.#pace.attended ? this.#spoken + quiet : forever) as Instant
    this.#anchor ??= { wall: performance.now(), virtual: this.#lab.now }
    return Math.floor(this.#anchor.virtual + (performance.now() - this.#anchor.wall) * 1e6) as Instant
  }

  #wallUntil(next: Instant): number {
    if (this.#anchor === undefined) return 0
    return Math.max(0, (next - this.#anchor.virtual) / 1e6 - (performance.now() - this.#anchor.wall))
  }

  /** @param milliseconds 0: only the event loop's turn; undefined: until something wakes us. */
  #rest(milliseconds: number | undefined): Promise<void> {
    if (milliseconds === 0) return new Promise((resolve) => void setImmediate(resolve))
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(() => this.#wake?.(), Math.max(1, milliseconds))
      this.#wake = () => {
        this.#wake = undefined
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
