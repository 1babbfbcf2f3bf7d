/** The lab file's `tests:`, judged while the lab runs: each is decided the moment it can be. */
import type { LogEntry } from '../base/log.ts'
import { type Duration, formatTime, type Instant } from '../base/time.ts'
import { watchConsole, watchDialogue, watchNever } from './tests/console-tests.ts'
import { watchFrames, watchPings } from './tests/frame-tests.ts'
import { watchMemory, watchRegister } from './tests/guest-tests.ts'
import { watchReach } from './tests/reach-tests.ts'
import { watchLease, watchServed } from './tests/service-tests.ts'
import type { Decide, Watch, Witnesses } from './tests/watch.ts'
import type { TestPlan } from './topology.ts'
import { formatDuration } from './units.ts'

export interface Verdict {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'open'
  /** One sentence: what was seen, or what was not. */
  readonly message: string
  /** When it was decided. */
  readonly time: Instant | undefined
}

export class Verdicts {
  readonly #trials: readonly Trial[]

  constructor(plans: readonly TestPlan[], witnesses: Witnesses) {
    this.#trials = plans.map((plan) => new Trial(plan, witnesses))
    if (plans.length > 0) witnesses.journal.hear((entry) => this.#told(entry))
  }

  get all(): readonly Verdict[] {
    return this.#trials.map((trial) => trial.verdict)
  }

  /** Whether there was something to decide, and all of it is; a test that only asks that something not happen is not waited for. */
  get decided(): boolean {
    if (this.#trials.every((trial) => trial.standing)) return false
    return this.#trials.every((trial) => !trial.open || trial.standing)
  }

  /** Nothing before `now` can happen any more: what had to be by then and isn't has failed. */
  passed(now: Instant): void {
    for (const trial of this.#trials) trial.late(now)
  }

  /** For a lab that is brought back: what was decided by what only the machines themselves can show. @param told in the order of `all`. */
  settle(told: readonly Verdict[]): void {
    for (const [index, trial] of this.#trials.entries()) trial.settle(told[index])
  }

  /** The lab has ended: what is still open has failed, unless it asked that nothing happen. */
  close(now: Instant, why: string): void {
    for (const trial of this.#trials) trial.close(now, why)
  }

  #told(entry: LogEntry): void {
    for (const trial of this.#trials) trial.told(entry)
  }
}

class Trial {
  verdict: Verdict
  readonly #plan: TestPlan
  readonly #watch: Watch

  constructor(plan: TestPlan, witnesses: Witnesses) {
    this.#plan = plan
    this.verdict = { name: plan.name, outcome: 'open', message: '', time: undefined }
    this.#watch = watchFor(plan, witnesses, (outcome, time, message) => this.#decide(outcome, time, message))
  }

  get open(): boolean {
    return this.verdict.outcome === 'open'
  }

  get standing(): boolean {
    return this.open && this.#watch.standing === true
  }

  told(entry: LogEntry): void {
    if (this.open) this.#watch.told?.(entry)
  }

  late(now: Instant): void {
    const { within } = this.#plan
    if (this.open && within !== undefined && now > within) this.#end(within as number as Instant, `not within ${formatDuration(within as Duration)}`)
  }

  settle(told: Verdict | undefined): void {
    if (!this.open || told === undefined || told.outcome === 'open') return
    this.verdict = told
    this.#watch.stop?.()
  }

  close(now: Instant, why: string): void {
    this.late(now)
    if (this.open) this.#end(now, why)
  }

  #end(time: Instant, why: string): void {
    if (this.#watch.standing === true) this.#decide('passed', time, this.#watch.missing())
    else this.#decide('failed', time, `${this.#watch.missing()} (${why})`)
  }

  #decide(outcome: 'passed' | 'failed', time: Instant, message: string): void {
    if (!this.open) return
    const { within } = this.#plan
    const late = outcome === 'passed' && within !== undefined && time > within
    this.verdict = late ? { ...this.verdict, outcome: 'failed', time, message: `${message}, but only at ${formatTime(time)}` } : { ...this.verdict, outcome, time, message }
    this.#watch.stop?.()
  }
}

function watchFor(plan: TestPlan, witnesses: Witnesses, decide: Decide): Watch {
  switch (plan.kind) {
    case 'console':
      return watchConsole(plan, witnesses, decide)
    case 'never':
      return watchNever(plan, witnesses, decide)
    case 'dialogue':
      return watchDialogue(plan, witnesses, decide)
    case 'lease':
      return watchLease(plan, witnesses, decide)
    case 'served':
      return watchServed(plan, witnesses, decide)
    case 'memory':
      return watchMemory(plan, witnesses, decide)
    case 'register':
      return watchRegister(plan, witnesses, decide)
    case 'ping':
      return watchPings(plan, witnesses, decide)
    case 'frames':
      return watchFrames(plan, witnesses, decide)
    case 'reach':
      return watchReach(plan, witnesses, decide)
  }
}
