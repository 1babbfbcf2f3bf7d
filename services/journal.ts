/**
 * What a service gave away, on disk: a line of JSON for every change, appended before the client hears of it, so that what was given is still known
 * after the lab was killed at any instant. A last line that was cut short is passed over; when most lines are outdated all are written anew.
 *
 * Times are the lab's, and a lab starts again at zero: what was left of an entry when the last line was written is what is left of it then.
 */
import type { JournalFile } from '../src/stack/files.ts'
import type { Clock } from '../src/base/time.ts'
import { fromUtf8, utf8 } from '../src/base/bytes.ts'

/** Lines beyond those in force before the file is written anew. */
const slack = 1000
const kept = ['bound', 'released', 'declined'] as const

export interface Entry {
  /** An offer binds nobody and is not kept: who was made one asks again. */
  readonly status: 'offered' | (typeof kept)[number]
  /** In the lab's nanoseconds; infinite: never. */
  readonly expires: number
}

/** The fields of an entry beside its status and its end: out of a line's value, undefined when it is no line of ours; and into one, in this order. */
export interface EntryForm<Kept extends Entry> {
  readonly read: (fields: Readonly<Record<string, unknown>>) => Omit<Kept, keyof Entry> | undefined
  readonly write: (entry: Kept) => Readonly<Record<string, unknown>>
}

export class Journal<Kept extends Entry> {
  readonly #file: JournalFile
  readonly #clock: Clock
  readonly #form: EntryForm<Kept>
  #lines = 0

  constructor(file: JournalFile, clock: Clock, form: EntryForm<Kept>) {
    this.#file = file
    this.#clock = clock
    this.#form = form
  }

  /** What was kept, oldest change first. @param damaged told how many lines could not be read. */
  restore(damaged: (lines: number) => void): readonly Kept[] {
    const text = fromUtf8(this.#file.content)
    const written = text.split('\n').slice(0, -1)
    const lines = written.flatMap((line) => this.#read(line) ?? [])
    if (lines.length < written.length) damaged(written.length - lines.length)
    // A line without its end would be joined to the next one that is appended.
    if (!text.endsWith('\n') && text !== '') this.#file.append(utf8('\n'))
    this.#lines = written.length
    const last = lines.reduce((latest, { at }) => Math.max(latest, at), 0)
    return lines.map(({ entry }) => ({ ...entry, expires: this.#clock.now + entry.expires - last }))
  }

  /** @param all every entry there is, for when the file is written anew. */
  record(entry: Kept, all: () => readonly Kept[]): void {
    if (entry.status === 'offered') return
    if (++this.#lines > slack && this.#lines > 4 * all().length) {
      const standing = all().filter((each) => each.status !== 'offered')
      this.#file.replace(utf8(standing.map((each) => this.#line(each)).join('')))
      this.#lines = standing.length
    } else this.#file.append(utf8(this.#line(entry)))
  }

  close(): void {
    this.#file.close()
  }

  #line(entry: Kept): string {
    const { status, expires } = entry
    return `${JSON.stringify({ ...this.#form.write(entry), status, expires: Number.isFinite(expires) ? expires : null, at: this.#clock.now })}\n`
  }

  /** Nothing for what is no line of ours. */
  #read(text: string): { readonly entry: Kept; readonly at: number } | undefined {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return undefined
    }
    if (typeof value !== 'object' || value === null) return undefined
    const { status, expires, at } = value as Record<string, unknown>
    const known = kept.find((each) => each === status)
    if (known === undefined || typeof at !== 'number' || (expires !== null && typeof expires !== 'number')) return undefined
    const fields = this.#form.read(value as Record<string, unknown>)
    return fields === undefined ? undefined : { entry: { ...fields, status: known, expires: expires ?? Number.POSITIVE_INFINITY } as Kept, at }
  }
}
