/**
 * After an acknowledgment: what is lost, what the congestion window becomes. RFC 8985 (RACK-TLP) with SACK, RFC 6582 (NewReno) without;
 * RFC 6937 (PRR) while repairing; undo by timestamps RFC 3522 and RFC 4015.
 */
import type { Connection } from './connection.ts'
import { older } from './sequence.ts'

const dupThresh = 3

export interface News {
  /** SND.UNA moved. */
  readonly advanced: boolean
  /** Bytes newly known to have arrived, in order or not. */
  readonly delivered: number
  /** A duplicate acknowledgment by RFC 5681 §2. */
  readonly duplicate: boolean
  /** It reports something that arrived twice (RFC 2883). */
  readonly dsack: boolean
  /** The round trip that it measured, in ns. */
  readonly sample: number | undefined
  /** The timestamp it echoes. */
  readonly echo: number | undefined
}

export function recover(c: Connection, news: News): void {
  if (news.advanced) undoIfSpurious(c, news.echo)
  const lostBefore = c.board.lostBytes
  findLosses(c, news)
  const more = c.board.lostBytes > lostBefore
  leave(c)
  if (c.phase === 'open' && c.board.lostBytes > 0) enter(c)
  grow(c, news, more)
}

/** RACK's reordering timer rang: what waited for it is lost. */
export function overdue(c: Connection): void {
  c.reorderWait = c.rack.detect(c.board, c.now, c.roundTrip.smoothed ?? c.roundTrip.base, c.phase !== 'open')
  if (c.phase !== 'open' || c.board.lostBytes === 0) return
  enter(c)
  c.congestion.cwnd = c.reduction.window(0, c.pipe, c.congestion.ssthresh, c.mss, false)
}

/** The retransmission timer rang (RFC 5681 §3.1 eqn. 4, RFC 8985 §6.3). */
export function collapse(c: Connection): void {
  const { board } = c
  // The receiver has thrown away what it had reported, if the first piece is one of them (RFC 2018 §8).
  if (board.first?.sacked === true) board.forgetSacks()
  c.congestion.timedOut(c.phase !== 'loss')
  if (c.phase !== 'loss') c.undoStamp = c.agreement.stamp(c.now)
  c.phase = 'loss'
  c.recoveryPoint = c.sndNxt
  c.dupAcks = 0
  c.renoBytes = 0
  c.reorderWait = 0
  c.probeEnd = undefined
  board.loseAll()
}

/** A loss that a tail loss probe has repaired unseen (RFC 8985 §7.4.2). */
export function reduceOnce(c: Connection): void {
  if (c.phase !== 'open') return
  enter(c)
  leave(c)
}

function findLosses(c: Connection, news: News): void {
  if (!c.agreement.sack) return findLossesWithoutSack(c, news)
  if (news.dsack) c.rack.duplicated(c.sndUna, c.sndNxt)
  c.reorderWait = c.rack.detect(c.board, c.now, c.roundTrip.smoothed ?? c.roundTrip.base, c.phase !== 'open')
}

/** RFC 6582 §3.2. */
function findLossesWithoutSack(c: Connection, { advanced, duplicate, delivered }: News): void {
  if (advanced) {
    c.dupAcks = 0
    // Each duplicate stood for a segment; those that this acknowledgment covers are no longer outstanding anyway.
    c.renoBytes = c.phase === 'recovery' ? Math.max(0, c.renoBytes - Math.max(0, delivered - c.mss)) : 0
    // A partial acknowledgment: the segment behind it is lost as well.
    if (c.phase === 'recovery' && c.sndUna < c.recoveryPoint) loseFirst(c)
    return
  }
  if (!duplicate) return
  c.dupAcks++
  c.renoBytes = Math.min(c.renoBytes + c.mss, Math.max(0, c.sndNxt - c.sndUna - c.mss))
  if (c.dupAcks === dupThresh && c.phase === 'open' && c.sndUna > c.recoveryPoint) loseFirst(c)
}

function loseFirst(c: Connection): void {
  const { first } = c.board
  if (first === undefined) return
  c.board.cut(first, c.mss)
  c.board.lose(first)
}

function enter(c: Connection): void {
  c.ground.counters.recoveries++
  c.phase = 'recovery'
  c.recoveryPoint = c.sndNxt
  c.undoStamp = c.agreement.stamp(c.now)
  c.probeEnd = undefined
  c.congestion.lost()
  c.reduction.begin(c.sndNxt - c.sndUna)
}

function leave(c: Connection): void {
  if (c.phase === 'open' || c.sndUna < c.recoveryPoint) return
  if (c.phase === 'recovery') c.congestion.cwnd = Math.max(c.congestion.ssthresh, c.mss)
  c.rack.recovered()
  c.phase = 'open'
  c.renoBytes = 0
  c.undoStamp = undefined
}

function grow(c: Connection, { advanced, delivered, sample }: News, more: boolean): void {
  if (c.phase === 'recovery') c.congestion.cwnd = c.reduction.window(advanced || c.agreement.sack ? delivered : c.mss, c.pipe, c.congestion.ssthresh, c.mss, advanced && !more)
  else if (delivered > 0 && (c.cwndLimited || c.phase === 'loss')) c.congestion.acked({ bytes: delivered, now: c.now, smoothed: c.roundTrip.smoothed ?? 0, sample, ack: c.sndUna, next: c.sndNxt })
}

/** Eifel: the first acknowledgment after a retransmission echoes a timestamp from before it, so the original had arrived. */
function undoIfSpurious(c: Connection, echo: number | undefined): void {
  const { undoStamp } = c
  if (undoStamp === undefined || c.phase === 'open') return
  c.undoStamp = undefined
  if (!c.agreement.timestamps || echo === undefined || !older(echo, undoStamp)) return
  c.ground.counters.undone++
  c.board.unlose()
  c.congestion.undo()
  c.phase = 'open'
}
