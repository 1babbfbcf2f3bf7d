/** CUBIC. RFC 9438; slow start RFC 5681 §3.1 and slow-start.ts, initial window RFC 6928, idle restart RFC 5681 §4.1. The names are RFC 9438's, in segments where it counts segments. */
import type { Instant } from '../../base/time.ts'
import { SlowStart } from './slow-start.ts'

const c = 0.4
const betaCubic = 0.7
/** α_cubic for Reno's share (§4.3). */
const alpha = (3 * (1 - betaCubic)) / (1 + betaCubic)

/** What an undo restores (§4.9). */
interface Memory {
  readonly cwnd: number
  readonly ssthresh: number
  readonly wMax: number
  readonly k: number
}

/** What one acknowledgment brought. */
export interface Delivery {
  readonly bytes: number
  readonly now: Instant
  /** Round trips in ns: smoothed, and this acknowledgment's own. */
  readonly smoothed: number
  readonly sample: number | undefined
  /** SND.UNA and SND.NXT. */
  readonly ack: number
  readonly next: number
}

export class Cubic {
  /** In bytes. */
  cwnd: number
  /** In bytes. */
  ssthresh = Number.POSITIVE_INFINITY
  #mss: number
  #wMax = 0
  #wEst = 0
  #k = 0
  #cwndPrior = 0
  /** When this congestion avoidance began; undefined until its first acknowledgment. */
  #epochStart: number | undefined
  #before: Memory | undefined
  #slowStart = new SlowStart()

  constructor(mss: number) {
    this.#mss = mss
    this.cwnd = initialWindow(mss)
  }

  get mss(): number {
    return this.#mss
  }

  /** The path takes smaller segments; "the congestion window SHOULD NOT be changed" but to stay above one of them (RFC 1191 §6.4). */
  set mss(mss: number) {
    this.#mss = mss
    this.cwnd = Math.max(this.cwnd, mss)
  }

  /** The first measurement of a fresh path. */
  begin(mss: number): void {
    this.#mss = mss
    this.cwnd = initialWindow(mss)
    this.#slowStart = new SlowStart()
  }

  /** Bytes were delivered while cwnd was what held us back. */
  acked({ bytes, now, smoothed, sample, ack, next }: Delivery): void {
    if (this.cwnd < this.ssthresh) {
      // Later slow starts know where to stop (RFC 9406 §4.3).
      const first = this.ssthresh === Number.POSITIVE_INFINITY
      this.cwnd += first ? this.#slowStart.acked(bytes, sample, ack, next) : bytes
      if (first && this.#slowStart.ended) this.ssthresh = this.cwnd
      // What slow start has over when it ends is not carried on.
      if (this.cwnd > this.ssthresh) this.cwnd = Math.max(this.ssthresh, this.cwnd - bytes)
      return
    }
    this.#avoid(bytes / this.#mss, now, smoothed)
  }

  /** A loss that was found by acknowledgments (§4.6, §4.7). */
  lost(): void {
    this.#remember()
    this.#reduce()
    this.cwnd = this.ssthresh
  }

  /** A time-out (§4.8): one segment, and slow start. @param first of a row: only it says something about the path. */
  timedOut(first: boolean): void {
    if (first) {
      this.#remember()
      this.#reduce()
    }
    this.cwnd = this.#mss
  }

  /** The reduction was for nothing (§4.9). */
  undo(): void {
    if (this.#before === undefined) return
    this.cwnd = Math.max(this.cwnd, this.#before.cwnd)
    this.ssthresh = this.#before.ssthresh
    this.#wMax = this.#before.wMax
    this.#k = this.#before.k
    this.#before = undefined
  }

  /** Nothing was sent for `idle` ns: what was known of the path has aged. */
  rested(idle: number, timeout: number): void {
    if (idle >= timeout) this.cwnd = Math.min(this.cwnd, initialWindow(this.#mss))
    // Time in which there was nothing to send is no time to grow in (§5.8).
    if (this.#epochStart !== undefined) this.#epochStart += idle
  }

  #avoid(segments: number, now: Instant, roundTrip: number): void {
    const cwnd = this.cwnd / this.#mss
    if (this.#epochStart === undefined) {
      this.#epochStart = now
      this.#wEst = cwnd
      this.#k = this.#wMax > cwnd ? Math.cbrt((this.#wMax - cwnd) / c) : 0
      if (this.#wMax < cwnd) this.#wMax = cwnd
    }
    const t = (now - this.#epochStart) / 1e9
    const target = Math.min(Math.max(this.#wCubic(t + roundTrip / 1e9), cwnd), 1.5 * cwnd)
    // "Once W_est has grown to reach the cwnd at the time of most recently setting ssthresh … α SHOULD be 1" (§4.3).
    this.#wEst += (this.#wEst >= this.#cwndPrior ? 1 : alpha) * (segments / cwnd)
    const next = this.#wCubic(t) < this.#wEst ? Math.max(cwnd, this.#wEst) : cwnd + ((target - cwnd) / cwnd) * segments
    this.cwnd = next * this.#mss
  }

  #wCubic(t: number): number {
    return c * (t - this.#k) ** 3 + this.#wMax
  }

  #reduce(): void {
    const cwnd = this.cwnd / this.#mss
    // Fast convergence (§4.7): a flow that lost below its last maximum makes room.
    this.#wMax = cwnd < this.#wMax ? (cwnd * (1 + betaCubic)) / 2 : cwnd
    this.#cwndPrior = cwnd
    this.ssthresh = Math.max(2 * this.#mss, Math.floor(this.cwnd * betaCubic))
    this.#epochStart = undefined
  }

  #remember(): void {
    this.#before = { cwnd: this.cwnd, ssthresh: this.ssthresh, wMax: this.#wMax, k: this.#k }
  }
}

/** RFC 6928 §2. */
export function initialWindow(mss: number): number {
  return Math.min(10 * mss, Math.max(2 * mss, 14_600))
}
