/**
 * The sending half: what may leave now. RFC 9293 §3.8.6.2.1 (silly windows), §3.7.4 (Nagle), RFC 5681 (congestion window),
 * RFC 6675 §5 (lost before new).
 */
import type { Connection } from './connection.ts'
import type { Sent } from './scoreboard.ts'
import { milliseconds } from '../../base/time.ts'
import { flags } from '../../wire/tcp.ts'
import { pathChanged } from './path.ts'
import { schedule } from './timeouts.ts'
import { extraOptionBytes, transmit } from './transmit.ts'

/** Sends all that windows and algorithms allow. */
export function output(c: Connection): void {
  c.cwndLimited = false
  rest(c)
  let sent = false
  for (let lost = c.board.nextLost(); lost !== undefined; lost = c.board.nextLost()) {
    if (!resend(c, lost)) break
    sent = true
  }
  if (c.board.lostBytes === 0) while (sendNew(c)) sent = true
  schedule(c, sent)
}

/** An acknowledgment that is owed at once and went with nothing, or one that should not wait for ever. */
export function acknowledgeNow(c: Connection): void {
  const { receiver } = c
  // Where super-frames pass, a burst of them is heard at one instant: the acknowledgment waits for its end, a nanosecond later.
  if (receiver.inBurst && c.reach.offload && receiver.owed === 'now') {
    receiver.inBurst = false
    return c.ground.later(c)
  }
  if (receiver.owed === 'now' || (!receiver.finReached && receiver.opened)) transmit(c, 0, c.sndNxt, 0)
  else if (receiver.owed === 'later' && c.delayedAck.deadline === undefined) c.delayedAck.set(ackDelay)
}

/** "the delay MUST be less than 0.5 seconds" (RFC 9293 §3.8.6.3); Linux' shortest. */
const ackDelay = milliseconds(40)

/** Retransmits the beginning of a lost piece, or all. @returns false when the congestion window forbids it. */
export function resend(c: Connection, lost: Sent): boolean {
  const room = c.congestion.cwnd - c.pipe
  const segment = segmentRoom(c)
  // A whole segment where nothing is in flight: else a window below one segment would wait for ever.
  if (room < Math.min(lost.length, segment) && c.pipe > 0) return false
  c.board.cut(lost, Math.max(segment, wholeSegments(Math.min(room, burstRoom(c, segment)), segment)))
  retransmit(c, lost)
  return true
}

/** Sends a piece of the scoreboard again, now. */
export function retransmit(c: Connection, piece: Sent): void {
  const length = Math.min(piece.end, c.out.end) - piece.start
  c.board.resent(piece, c.now)
  c.ground.counters.retransmissions++
  c.reduction.sent(length)
  c.lastSentAt = c.now
  settleFailure(c, transmit(c, bitsOf(c, piece.start, piece.end), piece.start, Math.max(0, length)))
}

/** Sends `length` new bytes, and the FIN when it is next; in the window or, as a probe, beyond. */
export function sendFresh(c: Connection, length: number): void {
  const start = c.sndNxt
  const fin = c.finQueued && start + length === c.out.end
  const end = start + length + (fin ? 1 : 0)
  c.board.add(start, end, c.now)
  c.sndNxt = end
  c.reduction.sent(length)
  c.lastSentAt = c.now
  if (length < c.mss) c.smallEnd = end
  settleFailure(c, transmit(c, bitsOf(c, start, end), start, length))
}

/** Bytes of new data that wait. */
export const unsent = (c: Connection): number => Math.max(0, c.out.end - c.sndNxt)

/** Whether the FIN waits. */
export const finWaits = (c: Connection): boolean => c.finQueued && c.sndNxt <= c.out.end

function sendNew(c: Connection): boolean {
  const waiting = unsent(c)
  if (waiting === 0) {
    if (finWaits(c)) sendFresh(c, 0)
    return false
  }
  const segment = segmentRoom(c)
  const window = c.sndUna + c.sndWnd - c.sndNxt
  const room = c.congestion.cwnd - c.pipe
  const allowed = Math.min(waiting, window, room)
  if (room < Math.min(waiting, window)) c.cwndLimited = true
  const length = lengthFor(c, allowed, waiting, window, segment)
  if (length <= 0) return false
  sendFresh(c, length)
  return true
}

/** The conditions of RFC 9293 §3.8.6.2.1, in its order. */
function lengthFor(c: Connection, allowed: number, waiting: number, window: number, segment: number): number {
  const most = Math.min(allowed, burstRoom(c, segment))
  const whole = wholeSegments(most, segment)
  // (2), (3): all there is, unless a small segment is still out (Nagle in Minshall's form, which spares full ones the wait).
  const mayBeSmall = c.noDelay || c.finQueued || c.smallEnd <= c.sndUna
  if (most === waiting && (mayBeSmall || whole === most)) return most
  // (1): full segments.
  if (whole > 0) return whole
  // (3): half of the largest window the peer ever had, where the window is what holds us.
  return allowed === window && allowed > 0 && allowed >= c.maxSndWnd / 2 ? most : 0
}

/** Payload that fits into one segment with the options it will have. */
export const segmentRoom = (c: Connection): number => Math.max(1, c.mss - extraOptionBytes(c))

/** Payload of the largest super-frame; one segment where there are none. */
function burstRoom(c: Connection, segment: number): number {
  if (!c.reach.offload) return segment
  const largest = c.ground.settings.superFrame - c.family.headerBytes - 60
  return Math.max(segment, wholeSegments(largest, segment))
}

const wholeSegments = (length: number, segment: number): number => Math.max(0, Math.floor(length / segment) * segment)

/** PSH where nothing waits behind (RFC 9293 §3.9.1.2: "MUST set the PSH bit in the last buffered segment"). */
function bitsOf(c: Connection, start: number, end: number): number {
  const fin = end > c.out.end ? flags.fin : 0
  return end >= c.out.end && start < c.out.end ? fin | flags.psh : fin
}

function rest(c: Connection): void {
  if (c.sndNxt > c.sndUna || unsent(c) === 0) return
  c.congestion.rested(c.now - c.lastSentAt, c.roundTrip.base)
}

function settleFailure(c: Connection, code: string | undefined): void {
  if (code === undefined) return
  if (code === 'EMSGSIZE') pathChanged(c)
  else c.softError = code
}
