/** A machine as the run loop sees it: an island that can be powered up late, restarted, and listened to. */
import type { Log } from '../base/log.ts'
import { after, type Alarm, between, type Duration, type Instant } from '../base/time.ts'
import type { Finish } from '../board/finisher.ts'
import type { MachineSnapshot } from '../board/machine.ts'
import type { Port } from '../link/port.ts'
import type { ApartIsland } from './islands.ts'
import type { LabMachine } from './lab-machine.ts'
import type { Ending } from './snapshot/machine-log.ts'
import type { SerialLine } from '../board/serial-line.ts'
import type { SerialAct } from './serial/null-modem.ts'
import { lineName } from './serial/serial-plan.ts'
import { Player } from './snapshot/player.ts'
import { FarMachine } from './threads/far-machine.ts'
import type { MachinePlan } from './topology.ts'
import { Transcript } from './transcript.ts'

/** `waiting`: its `depends_on` isn't met yet. `idle`: every hart sleeps. */
export type PowerState = 'waiting' | 'running' | 'idle' | 'off'

/** What the other parts of the lab are told. `time` is on this island's clock. */
export interface MachineEvents {
  said(bytes: Uint8Array, time: Instant): void
  powered(state: 'running' | 'off', time: Instant): void
  serial?(act: SerialAct, time: Instant): void
}

/** From a guest's wish to restart until its first instruction; a board's reset takes its time, and a guest in a loop of them must not be free. */
const resetTime = 10_000_000 as Duration

export class MachineIsland implements ApartIsland {
  readonly name: string
  readonly plan: MachinePlan
  readonly machine: LabMachine
  readonly transcript: Transcript
  /** What each serial port has said; the first is the console's. */
  readonly transcripts: readonly Transcript[]
  /** Its serial ports; of a machine in another thread none but the console is to be had. */
  readonly serials: readonly SerialLine[]
  readonly #log: Log
  readonly #events: MachineEvents
  readonly #power: Alarm
  readonly #startHearers = new Set<() => void>()
  readonly #serialHearers = new Set<(act: SerialAct, time: Instant) => void>()
  readonly #endHearers = new Set<(ending: Ending, time: Instant) => void>()
  /** Who plays the machine while its lab is brought back. */
  #player: Player | undefined
  #state: 'waiting' | 'running' | 'off' = 'waiting'
  #endedAt: Instant | undefined
  /** The end that is being told; the run in which it came may have gone on beyond. */
  #endTold: Instant | undefined
  /** Last instant of the present run. */
  #until = 0
  /** Of a machine in another thread: its window may still be narrowed. */
  #beginning = false

  constructor(plan: MachinePlan, machine: LabMachine, log: Log, events: MachineEvents) {
    this.name = plan.name
    this.plan = plan
    this.machine = machine
    this.serials = (machine as { readonly serials?: readonly SerialLine[] }).serials ?? []
    this.transcripts = (this.serials.length > 0 ? this.serials : [machine.console]).map((_, port) => new Transcript(lineName({ node: plan.name, port })))
    this.transcript = this.transcripts[0]
    this.#log = log
    this.#events = events
    this.#power = machine.timeline.alarm('power', () => this.#start())
    machine.console.listen((bytes) => this.#said(bytes))
    for (const port of (plan.serials ?? []).keys()) this.#openSerial(port)
  }

  get now(): Instant {
    return this.machine.timeline.now
  }

  get next(): Instant | undefined {
    return this.#player === undefined ? this.machine.next : this.#player.next
  }

  get state(): PowerState {
    return this.#state === 'running' && this.machine.core.idle ? 'idle' : this.#state
  }

  /** The instant that its log entries bear. */
  get spokenAt(): Instant {
    return this.#endTold ?? this.now
  }

  /** When it went off for good. */
  get endedAt(): Instant | undefined {
    return this.#endedAt
  }

  /** Told when the machine is about to do its first instruction, restarts included. @returns how to stop hearing. */
  hearStart(hearer: () => void): () => void {
    this.#startHearers.add(hearer)
    return () => void this.#startHearers.delete(hearer)
  }

  /** Told of every end of the machine's running, restarts included. @returns how to stop hearing. */
  hearEnd(hearer: (ending: Ending, time: Instant) => void): () => void {
    this.#endHearers.add(hearer)
    return () => void this.#endHearers.delete(hearer)
  }

  /** Told of what its serial ports do: of the console only where it has a null modem. @returns how to stop hearing. */
  hearSerial(hearer: (act: SerialAct, time: Instant) => void): () => void {
    this.#serialHearers.add(hearer)
    return () => void this.#serialHearers.delete(hearer)
  }

  /** From now on the machine is played from a log of what it did. @param ports those that are plugged in. */
  play(log: Uint8Array, ports: readonly Port[]): Player {
    const say = (bytes: Uint8Array): void => this.#said(bytes)
    const odd = (sentence: string): void => this.#log.warn('guest.odd', sentence, { machine: this.name })
    if (this.machine instanceof FarMachine) this.machine.played = true
    this.#player = new Player({ timeline: this.machine.timeline, ports, say, odd, serial: (act) => this.#serial(act) }, log)
    return this.#player
  }

  /** The machine itself goes on, from where it was saved. */
  takeOver(state: MachineSnapshot): void {
    this.#player = undefined
    this.machine.load(state)
  }

  run(horizon: Instant): void {
    if (this.#player !== undefined) {
      this.#player.run(horizon)
      return this.#heed()
    }
    // The core runs while it is short of `until`, so a window of one instruction needs its end, not its beginning.
    this.#until = Math.max(horizon - 1, this.machine.core.now + 1)
    this.machine.run(this.#until as Instant)
    this.#heed()
  }

  get apart(): boolean {
    return this.machine instanceof FarMachine && this.#player === undefined
  }

  begin(horizon: Instant): void {
    const far = this.machine as FarMachine
    this.#until = Math.max(horizon - 1, far.core.now + 1)
    this.#beginning = true
    const rings = far.ring()
    this.#beginning = false
    far.begin(this.#until as Instant, rings)
  }

  finish(): void {
    const far = this.machine as FarMachine
    far.perform()
    this.#heed()
  }

  cut(horizon: Instant): void {
    if (this.#player !== undefined) return this.#player.cut(horizon)
    if (this.#beginning) this.#until = Math.min(this.#until, Math.max(horizon - 1, this.machine.core.now + 1))
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

  #openSerial(port: number): void {
    const line = this.serials[port]
    if (line === undefined) return
    const wired = this.plan.serials?.[port]?.to !== undefined
    const say = (bytes: Uint8Array): void => this.#serial({ kind: 'serial', port, bitTime: Math.round(line.bitTime * 1000), bytes })
    if (port > 0) line.listen(say)
    else if (wired) line.listen((bytes) => {
      this.#said(bytes)
      say(bytes)
    })
    line.listenOutputs((outputs) => this.#serial({ kind: 'outputs', port, outputs }))
  }

  #serial(act: SerialAct): void {
    if (act.kind === 'serial' && act.port > 0) this.transcripts[act.port].hear(act.bytes, this.now)
    this.#events.serial?.(act, this.now)
    for (const hear of this.#serialHearers) hear(act, this.now)
  }

  #said(bytes: Uint8Array): void {
    this.transcript.hear(bytes, this.now)
    this.#events.said(bytes, this.now)
  }

  #start(): void {
    if (this.#player === undefined) this.machine.start()
    for (const hear of this.#startHearers) hear()
    const first = this.#state !== 'running'
    this.#state = 'running'
    this.#log.info('machine.start', `${this.name} starts`)
    if (first) this.#events.powered('running', this.now)
  }

  #heed(): void {
    const ending = this.#ending()
    if (this.#state !== 'running' || ending === undefined || this.#power.due !== undefined) return
    this.#endTold = ending.endedAt
    for (const hear of this.#endHearers) hear(ending, ending.endedAt)
    if (ending.state === 'reset') this.#resume(ending.endedAt)
    else this.#rest(ending.finish, ending.endedAt)
    this.#endTold = undefined
  }

  /** Counted from the guest's wish: how far this run went beyond it is the loop's affair. It is longer than any run. */
  #resume(endedAt: Instant): void {
    this.#log.info('machine.reset', `${this.name} restarts`)
    this.#power.arm(between(this.now, after(endedAt, resetTime)))
  }

  #rest(finish: Finish | undefined, endedAt: Instant): void {
    this.#state = 'off'
    if (finish?.kind === 'fail') this.#log.warn('machine.fail', `${this.name} switched itself off with code ${finish.code}`, { code: finish.code })
    else this.#log.info('machine.off', `${this.name} is off`)
    this.#endedAt = endedAt
    this.#events.powered('off', endedAt)
  }

  /** How the machine, or who plays it, has ended since it was started. */
  #ending(): (Ending & { readonly endedAt: Instant }) | undefined {
    if (this.#player === undefined) {
      const { state, finish, endedAt } = this.machine
      return state === 'running' ? undefined : { state, finish, endedAt }
    }
    const { ended } = this.#player
    this.#player.ended = undefined
    return ended
  }
}
