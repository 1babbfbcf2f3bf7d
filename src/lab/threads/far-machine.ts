/**
 * Stands in the lab for a machine that runs in another thread.
 *
 * Theory of operation. Cables, the door and whatever else touches a machine set their alarms on its timeline. The stand-in has such a timeline, and the
 * machine itself (seat.ts) another. A run goes like this: every alarm that is due at the run's first instant rings here, and what it does to the machine
 * (a frame arrives, a key is typed, the power comes on) is written down; that goes to the machine, which runs up to the end of its window, or to the next
 * alarm here, and no further. Then what it did (frames, console, its end) is done here, each at its instant, as if it had been done by a machine in this
 * thread. So alarms here and acts of the machine never overtake each other, and the lab can't tell the two kinds of machine apart.
 *
 * Before you edit, read board/machine.ts, lab/islands.ts and seat.ts.
 */
import { assert } from '../../base/errors.ts'
import type { Instant } from '../../base/time.ts'
import { Timeline } from '../../base/timeline.ts'
import type { Chardev } from '../../board/bus.ts'
import type { Finish } from '../../board/finisher.ts'
import type { MachineSnapshot, MachineState } from '../../board/machine.ts'
import type { Port } from '../../link/port.ts'
import type { Nic, NicCounters } from '../../board/nic.ts'
import type { LabMachine } from '../lab-machine.ts'
import { MachineLogReader } from '../snapshot/machine-log.ts'
import { Tap } from '../tap.ts'
import type { Gang } from './crew.ts'
import { FarCore } from './far-core.ts'
import { FarNic } from './far-nic.ts'
import type { FarConfig } from './machine-thread.ts'
import type { Deed, Ring, Standing } from './protocol.ts'

export interface FarTraits {
  /** So long after it has sent something may come of it, in nanoseconds; 0: never. */
  readonly echo: number
  /** Something here is done in the very instant in which it says something. */
  readonly answered: boolean
  /** Its device reports what the guest did. */
  odd(sentence: string): void
}

export class FarMachine implements LabMachine {
  readonly name: string
  readonly timeline = new Timeline()
  readonly core: FarCore
  readonly nics: readonly Nic[]
  readonly console: Chardev
  readonly magic = undefined
  /** Somebody plays it (snapshot/player.ts): what is done to it is lost. */
  played = false
  readonly #gang: Gang
  readonly #number: number
  readonly #traits: FarTraits
  readonly #ports: (Port | undefined)[] = []
  #standing: Standing
  #acts: Uint8Array | undefined
  /** Of the alarm that rings. */
  #deeds: Deed[] | undefined
  #hear: (bytes: Uint8Array) => void = () => undefined

  /** @throws {ConfigError} as board/machine.ts does. */
  constructor(config: FarConfig, gang: Gang, traits: FarTraits) {
    this.name = config.name
    this.#gang = gang
    this.#traits = traits
    const { machine, ram, standing } = gang.thread.call({ do: 'make', config }) as { readonly machine: number; readonly ram: Uint8Array; readonly standing: Standing }
    this.#number = machine
    this.#standing = standing
    this.core = new FarCore(config.name, config.harts, ram, gang.thread, machine, () => this.#standing)
    this.nics = config.nics.map(({ mac }, nic) => new FarNic(nic, mac, (deed) => this.#do(deed), (port) => this.#plug(nic, port), () => gang.thread.call({ do: 'counters', machine, nic }) as NicCounters))
    this.console = this.#line()
  }

  get state(): MachineState {
    return this.#standing.state
  }

  get finish(): Finish | undefined {
    return this.#standing.finish
  }

  get endedAt(): Instant {
    return this.#standing.endedAt
  }

  get next(): Instant | undefined {
    const own = this.#standing.next
    const alarm = this.timeline.next
    return own === undefined || (alarm !== undefined && alarm < own) ? alarm : own
  }

  /** In an alarm's ring. */
  start(): void {
    this.#do({ kind: 'start' })
    this.#standing = { ...this.#standing, state: 'running', finish: undefined }
  }

  powerOff(): void {
    this.#do({ kind: 'off' })
  }

  /** The first half of a run: alarms that are due ring; what comes of them may pull the end nearer. @returns what they did, for `begin`. */
  ring(): Ring[] {
    const rings: Ring[] = []
    const first = this.next
    for (let due = this.timeline.next; due !== undefined && due <= (first as Instant); due = this.timeline.next) {
      const name = this.timeline.nextName as string
      const deeds: Deed[] = []
      this.#deeds = deeds
      this.timeline.step()
      rings.push({ time: due, name, deeds })
    }
    this.#deeds = undefined
    return rings
  }

  /** Has the thread run up to and including `until`, once its crew goes. */
  begin(until: Instant, rings: readonly Ring[]): void {
    // A fault on the way out may hold a frame back, by an alarm that is to ring before the machine goes on.
    const stopsAtSend = this.#ports.some((port) => port instanceof Tap && port.trouble?.concerns('out') === true)
    const job = { machine: this.#number, until, alarm: this.timeline.next, echo: this.#traits.echo, stopsAtSend, stopsAtWord: this.#traits.answered, deeds: [], rings }
    this.#gang.add(job, (standing, acts) => this.#report(standing, acts))
  }

  /** The second half, once the crew has come back: what the machine did is done here. */
  perform(): void {
    const acts = this.#acts
    assert(acts !== undefined, `${this.name} has not run`)
    this.#acts = undefined
    const reader = new MachineLogReader(acts)
    for (let act = reader.next(); act !== undefined; act = reader.next()) {
      this.#advance(act.time)
      if (act.kind === 'frame') this.#ports[act.nic]?.send(act.frame)
      else if (act.kind === 'console') this.#hear(act.bytes)
      else if (act.kind === 'odd') this.#traits.odd(act.sentence)
    }
    this.#advance(this.#standing.now)
  }

  /** Both halves, while all others wait. */
  run(until: Instant): void {
    this.begin(until, this.ring())
    this.#gang.go()
    this.#gang.wait()
    this.perform()
  }

  /** There is nothing to yield between two halves of a run. */
  yieldNow(): void {
    return
  }

  save(): MachineSnapshot {
    return this.#gang.thread.call({ do: 'save', machine: this.#number }) as MachineSnapshot
  }

  load(state: MachineSnapshot): void {
    this.played = false
    this.#advance(state.now as Instant)
    this.#standing = this.#gang.thread.call({ do: 'load', machine: this.#number, state }) as Standing
  }

  #advance(time: Instant): void {
    if (time > this.timeline.now) this.timeline.advance(time)
  }

  #report(standing: Standing, acts: Uint8Array): void {
    this.#standing = standing
    this.#acts = acts
  }

  /** Within a ring it is written down; between runs it is done at once. */
  #do(deed: Deed): void {
    if (this.played) return
    if (this.#deeds !== undefined) return void this.#deeds.push(deed)
    const job = { machine: this.#number, until: undefined, alarm: undefined, echo: 0, stopsAtSend: false, stopsAtWord: false, deeds: [deed], rings: [] }
    this.#gang.add(job, (standing, acts) => this.#report(standing, acts))
    this.#gang.go()
    this.#gang.wait()
    this.perform()
  }

  #plug(nic: number, port: Port | undefined): void {
    this.#ports[nic] = port
    if (port === undefined) return
    const { name, medium, frameMax, carrier = true } = port
    this.#gang.thread.call({ do: 'plug', machine: this.#number, plug: { nic, name, medium, frameMax, carrier } })
  }

  #line(): Chardev {
    const room = (): number => this.#standing.room
    return {
      get room() {
        return room()
      },
      write: (bytes) => {
        this.#standing = { ...this.#standing, room: Math.max(0, this.#standing.room - bytes.length) }
        this.#do({ kind: 'type', bytes: bytes.slice() })
      },
      listen: (hear) => void (this.#hear = hear),
    }
  }
}
