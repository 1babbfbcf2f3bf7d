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
