/** SEGMENT ARRIVES. RFC 9293 §3.10.7, in its order of checks; RFC 5961 for what may be forged, RFC 7323 §5 (PAWS). */
import type { Options } from '../../wire/tcp-options.ts'
import type { Parsed } from '../../wire/tcp.ts'
import type { Connection } from './connection.ts'
import { flags } from '../../wire/tcp.ts'
import { parseOptions } from '../../wire/tcp-options.ts'
import { acknowledge } from './acknowledge.ts'
import { challenge } from './challenge.ts'
import { abandonedFor } from './connection.ts'
import { answerAgain, answered, establish, refuse } from './handshake.ts'
import { unwrap } from './sequence.ts'
import { transmit } from './transmit.ts'

/** @param segmentSize payload bytes of each segment in a super-frame, else 0. */
export function arrive(c: Connection, segment: Parsed, segmentSize: number): void {
  const options = parseOptions(segment.options)
  c.lastHeardAt = c.now
  if (c.keepAlive !== undefined) c.keepAlive.probes = 0
  if (c.state === 'SYN-SENT') answered(c, segment, options)
  else if (isFresh(c, segment, options)) heed(c, segment, options, segmentSize)
  c.settle()
}

/** Timestamps and PAWS (RFC 7323 §5.3 R1, R2); a reset needs none. */
function isFresh(c: Connection, segment: Parsed, { timestamps }: Options): boolean {
  if (!c.agreement.timestamps || (segment.flags & flags.rst) !== 0) return true
  // "If a non-<RST> segment is received without a TSopt, a TCP SHOULD silently drop the segment" (§3.2).
  if (timestamps === undefined) return false
  if (!c.agreement.isOld(timestamps.value, c.now)) return true
  c.ground.counters.paws++
  // An acknowledgment alone is old where packets are reordered, and wants no answer; Linux lets it pass in silence, too.
  if (lengthOf(segment) > 0) challenge(c)
  return false
}

function heed(c: Connection, segment: Parsed, options: Options, segmentSize: number): void {
  const { flags: bits } = segment
  const sequence = unwrap(segment.sequence, c.receiver.rcvNxt)
  if (!isAcceptable(c, sequence, lengthOf(segment))) return unacceptable(c, segment, sequence)
  if ((bits & flags.rst) !== 0) return heedReset(c, sequence)
  // "If the SYN bit is set, irrespective of the sequence number, TCP endpoints MUST send a challenge ACK" (RFC 5961 §4.2).
  if ((bits & flags.syn) !== 0) return challenge(c)
  if ((bits & flags.ack) === 0) return
  if (c.state === 'SYN-RECEIVED' && !complete(c, segment)) return
  const { timestamps } = options
  if (timestamps !== undefined && c.agreement.timestamps && sequence <= c.agreement.lastAckSent && !c.agreement.isOld(timestamps.value, c.now)) c.agreement.heed(timestamps.value, c.now)
  if (!acknowledge(c, segment, sequence, options)) return
  closeOurs(c)
  if (c.state === 'CLOSED') return
  if (segment.payload.length > 0 && !takeText(c, segment, sequence, segmentSize)) return
  takeFin(c, segment, sequence)
}

const lengthOf = ({ payload, flags: bits }: Parsed): number => payload.length + ((bits & flags.syn) !== 0 ? 1 : 0) + ((bits & flags.fin) !== 0 ? 1 : 0)

/** RFC 9293 §3.4, table 6; an empty segment at the window's very edge is taken as well, since it comes from a peer whose text before it was lost. */
function isAcceptable(c: Connection, start: number, length: number): boolean {
  const { rcvNxt, rcvAdv } = c.receiver
  if (length === 0) return start >= rcvNxt && start <= Math.max(rcvNxt, rcvAdv)
  // "special allowance should be made to accept valid ACKs" with a closed window: the text is cut off.
  return start === rcvNxt || (start < rcvAdv && start + length > rcvNxt)
}

function unacceptable(c: Connection, segment: Parsed, sequence: number): void {
  const { flags: bits, payload } = segment
  if ((bits & flags.rst) !== 0) return
  if ((bits & flags.syn) !== 0) {
    if (c.state !== 'SYN-RECEIVED' || sequence !== c.receiver.irs) return challenge(c)
    // The peer's SYN-ACK where both dialled at once (§3.5, figure 8), or its SYN again.
    if ((bits & flags.ack) === 0) answerAgain(c)
    else if (complete(c, segment)) c.receiver.owed = 'now'
    return
  }
  if (lengthOf(segment) === 0) return challenge(c)
  c.ground.counters.duplicates++
  const end = sequence + payload.length
  if (payload.length > 0 && end <= c.receiver.rcvNxt) c.receiver.duplicate = [sequence, end]
  c.receiver.owed = 'now'
}

/** RFC 5961 §3.2: only the exact number resets. */
function heedReset(c: Connection, sequence: number): void {
  if (sequence !== c.receiver.rcvNxt) return challenge(c)
  if (c.state === 'SYN-RECEIVED') return c.fail('ECONNREFUSED')
  // All was said and acknowledged, or waits only for our FIN's acknowledgment: nothing is lost to anybody.
  if (c.state === 'CLOSING' || c.state === 'LAST-ACK') return c.user === undefined ? c.drop() : c.fail('ECONNRESET')
  c.fail('ECONNRESET')
}

/** SYN-RECEIVED: the third segment of the handshake. */
function complete(c: Connection, segment: Parsed): boolean {
  const ack = unwrap(segment.acknowledgment, c.sndUna)
  if (ack <= c.iss || ack > c.sndNxt) {
    refuse(c, ack)
    return false
  }
  establish(c, segment, ack)
  return true
}

/** What the acknowledgment of our FIN brings on. */
function closeOurs(c: Connection): void {
  if (!c.finAcked) return
  if (c.state === 'FIN-WAIT-1') {
    c.state = 'FIN-WAIT-2'
    if (c.user === undefined) c.slow.set(abandonedFor)
  } else if (c.state === 'CLOSING') c.rest()
  else if (c.state === 'LAST-ACK') c.drop()
}

/** @returns false when the connection is gone. */
function takeText(c: Connection, { payload, flags: bits }: Parsed, sequence: number, segmentSize: number): boolean {
  const { receiver } = c
  if (c.state !== 'ESTABLISHED' && c.state !== 'FIN-WAIT-1' && c.state !== 'FIN-WAIT-2') return true
  const end = sequence + payload.length
  const stop = Math.min(end, Math.max(receiver.rcvAdv, receiver.rcvNxt), receiver.finSeq ?? Number.POSITIVE_INFINITY)
  if (c.user === undefined && stop > receiver.rcvNxt) {
    // "If such a host issues a CLOSE call while received data is still pending … or new data is received after CLOSE … it SHOULD send a RST" (RFC 1122 §4.2.2.13).
    c.abort()
    return false
  }
  const from = Math.max(sequence, receiver.rcvNxt)
  if (sequence < receiver.rcvNxt) {
    c.ground.counters.duplicates++
    receiver.duplicate = [sequence, Math.min(end, receiver.rcvNxt)]
    receiver.owed = 'now'
  }
  if (stop < end || (bits & flags.fin) !== 0) receiver.owed = 'now'
  if (stop <= from) return true
  if (from > receiver.rcvNxt) c.ground.counters.outOfOrder++
  const text = from === sequence && stop === end ? payload : payload.subarray(from - sequence, stop - sequence)
  if (!receiver.text(from, text, c.user?.flowing === true, segmentSize)) receiver.owed = 'now'
  return true
}

/** "eighth, check the FIN bit", once everything before it is there. */
function takeFin(c: Connection, segment: Parsed, sequence: number): void {
  const { receiver } = c
  const at = sequence + segment.payload.length
  if ((segment.flags & flags.fin) !== 0 && receiver.finSeq === undefined && at >= receiver.rcvNxt && at <= Math.max(receiver.rcvAdv, receiver.rcvNxt)) {
    receiver.finSeq = at
    receiver.owed = 'now'
  }
  if (receiver.finSeq === undefined || receiver.finReached || !receiver.finish()) return
  if (c.state === 'ESTABLISHED') c.state = 'CLOSE-WAIT'
  else if (c.state === 'FIN-WAIT-1') c.state = 'CLOSING'
  else if (c.state === 'FIN-WAIT-2') {
    transmit(c, 0, c.sndNxt, 0)
    c.rest()
  }
}
