/** A port that can be listened in on while the lab runs: by a capture that comes and goes, by the run's hash, by a test. */
import type { Clock, Instant } from '../base/time.ts'
import type { CablePort } from '../link/cable.ts'
import type { LaneCounters } from '../link/lane.ts'
import type { Frame, FrameSink, Medium, Port } from '../link/port.ts'

/** Told of a frame before it goes on. Its bytes are not the listener's: who wants to keep them copies them. */
export type HearFrame = (direction: 'in' | 'out', time: Instant, frame: Frame) => void

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
  readonly #clock: Clock
  readonly #hearers = new Set<HearFrame>()

  /** @param clock of the port's own island. */
  constructor(port: CablePort, clock: Clock, place: TapPlace) {
    this.place = place
    this.name = place.name
    this.medium = port.medium
    this.frameMax = port.frameMax
    this.#port = port
    this.#clock = clock
  }

  /** What left here. */
  get sent(): LaneCounters {
    return this.#port.counters
  }

  get up(): boolean {
    return this.#port.up
  }

  /** @returns how to stop hearing. */
  hear(hearer: HearFrame): () => void {
    this.#hearers.add(hearer)
    return () => void this.#hearers.delete(hearer)
  }

  send(frame: Frame): void {
    for (const hearer of this.#hearers) hearer('out', this.#clock.now, frame)
    this.#port.send(frame)
  }

  listen(sink: FrameSink | undefined): void {
    if (sink === undefined) return this.#port.listen(undefined)
    const receive = (frame: Frame): void => {
      for (const hearer of this.#hearers) hearer('in', this.#clock.now, frame)
      sink.receive(frame)
    }
    this.#port.listen({ receive })
  }
}
