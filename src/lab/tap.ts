/** A port that can be listened in on while the lab runs: by a capture that comes and goes, by the run's hash, by a test. */
import { type Alarm, between, type Instant, type Scheduler } from '../base/time.ts'
import type { CablePort } from '../link/cable.ts'
import { copyFrame } from '../link/frame.ts'
import type { LaneCounters } from '../link/lane.ts'
import type { Frame, FrameSink, Medium, Port } from '../link/port.ts'
import type { Trouble } from './faults/trouble.ts'

/**
 * Told of a frame that leaves or is heard here. Its bytes are not the listener's: who wants to keep them copies them.
 * @param comment what a fault did to it; empty for nearly all.
 */
export type HearFrame = (direction: 'in' | 'out', time: Instant, frame: Frame, comment: string) => void

/** What is told of a port from outside. */
export interface TapPlace {
  /** `node1:eth0`. */
  readonly name: string
  readonly node: string
  readonly nic: string
  readonly network: string | undefined
}

export class Tap implements Port {
  readonly place: TapPlace
  readonly name: string
  readonly medium: Medium
  readonly frameMax: number
  readonly #port: CablePort
  readonly scheduler: Scheduler
  readonly #hearers = new Set<HearFrame>()
  readonly #mourners = new Set<HearFrame>()
  readonly #watchers = new Set<(carrier: boolean) => void>()
  #trouble: Trouble | undefined
  #carrier = true
  /** Rings when a fault pulls the cable, or plugs it in; there is none as long as no fault does. */
  #turn: Alarm | undefined

  /** @param scheduler of the port's own island. */
  constructor(port: CablePort, scheduler: Scheduler, place: TapPlace) {
    this.place = place
    this.name = place.name
    this.medium = port.medium
    this.frameMax = port.frameMax
    this.#port = port
    this.scheduler = scheduler
  }

  /** What left here. */
  get sent(): LaneCounters {
    return this.#port.counters
  }

  get up(): boolean {
    return this.#port.up
  }

  /** The faults at this port; undefined: none, ever. */
  get trouble(): Trouble | undefined {
    return this.#trouble
  }

  set trouble(trouble: Trouble | undefined) {
    this.#trouble = trouble
    if (trouble !== undefined) trouble.changed = () => this.#look(trouble)
    if (trouble !== undefined) this.#look(trouble)
  }

  get carrier(): boolean {
    return this.#carrier
  }

  watchCarrier(hear: (carrier: boolean) => void): () => void {
    this.#watchers.add(hear)
    return () => void this.#watchers.delete(hear)
  }

  /** @returns how to stop hearing. */
  hear(hearer: HearFrame): () => void {
    this.#hearers.add(hearer)
    return () => void this.#hearers.delete(hearer)
  }

  /** Tells of frames that arrived and were lost to a fault before anybody heard them. @returns how to stop. */
  hearLost(hearer: HearFrame): () => void {
    this.#mourners.add(hearer)
    return () => void this.#mourners.delete(hearer)
  }

  send(frame: Frame): void {
    if (this.trouble?.concerns('out') !== true) {
      this.#tell(this.#hearers, 'out', frame, '')
      return this.#port.send(frame)
    }
    const copy = copyFrame(frame)
    const comment = this.trouble.pass('out', frame, (each) => this.#port.send(each))
    this.#tell(this.#hearers, 'out', copy, comment)
  }

  listen(sink: FrameSink | undefined): void {
    if (sink === undefined) return this.#port.listen(undefined)
    const hear = (frame: Frame, comment: string): void => {
      this.#tell(this.#hearers, 'in', frame, comment)
      sink.receive(frame)
    }
    const receive = (frame: Frame): void => (this.trouble?.concerns('in') === true ? this.#suffer(this.trouble, frame, hear) : hear(frame, ''))
    this.#port.listen({ receive })
  }

  /** The faults say whether the cable is plugged in now, and when to look again. */
  #look(trouble: Trouble): void {
    const { now } = this.scheduler
    const turn = trouble.nextTurn(now)
    if (turn !== undefined) {
      this.#turn ??= this.scheduler.alarm(`${this.name} carrier`, () => this.#look(trouble))
      this.#turn.arm(between(now, turn))
    } else this.#turn?.disarm()
    const carrier = trouble.plugged(now)
    if (carrier === this.#carrier) return
    this.#carrier = carrier
    for (const hear of this.#watchers) hear(carrier)
  }

  /** What comes out at once carries the faults' comment; what is held back comes later without one. */
  #suffer(trouble: Trouble, frame: Frame, hear: (frame: Frame, comment: string) => void): void {
    const copy = copyFrame(frame)
    const through: Frame[] = []
    let passing = true
    const comment = trouble.pass('in', frame, (each) => (passing ? void through.push(each) : hear(each, '')))
    passing = false
    for (const each of through) hear(each, comment)
    if (through.length === 0 && comment !== '') this.#tell(this.#mourners, 'in', copy, comment)
  }

  #tell(hearers: ReadonlySet<HearFrame>, direction: 'in' | 'out', frame: Frame, comment: string): void {
    for (const hearer of hearers) hearer(direction, this.scheduler.now, frame, comment)
  }
}
