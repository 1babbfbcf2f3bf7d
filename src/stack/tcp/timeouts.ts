/**
 * What time brings: retransmission (RFC 6298 §5), tail loss probes (RFC 8985 §7), window probes (RFC 9293 §3.8.6.1), delayed
 * acknowledgments, keep-alives (RFC 9293 §3.8.4). The sender has one timer, which waits for one thing at a time, as `waiting` says.
 */
import type { Duration } from '../../base/time.ts'
import type { Connection, Waiting } from './connection.ts'
import { milliseconds, nanoseconds, seconds } from '../../base/time.ts'
import { onHandshake } from './handshake.ts'
import { finWaits, retransmit, segmentRoom, sendFresh, unsent } from './output.ts'
import { pathChanged } from './path.ts'
import { collapse, overdue } from './recovery.ts'
import { transmit } from './transmit.ts'

/** R2 (RFC 9293 §3.8.3) as a count of time-outs: more than a quarter of an hour, as Linux' tcp_retries2. Less for a connection that nobody holds. */
const mostRetries = 15
const mostRetriesAbandoned = 8
/** "WCDelAckT": how long a peer may sit on the acknowledgment of a lone segment (RFC 8985 §7.2). */
const worstAckDelay = milliseconds(200)
const leastProbeWait = milliseconds(2)
/** Linux' tcp_keepalive_intvl and _probes; the idle time is the connection's own. */
const keepAliveInterval = seconds(75)
const mostKeepAlives = 9

/** After every look at what may be sent: sets the sender's timer to what there is to wait for. */
export function schedule(c: Connection, sent: boolean): void {
  const stale = c.timerStale || c.timer.deadline === undefined
  c.timerStale = false
  if (c.board.count === 0) return scheduleIdle(c)
  if (c.reorderWait > 0) return wait(c, 'reorder', nanoseconds(c.reorderWait))
  if (stale || c.waiting === 'persist' || c.waiting === 'reorder' || (sent && c.waiting === 'probe')) {
    if (mayProbe(c)) wait(c, 'probe', probeWait(c))
    else wait(c, 'retransmit', c.roundTrip.timeout)
  }
}

export function onRetransmit(c: Connection): void {
  switch (c.waiting) {
    case 'handshake':
      return onHandshake(c)
    case 'reorder':
      return overdue(c)
    case 'probe':
      return probeTail(c)
    case 'persist':
      return probeWindow(c)
    case 'retransmit':
      return timeOut(c)
  }
}

export function onDelayedAck(c: Connection): void {
  if (c.receiver.owed === 'later') c.receiver.owed = 'now'
}

export function onSlow(c: Connection): void {
  if (c.user === undefined) {
    // Nobody is left to read what might still come, or to wait for what does not arrive.
    return c.state === 'FIN-WAIT-2' ? c.drop() : c.abort()
  }
  const { keepAlive } = c
  if (keepAlive === undefined) return
  const idle = c.now - c.lastHeardAt
  if (idle < keepAlive.idle || c.board.count > 0) {
    keepAlive.probes = 0
    return c.slow.set(nanoseconds(Math.max(keepAlive.idle - idle, milliseconds(1000))))
  }
  if (keepAlive.probes >= mostKeepAlives) return c.fail('ETIMEDOUT')
  keepAlive.probes++
  // "SEG.SEQ = SND.NXT-1", without text: answered by every TCP (RFC 9293 §3.8.4).
  transmit(c, 0, c.sndNxt - 1, 0)
  c.slow.set(keepAliveInterval)
}

/** @param idle how long nothing must have come before the first probe; undefined: no probes. */
export function keepAlive(c: Connection, idle: Duration | undefined): void {
  c.keepAlive = idle === undefined ? undefined : { idle, probes: 0 }
  if (idle === undefined) c.slow.stop()
  else if (c.state !== 'CLOSED') c.slow.set(idle)
}

function scheduleIdle(c: Connection): void {
  c.reorderWait = 0
  if (unsent(c) === 0 && !finWaits(c)) {
    c.windowProbes = 0
    return c.timer.stop()
  }
  // A window that is closed, or too small to bother with.
  if (c.waiting === 'persist' && c.timer.deadline !== undefined) return
  wait(c, 'persist', persistWait(c))
}

function wait(c: Connection, what: Waiting, span: Duration): void {
  c.waiting = what
  c.timer.set(span)
}

/** "the transmitting host SHOULD increase exponentially the interval between successive probes" (RFC 9293 §3.8.6.1). */
const persistWait = (c: Connection): Duration => Math.min(seconds(60), c.roundTrip.base * 2 ** Math.min(16, c.windowProbes)) as Duration

function timeOut(c: Connection): void {
  if (c.board.count === 0) return
  if (givenUp(c)) return
  c.ground.counters.timeouts++
  collapse(c)
  c.roundTrip.backOff()
  c.timerStale = true
  pathChanged(c)
}

function givenUp(c: Connection): boolean {
  c.retries++
  if (c.retries <= (c.user === undefined ? mostRetriesAbandoned : mostRetries)) return false
  c.fail(c.softError ?? 'ETIMEDOUT')
  return true
}

/** RFC 8985 §7.2. */
function mayProbe(c: Connection): boolean {
  return c.agreement.sack && c.phase === 'open' && c.probeEnd === undefined && c.board.sackedBytes === 0 && c.board.lostBytes === 0 && c.roundTrip.smoothed !== undefined && c.retries === 0
}

function probeWait(c: Connection): Duration {
  const smoothed = c.roundTrip.smoothed ?? c.roundTrip.base
  const lone = c.sndNxt - c.sndUna <= c.mss
  return Math.min(c.roundTrip.timeout, Math.max(leastProbeWait, 2 * smoothed) + (lone ? worstAckDelay : 0)) as Duration
}

/** RFC 8985 §7.3: new data if there is any and the window has room, else the last segment again. */
function probeTail(c: Connection): void {
  c.ground.counters.probes++
  c.timerStale = true
  const room = Math.min(unsent(c), segmentRoom(c), c.sndUna + c.sndWnd - c.sndNxt)
  c.probeAgain = room <= 0
  if (room > 0) sendFresh(c, room)
  else {
    const last = c.board.tail(segmentRoom(c))
    if (last !== undefined) retransmit(c, last)
  }
  c.probeEnd = c.sndNxt
}

function probeWindow(c: Connection): void {
  if (unsent(c) === 0) return
  if (givenUp(c)) return
  c.windowProbes++
  const room = Math.min(unsent(c), segmentRoom(c), c.sndUna + c.sndWnd - c.sndNxt)
  if (room > 0) {
    // The override time-out of silly-window avoidance (RFC 9293 §3.8.6.2.1).
    c.timerStale = true
    return sendFresh(c, room)
  }
  // "must regularly transmit at least one octet of new data … even if the send window is zero".
  c.windowProbeEnd = c.sndNxt + 1
  transmit(c, 0, c.sndNxt, 1)
  wait(c, 'persist', persistWait(c))
}
