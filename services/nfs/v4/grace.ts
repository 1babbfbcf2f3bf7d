/**
 * After a restart: who had files open before gets time to say so again, before others may take them. RFC 7530 §9.6, RFC 8881 §8.4.2.
 *
 * Which clients there were stands in a journal, a line each: `boot`, `+` and a client's name, `-` and one. Without a journal nobody is known
 * from before, so there is nobody to wait for, and nothing to reclaim.
 */
import { fromLatin1, fromUtf8, hex, latin1, unhex, utf8 } from '../../../src/base/bytes.ts'
import { Malformed } from '../../../src/base/errors.ts'
import type { Log } from '../../../src/base/log.ts'
import { after, type Clock, type Instant, seconds, start } from '../../../src/base/time.ts'
import type { JournalFile } from '../../../src/stack/files.ts'
import type { Client } from './client.ts'
import { Failure } from './failure.ts'

/** As long as a lease: every client that is still there has been heard of by then. */
const graceSpan = seconds(90)
const longestName = 1024
/** Clients taken up from a journal. */
const mostKnown = 4096
/** Lines beyond those in force before the file is written anew. */
const slack = 1000

export class Grace {
  /** Restarts before this one. */
  readonly boots: number
  readonly #journal: JournalFile | undefined
  readonly #clock: Clock
  /** Names of clients that were there before, and have not said that they are done. */
  readonly #awaited: Set<string>
  /** In the journal by now. */
  readonly #recorded = new Set<string>()
  readonly #until: Instant
  #lines = 0

  constructor(journal: JournalFile | undefined, clock: Clock, log: Log) {
    this.#journal = journal
    this.#clock = clock
    const { boots, names } = read(journal?.content ?? new Uint8Array(0))
    this.boots = boots
    this.#awaited = new Set(names)
    this.#until = names.length === 0 ? start : after(clock.now, graceSpan)
    for (const name of names) this.#recorded.add(name)
    this.#rewrite()
    if (names.length > 0) log.info('nfs.grace', `${names.length} clients had files open before the restart, and have ${graceSpan / 1e9} s to say so again`, { clients: names.length })
  }

  /** Whether those who were there before come first. */
  get running(): boolean {
    return this.#clock.now < this.#until && this.#awaited.size > 0
  }

  /** @throws {Failure} when a client may not open or lock what it hadn't before. */
  demandOver(): void {
    if (this.running) throw new Failure('grace', 'clients from before the restart come first')
  }

  /** @throws {Failure} unless a client may take up what it had. */
  demandReclaim(client: Client): void {
    if (!this.running || client.reclaimed) throw new Failure('noGrace', 'nothing can be taken up again')
    if (!this.#awaited.has(client.name)) throw new Failure('reclaimBad', 'the client was not there before the restart')
  }

  /** 4.1's RECLAIM_COMPLETE. */
  done(client: Client): void {
    client.reclaimed = true
    this.#awaited.delete(client.name)
    this.remember(client)
  }

  /** A client that holds something: it is to be awaited after the next restart. */
  remember({ name }: Client): void {
    if (this.#journal === undefined || this.#recorded.has(name)) return
    this.#recorded.add(name)
    this.#append(`+${hex(latin1(name))}`)
  }

  forget({ name }: Client): void {
    if (!this.#recorded.delete(name)) return
    this.#append(`-${hex(latin1(name))}`)
  }

  close(): void {
    this.#journal?.close()
  }

  #append(line: string): void {
    if (++this.#lines > slack + 4 * this.#recorded.size) this.#rewrite()
    else this.#journal?.append(utf8(`${line}\n`))
  }

  #rewrite(): void {
    const lines = [`boot ${this.boots + 1}`, ...Array.from(this.#recorded, (name) => `+${hex(latin1(name))}`)]
    this.#journal?.replace(utf8(lines.map((line) => `${line}\n`).join('')))
    this.#lines = lines.length
  }
}

/** Lines that are none of ours, or cut short, are passed over. */
function read(content: Uint8Array): { readonly boots: number; readonly names: readonly string[] } {
  const names = new Set<string>()
  let boots = 0
  for (const line of fromUtf8(content).split('\n').slice(0, -1)) {
    const counted = /^boot (\d{1,9})$/.exec(line)
    if (counted !== null) boots = Number(counted[1])
    const name = line.length <= 1 + 2 * longestName ? nameIn(line) : undefined
    if (name === undefined) continue
    if (line.startsWith('+') && names.size < mostKnown) names.add(name)
    else names.delete(name)
  }
  return { boots, names: [...names] }
}

function nameIn(line: string): string | undefined {
  if (!/^[+-]/.test(line)) return undefined
  try {
    return fromLatin1(unhex(line.slice(1)))
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return undefined
  }
}
