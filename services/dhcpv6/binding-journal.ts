/**
 * Bindings on disk: a line of JSON for every change, appended before the client hears of it; a last line that was cut short is passed over.
 * Times are the lab's, and a lab starts again at zero: what was left of a binding when the last line was written is what is left of it then.
 */
import type { JournalFile } from '../../src/stack/files.ts'
import type { Clock } from '../../src/base/time.ts'
import type { Binding, BindingStatus } from './bindings.ts'
import { fromUtf8, utf8 } from '../../src/base/bytes.ts'

/** Lines beyond those in force before the file is written anew. */
const slack = 1000
const statuses: readonly BindingStatus[] = ['bound', 'released', 'declined']

interface Line {
  readonly binding: Binding
  readonly at: number
}

export class BindingJournal {
  readonly #file: JournalFile
  readonly #clock: Clock
  #lines = 0

  constructor(file: JournalFile, clock: Clock) {
    this.#file = file
    this.#clock = clock
  }

  /** What was kept, oldest change first. @param damaged told how many lines could not be read. */
  restore(damaged: (lines: number) => void): readonly Binding[] {
    const text = fromUtf8(this.#file.content)
    const written = text.split('\n').slice(0, -1)
    const lines = written.flatMap((line) => readLine(line) ?? [])
    if (lines.length < written.length) damaged(written.length - lines.length)
    // A line without its end would be joined to the next one.
    if (text !== '' && !text.endsWith('\n')) this.#file.append(utf8('\n'))
    this.#lines = written.length
    const last = lines.reduce((latest, { at }) => Math.max(latest, at), 0)
    return lines.map(({ binding }) => ({ ...binding, expires: this.#clock.now + binding.expires - last }))
  }

  /** @param all every binding there is, for when the file is written anew. */
  record(binding: Binding, all: () => readonly Binding[]): void {
    // An offer binds nobody.
    if (binding.status === 'offered') return
    if (++this.#lines > slack && this.#lines > 4 * all().length) {
      const kept = all().filter((each) => each.status !== 'offered')
      this.#file.replace(utf8(kept.map((each) => this.#line(each)).join('')))
      this.#lines = kept.length
    } else this.#file.append(utf8(this.#line(binding)))
  }

  close(): void {
    this.#file.close()
  }

  #line({ what, owner, status, expires }: Binding): string {
    return `${JSON.stringify({ what, owner, status, expires: Number.isFinite(expires) ? expires : null, at: this.#clock.now })}\n`
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
  const { what, owner, status, expires, at } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const known = statuses.find((each) => each === status)
  if (known === undefined || typeof what !== 'string' || typeof owner !== 'string' || typeof at !== 'number' || (expires !== null && typeof expires !== 'number')) return undefined
  return { binding: { what, owner, status: known, expires: expires ?? Number.POSITIVE_INFINITY }, at }
}
