/** The lab file's `tests:`, judged while the lab runs: each is decided the moment it can be. */
import { type Duration, formatTime, type Instant } from '../base/time.ts'
import { PingWatch } from './ping-watch.ts'
import type { Tap } from './tap.ts'
import type { TestPlan } from './topology.ts'
import { TextWatch, type Transcript } from './transcript.ts'
import { formatDuration } from './units.ts'

export interface Verdict {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'open'
  /** One sentence: what was seen, or what was not. */
  readonly message: string
  /** When it was decided. */
  readonly time: Instant | undefined
}

/** What tests look at. */
export interface Witnesses {
  transcript(node: string): Transcript
  /** Addresses leased to a node's interfaces now, by any DHCP service in the lab. */
  leases(node: string): readonly string[]
  taps(node: string): readonly Tap[]
  /** A node's interfaces' MACs, `02:…`. */
  macs(node: string): readonly string[]
}

export class Verdicts {
  readonly #trials: readonly Trial[]
  #open: number

  constructor(plans: readonly TestPlan[], witnesses: Witnesses) {
    this.#trials = plans.map((plan) => new Trial(plan, witnesses, () => this.#open--))
    this.#open = plans.length
  }

  get all(): readonly Verdict[] {
    return this.#trials.map((trial) => trial.verdict)
  }

  /** Whether there was something to decide, and all of it is. */
  get decided(): boolean {
    return this.#trials.length > 0 && this.#open === 0
  }

  /** A DHCP service has bound an address. */
  leased(time: Instant): void {
    for (const trial of this.#trials) trial.leased(time)
  }

  /** Nothing before `now` can happen any more: what had to be by then and isn't has failed. */
  passed(now: Instant): void {
    if (this.#open > 0) for (const trial of this.#trials) trial.late(now)
  }

  /** The lab has ended: what is still open has failed. */
  close(now: Instant, why: string): void {
    for (const trial of this.#trials) {
      trial.late(now)
      trial.fail(now, why)
    }
  }
}

class Trial {
  verdict: Verdict
  readonly #plan: TestPlan
  readonly #witnesses: Witnesses
  readonly #decided: () => void
  #pings: PingWatch | undefined

  constructor(plan: TestPlan, witnesses: Witnesses, decided: () => void) {
    this.#plan = plan
    this.#witnesses = witnesses
    this.#decided = decided
    this.verdict = { name: plan.name, outcome: 'open', message: '', time: undefined }
    if (plan.kind === 'console') this.#watchConsole(plan.node, plan.text)
    if (plan.kind === 'ping') this.#watchPings(plan)
  }

  leased(time: Instant): void {
    if (this.#plan.kind !== 'lease' || this.verdict.outcome !== 'open') return
    const { node, address } = this.#plan
    const leases = this.#witnesses.leases(node)
    if (address === undefined ? leases.length > 0 : leases.includes(address)) this.#decide('passed', time, `${node} has a lease of ${address ?? leases.join(', ')}`)
  }

  late(now: Instant): void {
    const { within } = this.#plan
    if (within !== undefined && now > within) this.fail(within as number as Instant, `not within ${formatDuration(within as Duration)}`)
  }

  fail(time: Instant, why: string): void {
    if (this.verdict.outcome === 'open') this.#decide('failed', time, `${this.#missing()} (${why})`)
  }

  #watchConsole(node: string, text: string): void {
    const watch = new TextWatch(text)
    this.#witnesses.transcript(node).listen((bytes, time) => {
      if (this.verdict.outcome === 'open' && watch.feed(bytes)) this.#decide('passed', time, `${node} said ${JSON.stringify(text)}`)
    })
  }

  #watchPings(plan: TestPlan & { kind: 'ping' }): void {
    const pings = new PingWatch(new Set(this.#witnesses.macs(plan.to)))
    this.#pings = pings
    for (const tap of this.#witnesses.taps(plan.from)) {
      tap.hear((direction, time, frame) => {
        if (this.verdict.outcome !== 'open' || !pings.see(direction, frame.bytes)) return
        const enough = Math.ceil(plan.count * (1 - plan.loss))
        if (pings.sent >= plan.count && pings.answered >= enough) this.#decide('passed', time, `${plan.to} answered ${pings.answered} of ${pings.sent} pings from ${plan.from}`)
      })
    }
  }

  #decide(outcome: 'passed' | 'failed', time: Instant, message: string): void {
    const late = outcome === 'passed' && this.#plan.within !== undefined && time > this.#plan.within
    this.verdict = late ? { ...this.verdict, outcome: 'failed', time, message: `${message}, but only at ${formatTime(time)}` } : { ...this.verdict, outcome, time, message }
    this.#decided()
  }

  #missing(): string {
    const plan = this.#plan
    if (plan.kind === 'console') return `${plan.node} never said ${JSON.stringify(plan.text)}`
    if (plan.kind === 'ping') return `${plan.to} answered ${this.#pings?.answered ?? 0} of ${this.#pings?.sent ?? 0} pings from ${plan.from}, ${plan.count} wanted`
    const leases = this.#witnesses.leases(plan.node)
    return `${plan.node} has ${leases.length === 0 ? 'no lease' : `a lease of ${leases.join(', ')}`}${plan.address === undefined ? '' : `, ${plan.address} wanted`}`
  }
}
