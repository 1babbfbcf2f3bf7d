/**
 * Real time: how far virtual time may go by the host's clock, and what instant it is for somebody who comes in now.
 *
 * Virtual time follows the host's clock by an anchor that both share, so errors of timers don't add up. A lab that can't keep up (a guest that
 * computes more than this computer can) falls behind by `mostLag` at most: beyond it the anchor slips, and virtual time is slower than the
 * host's for a while. Without that a lab would come back from an hour's sleep of the laptop by running that hour at full speed.
 */
import type { Clock, Instant } from '../base/time.ts'
import type { Lab } from '../lab/lab.ts'

/** Nanoseconds: what is due within it is done now, for a wake-up takes about as long. */
const lead = 60_000
const mostLag = 200_000_000

export class Pacer implements Clock {
  readonly #lab: Pick<Lab, 'now' | 'next'>
  readonly #wall: () => number
  #anchor = 0

  /** @param wall the host's clock in milliseconds; it never goes back. */
  constructor(lab: Pick<Lab, 'now' | 'next'>, wall: () => number = () => performance.now()) {
    this.#lab = lab
    this.#wall = wall
    this.start()
  }

  /** From here on the two clocks run together. */
  start(): void {
    this.#anchor = this.#lab.now - this.#wall() * 1e6
  }

  /** As far as the lab may run. */
  get limit(): Instant {
    const here = this.#here()
    const lag = here - this.#reached(here)
    if (lag > mostLag) this.#anchor -= lag - mostLag
    return Math.floor(Math.min(here, here - lag + mostLag) + lead) as Instant
  }

  /**
   * The instant for what comes in now: real time while the lab rests, and as early as may be while it is behind. What was done at an instant is done:
   * it comes behind it, for a replay would let it in before.
   */
  get now(): Instant {
    return Math.max(this.#lab.now + 1, Math.floor(this.#reached(this.#here()))) as Instant
  }

  /** Milliseconds of the host's until `next` may be done; 0 when it may be now. */
  until(next: Instant): number {
    const wait = (next - lead - this.#here()) / 1e6
    return wait > 0 ? wait : 0
  }

  #here(): number {
    return this.#anchor + this.#wall() * 1e6
  }

  #reached(here: number): number {
    const { now, next } = this.#lab
    return Math.max(now, Math.min(here, next ?? here))
  }
}
