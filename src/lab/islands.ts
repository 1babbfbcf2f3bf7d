/**
 * The run loop: islands of virtual time, each run as far as nothing can reach it, and no further.
 *
 * Theory of operation. A lab is several islands: each machine is one, and the fabric (switches, hosts, service points) is another.
 * Islands touch only through cables, and a cable takes at least `lookAhead`. Let E be the instant of each island's next event.
 * The island with the smallest E (ties: the first in the list) runs everything it has before
 *
 *     horizon = min over the others (E) + lookAhead
 *
 * because whatever another island does, it does at its E or later, and is heard here no earlier than that. An island that sends
 * may be answered: its frame arrives at t + lookAhead or later, the answer one lookAhead after that, so a send cuts the run short there.
 * An island that is run to its horizon has had its next event, so time always moves; nothing ever arrives in an island's past.
 *
 * Islands in other threads (`ApartIsland`) are run in rounds: every island that has something to do within what any other can reach it
 * in, `min over the others (E + distance)`, is run that far, all of them at the same time. Within a round nobody hears of anybody: what is sent
 * in it arrives after it. Rounds cut a run into other pieces than single steps do, and a run cut anywhere is the same run.
 *
 * What runs next depends on virtual instants alone, never on how fast the host is or where it paused, so a run is the same every
 * time. This is the conservative scheme of Chandy and Misra (1979) with one global bound in place of null messages.
 *
 * Before you edit, read base/timeline.ts (what rings when, on one island) and house.md §2, laws 4 and 6.
 */
import type { Duration, Instant } from '../base/time.ts'

export interface Island {
  readonly name: string
  /** As far as this island has come. */
  readonly now: Instant
  /** The earliest instant at which it would do anything; undefined: it waits for the others. */
  readonly next: Instant | undefined
  /** Does everything that is due before `horizon`, or before what `cut` names meanwhile. Moves past `next`. */
  run(horizon: Instant): void
  /** Called while it runs: nothing at or after `horizon` may be done in this run. Only ever pulls the end nearer. */
  cut(horizon: Instant): void
}

/** An island that can be run in two halves, between which others run. */
export interface ApartIsland extends Island {
  /** Whether it is run so now. */
  readonly apart: boolean
  /** As `run`, but returns at once; nothing has happened on the other islands. */
  begin(horizon: Instant): void
  /** Waits for its end: what it did is done to the others. */
  finish(): void
}

/** Who runs the islands that are apart. */
export interface Rounds {
  readonly islands: readonly ApartIsland[]
  /** The least time in which anything gets from one island to another, by their numbers. */
  distance(from: number, to: number): number
  /** All those begun are set to work. */
  go(): void
  /** All of them are done. */
  wait(): void
}

/**
 * Longest run of one island, so that the host gets its turn; a fixed span of virtual time, not of the host's. No island is ever farther ahead of the
 * hindmost that has something to do.
 */
export const stride = 2_000_000

export class Islands {
  readonly #islands: readonly Island[]
  readonly #lookAhead: Duration
  readonly #rounds: Rounds | undefined
  #running: Island | undefined

  /**
   * @param lookAhead the smallest latency of any cable between two islands.
   * @param rounds who runs some of the islands apart; undefined: nobody does.
   */
  constructor(islands: readonly Island[], lookAhead: Duration, rounds?: Rounds) {
    this.#islands = islands
    this.#lookAhead = lookAhead
    this.#rounds = rounds
  }

  /** As far as the foremost island has come: what enters from outside enters no earlier. */
  get now(): Instant {
    return this.#islands.reduce((latest, island) => Math.max(latest, island.now), 0) as Instant
  }

  /** When anything happens next; undefined: every island waits. */
  get next(): Instant | undefined {
    let next: Instant | undefined
    for (const island of this.#islands) if (island.next !== undefined && (next === undefined || island.next < next)) next = island.next
    return next
  }

  /** Runs one island once, or each that can be run apart, at most up to and including `until`. @returns false when nobody has anything to do by then. */
  step(until: Instant): boolean {
    if (this.#rounds?.islands.some(({ apart }) => apart) === true) return this.#round(this.#rounds, until)
    let first: Island | undefined
    let earliest = Number.POSITIVE_INFINITY
    let others = Number.POSITIVE_INFINITY
    for (const island of this.#islands) {
      const next = island.next ?? Number.POSITIVE_INFINITY
      if (next < earliest) {
        others = earliest
        earliest = next
        first = island
      } else if (next < others) others = next
    }
    if (first === undefined || earliest > until) return false
    this.#running = first
    first.run(Math.min(others + this.#lookAhead, earliest + stride, until + 1) as Instant)
    this.#running = undefined
    return true
  }

  /** The running island has sent what arrives elsewhere at `arrival`: an answer may be back one look-ahead later. */
  sent(arrival: Instant): void {
    this.#running?.cut((arrival + this.#lookAhead) as Instant)
  }

  #round(rounds: Rounds, until: Instant): boolean {
    const islands = this.#islands
    const nexts = islands.map(({ next }) => next ?? Number.POSITIVE_INFINITY)
    const earliest = Math.min(...nexts)
    if (earliest > until) return false
    const limit = Math.min(earliest + stride, until + 1)
    const horizon = (to: number): number => nexts.reduce((least, next, from) => (from === to ? least : Math.min(least, next + rounds.distance(from, to))), limit)
    const here: [Island, Instant][] = []
    const apart: ApartIsland[] = []
    for (const [index, island] of islands.entries()) {
      if (nexts[index] >= limit) continue
      const end = horizon(index) as Instant
      if (nexts[index] >= end) continue
      const far = rounds.islands.find((one) => one === island && one.apart)
      if (far === undefined) here.push([island, end])
      else this.#with(far, () => apart.push((far.begin(end), far)))
    }
    rounds.go()
    for (const [island, end] of here) this.#with(island, () => island.run(end))
    rounds.wait()
    for (const island of apart) island.finish()
    return true
  }

  #with(island: Island, run: () => void): void {
    this.#running = island
    run()
    this.#running = undefined
  }
}
