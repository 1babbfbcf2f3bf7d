/** RACK: a segment is lost when one sent sufficiently later has arrived. RFC 8985 §5 and §6; the names are its own. */
import type { Duration, Instant } from '../../base/time.ts'
import type { Scoreboard, Sent } from './scoreboard.ts'

/** Out of order by this many segments is loss, as long as no reordering was seen (§6.2 step 4). */
const dupThresh = 3
/** A window widened by DSACKs narrows again after so many recoveries (§6.2 step 4). */
const persistence = 16

export class Rack {
  minRtt: number = Number.POSITIVE_INFINITY
  rtt = 0
  /** When the most recently sent of all delivered segments was sent, and where it ends. */
  #sentAt = -1
  #endSeq = -1
  /** Behind the highest byte delivered. */
  #fack = -1
  #reorderingSeen = false
  #multiplier = 1
  #persist = persistence
  #dsackRound: number | undefined

  /**
   * Steps 1 to 3, for every piece newly delivered.
   * @param echoAge how old the echoed timestamp says the sent segment is, if it says so.
   */
  delivered(sent: Sent, now: Instant, echoAge: number | undefined): void {
    const rtt = now - sent.sentAt
    if (sent.end > this.#fack) this.#fack = sent.end
    else if (sent.end < this.#fack && !sent.retransmitted) this.#reorderingSeen = true
    // The acknowledgment may be for an earlier transmission (step 2).
    if (sent.retransmitted && ((Number.isFinite(this.minRtt) && rtt < this.minRtt) || (echoAge !== undefined && echoAge > rtt))) return
    if (!sent.retransmitted) this.minRtt = Math.min(this.minRtt, rtt)
    if (!isAfter(sent.sentAt, sent.end, this.#sentAt, this.#endSeq)) return
    this.rtt = rtt
    this.#sentAt = sent.sentAt
    this.#endSeq = sent.end
  }

  /** A DSACK: something was sent twice for nothing, so the window is widened, at most once a round trip. */
  duplicated(sndUna: number, sndNxt: number): void {
    if (this.#dsackRound !== undefined && sndUna < this.#dsackRound) return
    this.#dsackRound = sndNxt
    this.#multiplier++
    this.#persist = persistence
  }

  recovered(): void {
    if (--this.#persist <= 0) this.#multiplier = 1
  }

  /** Step 5: marks what is lost. @returns how long until more may be, or 0. */
  detect(board: Scoreboard, now: Instant, smoothed: Duration, inRecovery: boolean): Duration {
    const window = this.#window(board, smoothed, inRecovery)
    let wait = 0
    for (let sent = board.earliest; sent !== undefined; ) {
      if (!isAfter(this.#sentAt, this.#endSeq, sent.sentAt, sent.end)) break
      const { later } = sent
      const left = sent.sentAt + this.rtt + window - now
      if (left <= 0) board.lose(sent)
      else wait = Math.max(wait, left)
      sent = later
    }
    return Math.ceil(wait) as Duration
  }

  /** RACK.reo_wnd (§6.2 step 4). */
  #window(board: Scoreboard, smoothed: Duration, inRecovery: boolean): number {
    if (!this.#reorderingSeen && (inRecovery || board.sackedPieces >= dupThresh)) return 0
    return Number.isFinite(this.minRtt) ? Math.min((this.#multiplier * this.minRtt) / 4, smoothed) : 0
  }
}

function isAfter(time1: number, end1: number, time2: number, end2: number): boolean {
  return time1 > time2 || (time1 === time2 && end1 > end2)
}
