/** What the network says of a connection's path: smaller packets (RFC 1191 §6.4), and errors (RFC 9293 §3.9.2.2, RFC 5927). */
import type { FailureCode } from '../protocol.ts'
import type { Connection } from './connection.ts'

/** The path MTU to the peer may have become another: segments are cut by it from now on, and what was too big goes again. */
export function pathChanged(c: Connection): void {
  const before = c.mss
  const reach = c.family.reach(c.ends.remote, c.ends.local)
  if (reach === undefined) return
  c.reach = reach
  c.congestion.mss = c.mss
  // Lost not to congestion but to its size: sent again without a reduction.
  if (c.mss < before) c.board.loseLonger(c.mss)
}

/** An ICMP error quotes one of our segments. @param sequence what it quotes, unwrapped. */
export function heardError(c: Connection, code: FailureCode, sequence: number): void {
  // Only a segment that is out can have met an error; others are forged or late (RFC 5927 §4.1).
  if (sequence < c.sndUna || sequence > c.sndNxt) return
  if (code === 'EMSGSIZE') {
    pathChanged(c)
    return c.settle()
  }
  // While connecting an error is the answer; Linux does so too. Later none may end a connection (RFC 5927 §5.2).
  if (c.state === 'SYN-SENT') c.fail(code)
  else c.softError = code
}
