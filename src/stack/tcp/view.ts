/** Listeners and connections as `inspect` shows them. */
import type { Listening } from './accept.ts'
import type { State } from './connection.ts'
import type { Entry } from './table.ts'
import { Connection } from './connection.ts'

/** A row. Bytes that came and were not read, and that were written and not acknowledged. */
export type ConnectionView = { readonly local: string; readonly remote: string; readonly state: State | 'LISTEN'; readonly unread: number; readonly unacknowledged: number }

export function viewListener({ family, address, port }: Listening): ConnectionView {
  return { local: `${family.format(address)}:${port}`, remote: '*', state: 'LISTEN', unread: 0, unacknowledged: 0 }
}

/** @param entry a connection, or what is left of one in TIME-WAIT. */
export function viewEntry(entry: Entry): ConnectionView {
  const { family, ends } = entry
  const names = { local: `${family.format(ends.local)}:${ends.localPort}`, remote: `${family.format(ends.remote)}:${ends.remotePort}` }
  if (!(entry instanceof Connection)) return { ...names, state: 'TIME-WAIT', unread: 0, unacknowledged: 0 }
  return { ...names, state: entry.state, unread: entry.receiver.unread, unacknowledged: entry.out.length }
}

/** A block as TCP_INFO shows it on Linux. Sequence numbers count from the initial ones; times are in ns. */
export type BlockView = {
  readonly state: State
  readonly phase: string
  readonly mss: number
  readonly cwnd: number
  /** null: none yet. */
  readonly ssthresh: number | null
  readonly pipe: number
  readonly sndUna: number
  readonly sndNxt: number
  readonly sndWnd: number
  readonly rcvNxt: number
  readonly rcvWnd: number
  readonly smoothed: number | null
  readonly timeout: number
  readonly retries: number
  readonly unread: number
  readonly unacknowledged: number
  readonly sack: boolean
  readonly timestamps: boolean
  readonly sendShift: number
  readonly receiveShift: number
}

export function viewBlock({ state, phase, mss, congestion, pipe, iss, sndUna, sndNxt, sndWnd, receiver, roundTrip, retries, out, agreement }: Connection): BlockView {
  return {
    state, phase, mss, cwnd: congestion.cwnd, ssthresh: Number.isFinite(congestion.ssthresh) ? congestion.ssthresh : null, pipe,
    sndUna: sndUna - iss, sndNxt: sndNxt - iss, sndWnd, rcvNxt: receiver.rcvNxt - receiver.irs, rcvWnd: Math.max(0, receiver.rcvAdv - receiver.rcvNxt),
    smoothed: roundTrip.smoothed ?? null, timeout: roundTrip.timeout, retries, unread: receiver.unread, unacknowledged: out.length,
    sack: agreement.sack, timestamps: agreement.timestamps, sendShift: agreement.sendShift, receiveShift: agreement.receiveShift,
  }
}
