/** Proportional Rate Reduction: how much may be sent on each acknowledgment while losses are repaired. RFC 6937 §3, with the reduction bound SSRB; its names. */

export class Reduction {
  #prrDelivered = 0
  #prrOut = 0
  #recoverFs = 1

  /** @param flight bytes outstanding when recovery begins. */
  begin(flight: number): void {
    this.#prrDelivered = 0
    this.#prrOut = 0
    this.#recoverFs = Math.max(1, flight)
  }

  sent(bytes: number): void {
    this.#prrOut += bytes
  }

  /**
   * @param delivered bytes that this acknowledgment reports as arrived. @param good whether it moved SND.UNA and told of no further loss.
   * @returns the congestion window from now on, in bytes.
   */
  window(delivered: number, pipe: number, ssthresh: number, mss: number, good: boolean): number {
    this.#prrDelivered += delivered
    let count: number
    if (pipe > ssthresh) count = Math.ceil((this.#prrDelivered * ssthresh) / this.#recoverFs) - this.#prrOut
    else {
      const limit = good ? Math.max(this.#prrDelivered - this.#prrOut, delivered) + mss : this.#prrDelivered - this.#prrOut
      count = Math.min(ssthresh - pipe, limit)
    }
    // The first retransmission is always sent (§3: "Force a fast retransmit upon entering recovery").
    if (this.#prrOut === 0) count = Math.max(count, mss)
    return pipe + Math.max(0, count)
  }
}
