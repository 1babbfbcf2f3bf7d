/** The ACK field of an arriving segment, its window and its SACK blocks. RFC 9293 §3.10.7.4 "fifth", RFC 5961 §5, RFC 2018 §5, RFC 2883. */
import type { Options } from '../../wire/tcp-options.ts'
import type { Parsed } from '../../wire/tcp.ts'
import type { Connection } from './connection.ts'
import type { Sent } from './scoreboard.ts'
import { nanoseconds } from '../../base/time.ts'
import { challenge } from './challenge.ts'
import { recover, reduceOnce } from './recovery.ts'
import { unwrap } from './sequence.ts'

/** @param sequence of the segment, unwrapped. @returns false when the segment is to be dropped. */
export function acknowledge(c: Connection, segment: Parsed, sequence: number, options: Options): boolean {
  const ack = unwrap(segment.acknowledgment, c.sndUna)
  if (ack === c.windowProbeEnd && ack === c.sndNxt + 1) c.sndNxt = ack
  // RFC 5961 §5.2: (SND.UNA - MAX.SND.WND) =< SEG.ACK =< SND.NXT.
  if (ack > c.sndNxt || ack < c.sndUna - c.maxSndWnd) {
    challenge(c)
    return false
  }
  c.retries = 0
  if (ack < c.sndUna) return true
  const before = c.sndUna
  const moved = updateWindow(c, segment, sequence, ack)
  const outstanding = c.sndNxt > before
  const tally = new Tally(c, options.timestamps?.echo)
  c.board.acknowledge(ack, tally.heed)
  c.sndUna = ack
  c.out.release(Math.min(ack, c.out.end))
  const dsack = takeSacks(c, options, tally, before)
  const advanced = ack > before
  // RFC 5681 §2: no data, nothing new, the same window, something outstanding.
  const duplicate = !advanced && outstanding && segment.payload.length === 0 && !moved
  if (advanced) measure(c, tally)
  endProbe(c, advanced, duplicate, dsack, options.sack !== undefined)
  recover(c, { advanced, delivered: tally.bytes, duplicate, dsack, sample: tally.sentAt < 0 ? undefined : c.now - tally.sentAt, echo: options.timestamps?.echo })
  if (advanced || tally.bytes > 0) c.timerStale = true
  return true
}

/** What one acknowledgment delivers. */
class Tally {
  bytes = 0
  /** When the latest of those was sent that were sent once. */
  sentAt = -1
  readonly heed: (sent: Sent) => void

  constructor(c: Connection, echo: number | undefined) {
    const { now } = c
    const age = echo === undefined || !c.agreement.timestamps ? undefined : c.agreement.age(echo, now)
    this.heed = (sent) => {
      this.bytes += sent.length
      if (!sent.retransmitted && sent.sentAt > this.sentAt) this.sentAt = sent.sentAt
      c.rack.delivered(sent, now, age === undefined ? undefined : age - 1e6)
    }
  }
}

/** @returns whether the window is another now. */
function updateWindow(c: Connection, segment: Parsed, sequence: number, ack: number): boolean {
  if (c.sndWl1 > sequence || (c.sndWl1 === sequence && c.sndWl2 > ack)) return false
  const window = segment.window * 2 ** c.agreement.sendShift
  const moved = window !== c.sndWnd
  c.sndWnd = window
  c.sndWl1 = sequence
  c.sndWl2 = ack
  if (window > c.maxSndWnd) c.maxSndWnd = window
  return moved
}

/** @returns whether the first block reports a duplicate: below the acknowledgment, or inside the second block (RFC 2883 §4). */
function takeSacks(c: Connection, { sack }: Options, tally: Tally, before: number): boolean {
  if (sack === undefined || !c.agreement.sack) return false
  let dsack = false
  const blocks = sack.map(([left, right]) => [unwrap(left, c.sndUna), unwrap(right, c.sndUna)] as const)
  for (const [at, [left, right]] of blocks.entries()) {
    if (left >= right || right > c.sndNxt) continue
    const inSecond = at === 0 && blocks.length > 1 && left >= blocks[1][0] && right <= blocks[1][1]
    if (at === 0 && left >= before - c.maxSndWnd && (right <= c.sndUna || inSecond)) dsack = true
    else if (left >= c.sndUna) c.board.sack(left, right, tally.heed)
  }
  return dsack
}

/** One measurement for each acknowledgment of new data (RFC 6298 §3), of a piece that was sent once. */
function measure(c: Connection, { sentAt }: Tally): void {
  if (sentAt >= 0) c.roundTrip.measure(nanoseconds(c.now - sentAt))
  else c.roundTrip.recover()
}

/** RFC 8985 §7.4: did the tail loss probe repair a loss? */
function endProbe(c: Connection, advanced: boolean, duplicate: boolean, dsack: boolean, sacks: boolean): void {
  if (c.probeEnd === undefined || c.sndUna < c.probeEnd) return
  if (!c.probeAgain || dsack) c.probeEnd = undefined
  else if (c.sndUna > c.probeEnd) {
    c.probeEnd = undefined
    reduceOnce(c)
  } else if (duplicate && !sacks && !advanced) c.probeEnd = undefined
}
