/** What a part of the lab tells its user: one line, one severity, with the virtual time it was said at. */
import type { Instant } from './time.ts'

export type Severity = 'debug' | 'info' | 'warn' | 'error'

/** Fields that a program can read beside the sentence, e.g. `{ mac: '02:…', file: 'vmlinuz' }`. */
export type LogFields = Readonly<Record<string, string | number | boolean>>

export interface LogEntry {
  readonly time: Instant
  readonly severity: Severity
  /** Who says it: `lan.dhcp`, `node1.nic0`. */
  readonly source: string
  /** A stable word for the kind of thing that happened, e.g. `dhcp.offer`, `tftp.missing`; `explain` and tests go by it. */
  readonly event: string
  readonly message: string
  readonly fields: LogFields
}

export interface Log {
  debug(event: string, message: string, fields?: LogFields): void
  info(event: string, message: string, fields?: LogFields): void
  warn(event: string, message: string, fields?: LogFields): void
  error(event: string, message: string, fields?: LogFields): void
}
