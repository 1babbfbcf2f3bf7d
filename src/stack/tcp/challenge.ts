/** Acknowledgments that answer what may be forged or out of place, at a bounded rate. RFC 5961 §3 to §5 and §7. */
import type { Connection } from './connection.ts'
import { seconds } from '../../base/time.ts'
import { transmit } from './transmit.ts'

/** "an implementation SHOULD include an ACK throttling mechanism … no more than 10 Challenge ACKs in any 5-second window" (§7), for each connection: one for all would be a side channel. */
const most = 10
const span = seconds(5)

export function challenge(c: Connection): void {
  const { now } = c
  if (now - c.challengeWindow >= span) {
    c.challengeWindow = now
    c.challengesLeft = most
  }
  if (c.challengesLeft === 0) return
  c.challengesLeft--
  c.ground.counters.challenges++
  transmit(c, 0, c.sndNxt, 0)
}
