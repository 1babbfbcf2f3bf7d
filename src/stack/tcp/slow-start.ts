/** HyStart++: leaving the first slow start when round trips grow, before the queue on the path overflows. RFC 9406 §4; its names and constants. */

const minRttThresh = 4e6
const maxRttThresh = 16e6
const minRttDivisor = 8
const nRttSample = 8
const cssGrowthDivisor = 4
const cssRounds = 5

export class SlowStart {
  #windowEnd = -1
  #lastRoundMinRtt = Number.POSITIVE_INFINITY
  #currentRoundMinRtt = Number.POSITIVE_INFINITY
  #rttSampleCount = 0
  /** In Conservative Slow Start: the least round trip of the round that led into it. */
  #cssBaselineMinRtt: number | undefined
  #cssRoundsLeft = cssRounds
  /** The path is full. */
  ended = false

  /**
   * @param rtt of this acknowledgment in ns, if it measured one. @param ack SND.UNA, @param next SND.NXT after it.
   * @returns by how many bytes the window grows for `bytes` delivered.
   */
  acked(bytes: number, rtt: number | undefined, ack: number, next: number): number {
    if (ack > this.#windowEnd) this.#turn(next)
    if (rtt !== undefined) {
      this.#currentRoundMinRtt = Math.min(this.#currentRoundMinRtt, rtt)
      this.#rttSampleCount++
    }
    if (this.#rttSampleCount >= nRttSample) this.#judge()
    return this.#cssBaselineMinRtt === undefined ? bytes : bytes / cssGrowthDivisor
  }

  #turn(next: number): void {
    this.#windowEnd = next
    this.#lastRoundMinRtt = this.#currentRoundMinRtt
    this.#currentRoundMinRtt = Number.POSITIVE_INFINITY
    this.#rttSampleCount = 0
    if (this.#cssBaselineMinRtt !== undefined && --this.#cssRoundsLeft <= 0) this.ended = true
  }

  #judge(): void {
    if (this.#cssBaselineMinRtt !== undefined) {
      // It had been jitter: slow start goes on.
      if (this.#currentRoundMinRtt < this.#cssBaselineMinRtt) this.#cssBaselineMinRtt = undefined
      return
    }
    if (!Number.isFinite(this.#lastRoundMinRtt)) return
    const threshold = Math.max(minRttThresh, Math.min(this.#lastRoundMinRtt / minRttDivisor, maxRttThresh))
    if (this.#currentRoundMinRtt < this.#lastRoundMinRtt + threshold) return
    this.#cssBaselineMinRtt = this.#currentRoundMinRtt
    this.#cssRoundsLeft = cssRounds
  }
}
