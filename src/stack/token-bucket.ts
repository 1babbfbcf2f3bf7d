/** How many ICMP errors may leave: a burst, then so many a second (RFC 1812 §4.3.2.8, RFC 4443 §2.4 f ask for a bound). */
import type { Clock } from '../base/time.ts'

const burst = 50
const perSecond = 100

export class TokenBucket {
  readonly #clock: Clock
  #tokens = burst
  #filled = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns whether one more may leave now. */
  take(): boolean {
    const { now } = this.#clock
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filled) / 1e9) * perSecond)
    this.#filled = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
