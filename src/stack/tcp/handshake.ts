/** From CLOSED to ESTABLISHED: active, passive and simultaneous. RFC 9293 §3.5, §3.10.7.3, §3.10.7.4; retries §3.8.3. */
import type { Duration } from '../../base/time.ts'
import type { Options } from '../../wire/tcp-options.ts'
import type { Parsed } from '../../wire/tcp.ts'
import type { Connection } from './connection.ts'
import { nanoseconds, seconds } from '../../base/time.ts'
import { flags } from '../../wire/tcp.ts'
import { sendBare, transmitSyn } from './transmit.ts'
import { unwrap } from './sequence.ts'

/** "R2 for a SYN segment MUST be set large enough to provide retransmission of the segment for at least 3 minutes" is kept by nobody; these are Linux' (127 s and 63 s). */
const mostSyns = 6
const mostAnswers = 5
const firstWait = seconds(1)

/** OPEN, active. */
export function open(c: Connection): void {
  c.state = 'SYN-SENT'
  c.sndNxt = c.iss + 1
  sendSyn(c)
}

/** A SYN came that is to be answered. @param irs its sequence number. */
export function answer(c: Connection, irs: number, options: Options): void {
  takeSyn(c, irs, options)
  c.state = 'SYN-RECEIVED'
  c.sndNxt = c.iss + 1
  sendSyn(c)
}

/** Nobody answered our SYN or SYN-ACK. */
export function onHandshake(c: Connection): void {
  c.retries++
  if (c.retries > (c.state === 'SYN-SENT' ? mostSyns : mostAnswers)) return c.fail(c.softError ?? 'ETIMEDOUT')
  c.roundTrip.distrust()
  sendSyn(c)
}

/** The peer sent its SYN again: our answer was lost. */
export function answerAgain(c: Connection): void {
  sendSyn(c)
}

/** A segment for a connection in SYN-SENT (RFC 9293 §3.10.7.3). */
export function answered(c: Connection, segment: Parsed, options: Options): void {
  const { flags: bits } = segment
  const ack = unwrap(segment.acknowledgment, c.sndUna)
  const hasAck = (bits & flags.ack) !== 0
  if (hasAck && (ack <= c.iss || ack > c.sndNxt)) {
    if ((bits & flags.rst) === 0) refuse(c, ack)
    return
  }
  if ((bits & flags.rst) !== 0) {
    // "If the RST bit is set … and the ACK was acceptable, signal the user 'error: connection reset'": of a SYN that is a refusal.
    if (hasAck) c.fail('ECONNREFUSED')
    return
  }
  if ((bits & flags.syn) === 0) return
  takeSyn(c, segment.sequence, options)
  if (!hasAck) {
    // Both have dialled at once (§3.5, figure 8).
    c.state = 'SYN-RECEIVED'
    return sendSyn(c)
  }
  c.receiver.owed = 'now'
  establish(c, segment, ack)
}

/** The ACK of our SYN is there. */
export function establish(c: Connection, segment: Parsed, ack: number): void {
  if (c.retries === 0) {
    c.rack.minRtt = c.now - c.lastSentAt
    c.roundTrip.measure(nanoseconds(c.rack.minRtt))
  }
  c.congestion.begin(c.mss)
  // "If the SYN or SYN/ACK is lost, the initial window … MUST be one segment" (RFC 5681 §3.1).
  if (c.retries > 0) c.congestion.cwnd = c.mss
  c.retries = 0
  c.sndUna = ack
  c.smallEnd = ack
  c.recoveryPoint = ack - 1
  c.sndWnd = (segment.flags & flags.syn) !== 0 ? segment.window : segment.window * 2 ** c.agreement.sendShift
  c.maxSndWnd = c.sndWnd
  c.sndWl1 = unwrap(segment.sequence, c.receiver.rcvNxt)
  c.sndWl2 = ack
  c.timer.stop()
  c.softError = undefined
  c.state = 'ESTABLISHED'
  c.leaveOpen()
  const { opened } = c
  c.opened = undefined
  opened?.(true)
}

/** `<SEQ=SEG.ACK><CTL=RST>`: an acknowledgment of something never sent. */
export function refuse(c: Connection, ack: number): void {
  c.ground.counters.resetsSent++
  sendBare(c.family, c.ends, { sequence: ack, acknowledgment: 0, flags: flags.rst, window: 0 })
}

/** Text in a SYN is legal and unheard of but for TCP Fast Open, which we don't speak: it is left for the peer to send again. */
function takeSyn(c: Connection, irs: number, options: Options): void {
  c.agreement.take(options, c.now)
  c.receiver.begin(irs, c.agreement.receiveShift)
  c.peerOffer = options
}

function sendSyn(c: Connection): void {
  const passive = c.state === 'SYN-RECEIVED'
  c.lastSentAt = c.now
  const code = transmitSyn(c, c.agreement.offer(c.ourMss, c.now, c.peerOffer), passive)
  c.waiting = 'handshake'
  c.timer.set((firstWait * 2 ** c.retries) as Duration)
  if (code === undefined) return
  c.softError = code
  c.ground.later(c)
}
