/** Round-trip time and the retransmission time-out from it. RFC 6298. */
import type { Duration } from '../../base/time.ts'
import { milliseconds, seconds } from '../../base/time.ts'

/** "Until a round-trip time measurement has been made … the sender SHOULD set RTO <- 1 second" (§2.1). */
const initial = seconds(1)
/** RFC 6298 §2.4 says one second and calls it conservative; Linux and we say 200 ms, above every peer's delayed acknowledgment. */
const least = milliseconds(200)
/** §2.5 asks for 60 s or more. */
const most = seconds(60)
/** The clock's granularity G: as coarse as the timestamps that may have to measure. */
const granularity = milliseconds(1)

export class RoundTrip {
  /** Undefined until the first measurement. */
  smoothed: Duration | undefined
  #variation = 0
  #timeout: number = initial
  #backoff = 0

  /** The time-out now, backed off. */
  get timeout(): Duration {
    return Math.min(most, this.#timeout * 2 ** this.#backoff) as Duration
  }

  /** The time-out as it would be without a backoff. */
  get base(): Duration {
    return this.#timeout as Duration
  }

  /** @param sample of a segment that was sent once (Karn's algorithm, §3). */
  measure(sample: Duration): void {
    if (this.smoothed === undefined) {
      this.smoothed = sample
      this.#variation = sample / 2
    } else {
      this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.smoothed - sample)
      this.smoothed = Math.round(0.875 * this.smoothed + 0.125 * sample) as Duration
    }
    this.#backoff = 0
    this.#timeout = Math.ceil(Math.min(most, Math.max(least, this.smoothed + Math.max(granularity, 4 * this.#variation))))
  }

  /** §5.5: doubled on every time-out. */
  backOff(): void {
    if (this.#backoff < 16) this.#backoff++
  }

  /** New data was acknowledged: the path works. */
  recover(): void {
    this.#backoff = 0
  }

  /** §5.7: a SYN that had to be sent twice. "the RTO MUST be re-initialized to 3 seconds when data transmission begins". */
  distrust(): void {
    if (this.smoothed === undefined) this.#timeout = seconds(3)
  }
}
