/**
 * Leases on disk: a line of JSON for every change, appended before the client hears of it, so that a lease that was given is still known
 * after the lab was killed at any instant. A last line that was cut short is passed over; when most lines are outdated all are written anew.
 *
 * Times are the lab's, and a lab starts again at zero: what was left of a lease when the last line was written is what is left of it then.
 */
import type { JournalFile } from '../../src/stack/files.ts'
import type { Clock } from '../../src/base/time.ts'
import type { Lease, LeaseStatus } from './lease-table.ts'
import { fromUtf8, utf8 } from '../../src/base/bytes.ts'

/** Lines beyond those in force before the file is written anew. */
const slack = 1000
const statuses: readonly LeaseStatus[] = ['bound', 'released', 'declined']

interface Line extends Omit<Lease, 'expires'> {
  /** `null`: never. */
  readonly expires: number | null
  readonly at: number
}

export class LeaseJournal {
  readonly #file: JournalFile
  readonly #clock: Clock
  #lines = 0

  constructor(file: JournalFile, clock: Clock) {
    this.#file = file
    this.#clock = clock
  }

  /** What was kept, oldest change first. @param damaged told how many lines could not be read. */
  restore(damaged: (lines: number) => void): readonly Lease[] {
    const text = fromUtf8(this.#file.content)
    const written = text.split('\n').slice(0, -1)
    const lines = written.flatMap((line) => readLine(line) ?? [])
    if (lines.length < written.length) damaged(written.length - lines.length)
    // A line without its end would be joined to the next one that is appended.
    if (!text.endsWith('\n') && text !== '') this.#file.append(utf8('\n'))
    this.#lines = written.length
    const last = lines.reduce((latest, { at }) => Math.max(latest, at), 0)
    const left = (expires: number | null): number => (expires === null ? Number.POSITIVE_INFINITY : this.#clock.now + expires - last)
    return lines.map(({ address, client, mac, name, status, expires }) => ({ address, client, mac, name, status, expires: left(expires) }))
  }

  /** @param all every lease there is, for when the file is written anew. */
  record(lease: Lease, all: () => readonly Lease[]): void {
    // An offer binds nobody; who was made one asks again.
    if (lease.status === 'offered') return
    if (++this.#lines > slack && this.#lines > 4 * all().length) {
      const kept = all().filter((each) => each.status !== 'offered')
      this.#file.replace(utf8(kept.map((each) => this.#line(each)).join('')))
      this.#lines = kept.length
    } else this.#file.append(utf8(this.#line(lease)))
  }

  close(): void {
    this.#file.close()
  }

  #line({ address, client, mac, name, status, expires }: Lease): string {
    const line: Line = { address, client, mac, name, status, expires: Number.isFinite(expires) ? expires : null, at: this.#clock.now }
    return `${JSON.stringify(line)}\n`
  }
}

/** Nothing for what is no line of ours. */
function readLine(text: string): Line | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { address, client, mac, name, status, expires, at } = value as Record<string, unknown>
  const known = statuses.find((each) => each === status)
  if (known === undefined || typeof client !== 'string' || typeof mac !== 'string' || typeof name !== 'string') return undefined
  if (typeof address !== 'number' || !Number.isInteger(address) || address < 0 || address > 0xffff_ffff || typeof at !== 'number') return undefined
  if (expires !== null && typeof expires !== 'number') return undefined
  return { address, client, mac, name, status: known, expires, at }
}
