/**
 * What was sent and not yet acknowledged, and what is known of each piece: delivered out of order, lost, sent again.
 * RFC 2018 §5 (marks), RFC 6675 §3 (pipe), RFC 8985 §5.1 (what RACK keeps of a segment).
 *
 * Pieces stand in an array by sequence number; those in flight also in a list by the time they were last sent, so that RACK finds what is
 * overdue without looking at the rest. A super-frame is one piece until an acknowledgment cuts it.
 */
import type { Instant } from '../../base/time.ts'

/** Peers that acknowledge every other byte don't cut finer than this. */
const mostPieces = 8192

export class Sent {
  start: number
  end: number
  sentAt: Instant
  retransmitted = false
  sacked = false
  /** Taken for lost and not yet sent again. */
  lost = false
  earlier: Sent | undefined
  later: Sent | undefined

  constructor(start: number, end: number, sentAt: Instant) {
    this.start = start
    this.end = end
    this.sentAt = sentAt
  }

  get length(): number {
    return this.end - this.start
  }
}

export class Scoreboard {
  sackedBytes = 0
  lostBytes = 0
  /** Pieces that are sacked. */
  sackedPieces = 0
  #pieces: Sent[] = []
  #head = 0
  #firstLost = Number.POSITIVE_INFINITY
  /** In flight, by when they were sent. */
  #earliest: Sent | undefined
  #latest: Sent | undefined

  get count(): number {
    return this.#pieces.length - this.#head
  }

  /** The first that is not acknowledged. */
  get first(): Sent | undefined {
    return this.#pieces[this.#head]
  }

  get last(): Sent | undefined {
    return this.count === 0 ? undefined : this.#pieces[this.#pieces.length - 1]
  }

  /** The one in flight that was sent longest ago; `later` leads on. */
  get earliest(): Sent | undefined {
    return this.#earliest
  }

  add(start: number, end: number, now: Instant): Sent {
    const sent = new Sent(start, end, now)
    this.#pieces.push(sent)
    this.#link(sent)
    return sent
  }

  /** Everything before `until` has arrived. @param heed told of each piece that was not sacked before. */
  acknowledge(until: number, heed: (sent: Sent) => void): void {
    for (let first = this.first; first !== undefined && first.start < until; first = this.first) {
      if (first.end > until) this.#split(this.#head, until, true)
      if (first.sacked) this.#unsack(first)
      else {
        this.#quit(first)
        heed(first)
      }
      this.#head++
    }
    if (this.#head === this.#pieces.length || (this.#head >= 256 && this.#head * 2 >= this.#pieces.length)) {
      this.#pieces = this.#pieces.slice(this.#head)
      this.#head = 0
    }
  }

  /** [left, right) has arrived out of order. @param heed told of each piece that is news. */
  sack(left: number, right: number, heed: (sent: Sent) => void): void {
    for (let at = this.#find(left); at < this.#pieces.length && this.#pieces[at].start < right; at++) {
      const piece = this.#pieces[at]
      if (piece.sacked) continue
      if (piece.start < left) {
        // Its second half is looked at next.
        if (!this.#split(at, left, false)) return
        continue
      }
      if (piece.end > right && !this.#split(at, right, false)) return
      this.#quit(piece)
      piece.sacked = true
      this.sackedBytes += piece.length
      this.sackedPieces++
      heed(piece)
    }
  }

  lose(piece: Sent): void {
    if (piece.lost || piece.sacked) return
    this.#unlink(piece)
    piece.lost = true
    this.lostBytes += piece.length
    this.#firstLost = Math.min(this.#firstLost, piece.start)
  }

  loseAll(): void {
    for (let at = this.#head; at < this.#pieces.length; at++) this.lose(this.#pieces[at])
  }

  /** Every piece longer than `length` that is in flight was too big for the path (RFC 1191 §6.4). */
  loseLonger(length: number): void {
    for (let at = this.#head; at < this.#pieces.length; at++) if (this.#pieces[at].length > length) this.lose(this.#pieces[at])
  }

  /** "the data receiver is permitted to discard data … that has been reported" (RFC 2018 §8). */
  forgetSacks(): void {
    for (let at = this.#head; at < this.#pieces.length; at++) {
      const piece = this.#pieces[at]
      if (!piece.sacked) continue
      this.#unsack(piece)
      piece.sacked = false
      this.#link(piece)
    }
  }

  /** The first that is lost. */
  nextLost(): Sent | undefined {
    if (this.lostBytes === 0) {
      this.#firstLost = Number.POSITIVE_INFINITY
      return undefined
    }
    for (let at = this.#find(this.#firstLost); at < this.#pieces.length; at++) {
      const piece = this.#pieces[at]
      if (!piece.lost) continue
      this.#firstLost = piece.start
      return piece
    }
    return undefined
  }

  /** The first `length` bytes of a piece are a piece of their own from now on. */
  cut(piece: Sent, length: number): void {
    if (length < piece.length) this.#split(this.#find(piece.start), piece.start + length, true)
  }

  /** The last `length` bytes of the last piece, as a piece of their own. */
  tail(length: number): Sent | undefined {
    const { last } = this
    if (last !== undefined && last.length > length) this.#split(this.#pieces.length - 1, last.end - length, true)
    return this.last
  }

  /** A piece was sent again. */
  resent(piece: Sent, now: Instant): void {
    if (piece.lost) {
      piece.lost = false
      this.lostBytes -= piece.length
    } else this.#unlink(piece)
    piece.retransmitted = true
    piece.sentAt = now
    this.#link(piece)
  }

  /** Takes a wrong guess back: what was taken for lost is in flight after all. */
  unlose(): void {
    for (let at = this.#head; at < this.#pieces.length && this.lostBytes > 0; at++) {
      const piece = this.#pieces[at]
      if (!piece.lost) continue
      piece.lost = false
      this.lostBytes -= piece.length
      this.#link(piece)
    }
  }

  /** Index of the piece that holds `sequence`, or of the first behind it. */
  #find(sequence: number): number {
    let low = this.#head
    let high = this.#pieces.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#pieces[middle].end <= sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  /** @param always even when there are too many pieces already. @returns whether it was done. */
  #split(at: number, where: number, always: boolean): boolean {
    const piece = this.#pieces[at]
    if (this.count >= mostPieces && !always) return false
    const rest = new Sent(where, piece.end, piece.sentAt)
    rest.retransmitted = piece.retransmitted
    rest.sacked = piece.sacked
    rest.lost = piece.lost
    if (piece.sacked) this.sackedPieces++
    piece.end = where
    this.#pieces.splice(at + 1, 0, rest)
    if (!piece.sacked && !piece.lost) this.#linkBehind(piece, rest)
    return true
  }

  #quit(piece: Sent): void {
    if (piece.lost) {
      piece.lost = false
      this.lostBytes -= piece.length
    } else this.#unlink(piece)
  }

  #unsack(piece: Sent): void {
    this.sackedBytes -= piece.length
    this.sackedPieces--
  }

  #link(piece: Sent): void {
    piece.earlier = this.#latest
    piece.later = undefined
    if (this.#latest === undefined) this.#earliest = piece
    else this.#latest.later = piece
    this.#latest = piece
  }

  #linkBehind(piece: Sent, rest: Sent): void {
    rest.earlier = piece
    rest.later = piece.later
    if (piece.later === undefined) this.#latest = rest
    else piece.later.earlier = rest
    piece.later = rest
  }

  #unlink(piece: Sent): void {
    if (piece.earlier === undefined) this.#earliest = piece.later
    else piece.earlier.later = piece.later
    if (piece.later === undefined) this.#latest = piece.earlier
    else piece.later.earlier = piece.earlier
    piece.earlier = undefined
    piece.later = undefined
  }
}
