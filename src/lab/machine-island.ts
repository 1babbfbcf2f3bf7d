/** A machine as the run loop sees it: an island that can be powered up late, restarted, and listened to. */
import type { Log } from '../base/log.ts'
import { after, type Alarm, between, type Duration, type Instant } from '../base/time.ts'
import type { Machine } from '../board/machine.ts'
import type { Island } from './islands.ts'
import type { MachinePlan } from './topology.ts'
import { Transcript } from './transcript.ts'

/** `waiting`: its `depends_on` isn't met yet. `idle`: every hart sleeps. */
export type PowerState = 'waiting' | 'running' | 'idle' | 'off'

/** What the other parts of the lab are told. `time` is on this island's clock. */
export interface MachineEvents {
  said(bytes: Uint8Array, time: Instant): void
  powered(state: 'running' | 'off', time: Instant): void
}

/** From a guest's wish to restart until its first instruction; a board's reset takes its time, and a guest in a loop of them must not be free. */
const resetTime = 10_000_000 as Duration

export class MachineIsland implements Island {
  readonly name: string
  readonly plan: MachinePlan
  readonly machine: Machine
  readonly transcript: Transcript
  readonly #log: Log
  readonly #events: MachineEvents
  readonly #power: Alarm
  #state: 'waiting' | 'running' | 'off' = 'waiting'
  #endedAt: Instant | undefined
  /** Last instant of the present run. */
  #until = 0

  constructor(plan: MachinePlan, machine: Machine, log: Log, events: MachineEvents) {
    this.name = plan.name
    this.plan = plan
    this.machine = machine
    this.transcript = new Transcript(plan.name)
    this.#log = log
    this.#events = events
    this.#power = machine.timeline.alarm('power', () => this.#start())
    machine.console.listen((bytes) => {
      this.transcript.hear(bytes, this.now)
      events.said(bytes, this.now)
    })
  }

  get now(): Instant {
    return this.machine.timeline.now
  }

  get next(): Instant | undefined {
    return this.machine.next
  }

  get state(): PowerState {
    return this.#state === 'running' && this.machine.core.idle ? 'idle' : this.#state
  }

  /** When it went off for good. */
  get endedAt(): Instant | undefined {
    return this.#endedAt
  }

  run(horizon: Instant): void {
    // The core runs while it is short of `until`, so a window of one instruction needs its end, not its beginning.
    this.#until = Math.max(horizon - 1, this.machine.core.now + 1)
    this.machine.run(this.#until as Instant)
    this.#heed()
  }

  cut(horizon: Instant): void {
    if (horizon > this.#until) return
    this.machine.yieldNow()
  }

  /** Powers up at `time`, once. */
  powerUp(time: Instant): void {
    if (this.#state === 'waiting' && this.#power.due === undefined) this.#power.arm(between(this.now, time))
  }

  /** Pulls the plug, between runs. */
  powerOff(): void {
    this.#power.disarm()
    this.machine.powerOff()
    this.#heed()
  }

  #start(): void {
    this.machine.start()
    const first = this.#state !== 'running'
    this.#state = 'running'
    this.#log.info('machine.start', `${this.name} starts`)
    if (first) this.#events.powered('running', this.now)
  }

  #heed(): void {
    const { state, finish, endedAt } = this.machine
    if (this.#state !== 'running' || state === 'running' || this.#power.due !== undefined) return
    if (state === 'reset') {
      this.#log.info('machine.reset', `${this.name} restarts`)
      // Counted from the guest's wish: how far this run went beyond it is the loop's affair. It is longer than any run.
      this.#power.arm(between(this.now, after(endedAt, resetTime)))
      return
    }
    this.#state = 'off'
    if (finish?.kind === 'fail') this.#log.warn('machine.fail', `${this.name} switched itself off with code ${finish.code}`, { code: finish.code })
    else this.#log.info('machine.off', `${this.name} is off`)
    this.#endedAt = endedAt
    this.#events.powered('off', endedAt)
  }
}
