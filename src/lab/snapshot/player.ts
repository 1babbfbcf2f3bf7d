/**
 * Stands in for a machine while its lab is brought back: whatever reaches the machine's end of a cable is heard there as it was, and what the machine did
 * comes from its log, at its own instants. Alarms due at an instant ring before what the machine does in it, as in board/machine.ts.
 */
import type { Instant } from '../../base/time.ts'
import type { Timeline } from '../../base/timeline.ts'
import type { Port } from '../../link/port.ts'
import type { SerialAct } from '../serial/null-modem.ts'
import { type Ending, type MachineAct, MachineLogReader } from './machine-log.ts'

/** What a played act does to the lab. */
export interface Stage {
  readonly timeline: Timeline
  /** The machine's ports that are plugged in, in the order of the lab's taps. */
  readonly ports: readonly Port[]
  say(bytes: Uint8Array): void
  odd(sentence: string): void
  serial(act: SerialAct): void
}

export class Player {
  readonly #stage: Stage
  readonly #reader: MachineLogReader
  #until: Instant
  #end: number
  #act: MachineAct | undefined
  /** Where `#act` stands in the log. */
  #at = 0
  #horizon = 0
  /** Set when the machine has ended; the island heeds it and takes it back. */
  ended: (Ending & { readonly endedAt: Instant }) | undefined

  constructor(stage: Stage, log: Uint8Array) {
    this.#stage = stage
    this.#reader = new MachineLogReader(log)
    this.#until = 0 as Instant
    this.#end = 0
    this.#act = this.#reader.next()
  }

  /** Goes on up to there and no further. @param until alarms up to it are rung, those beyond are left to the machine. @param end of the acts, in the log. */
  allow(until: Instant, end: number): void {
    this.#until = until
    this.#end = end
  }

  /** Undefined: all that is allowed is played, unless something arrives. */
  get next(): Instant | undefined {
    const alarm = this.#alarm
    const act = this.#at < this.#end ? this.#act?.time : undefined
    return alarm === undefined || (act !== undefined && act < alarm) ? act : alarm
  }

  run(horizon: Instant): void {
    this.#horizon = horizon
    for (let next = this.next; next !== undefined && next < this.#horizon && this.ended === undefined; next = this.next) {
      if (this.#alarm === next) this.#stage.timeline.step()
      else this.#play(this.#act as MachineAct)
    }
  }

  cut(horizon: Instant): void {
    if (horizon < this.#horizon) this.#horizon = horizon
  }

  get #alarm(): Instant | undefined {
    const { next } = this.#stage.timeline
    return next !== undefined && next <= this.#until ? next : undefined
  }

  #play(act: MachineAct): void {
    const { timeline } = this.#stage
    if (act.time > timeline.now) timeline.advance(act.time)
    this.#at = this.#reader.at
    this.#act = this.#reader.next()
    if (act.kind === 'frame') this.#stage.ports[act.nic]?.send(act.frame)
    else if (act.kind === 'console') this.#stage.say(act.bytes)
    else if (act.kind === 'odd') this.#stage.odd(act.sentence)
    else if (act.kind === 'serial' || act.kind === 'outputs') this.#stage.serial(act)
    else this.ended = { state: act.state, finish: act.finish, endedAt: act.time }
  }
}
