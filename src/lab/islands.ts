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

/** Longest run of one island, so that the host gets its turn; a fixed span of virtual time, not of the host's. */
const stride = 2_000_000

export class Islands {
  readonly #islands: readonly Island[]
  readonly #lookAhead: Duration
  #running: Island | undefined

  /** @param lookAhead the smallest latency of any cable between two islands. */
  constructor(islands: readonly Island[], lookAhead: Duration) {
    this.#islands = islands
    this.#lookAhead = lookAhead
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

  /** Runs one island once, at most up to and including `until`. @returns false when nobody has anything to do by then. */
  step(until: Instant): boolean {
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
}
