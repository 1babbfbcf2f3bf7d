/** What the lab's parts have said, in virtual time: the source of `logs`, `events` and of tests that go by what happened. */
import type { Log, LogEntry, LogFields, Severity } from '../base/log.ts'
import type { Clock } from '../base/time.ts'

/** Kept; a lab that talks for days pushes its own past out. */
const mostEntries = 20_000

export type HearEntry = (entry: LogEntry) => void

export class Journal {
  #entries: LogEntry[] = []
  readonly #hearers = new Set<HearEntry>()

  /** Oldest first. */
  get entries(): readonly LogEntry[] {
    return this.#entries
  }

  /** @returns how to stop hearing. */
  hear(hearer: HearEntry): () => void {
    this.#hearers.add(hearer)
    return () => void this.#hearers.delete(hearer)
  }

  /** The log of one part. @param source `lan.dhcp`, `node1`. */
  log(source: string, clock: Clock): Log {
    const say = (severity: Severity) => (event: string, message: string, fields: LogFields = {}): void => this.#add({ time: clock.now, severity, source, event, message, fields })
    return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
  }

  #add(entry: LogEntry): void {
    // A quarter at once, so that the cost of moving is spread.
    if (this.#entries.length >= mostEntries) this.#entries = this.#entries.slice(mostEntries >> 2)
    this.#entries.push(entry)
    for (const hearer of this.#hearers) hearer(entry)
  }
}
