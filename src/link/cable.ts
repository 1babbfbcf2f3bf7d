/** A cable: two ends, each a port, and what lies between them: rate, latency, a bounded queue, and whether it is plugged in at all. */
import { assert } from '../base/errors.ts'
import type { Stateful } from '../base/state.ts'
import { microseconds } from '../base/time.ts'
import type { Duration, Instant, Scheduler } from '../base/time.ts'
import { headerBytes } from '../wire/ethernet.ts'
import { controlIn, tagBytes } from '../wire/vlan.ts'
import { Lane } from './lane.ts'
import type { LaneCounters, LaneState } from './lane.ts'
import type { Frame, FrameSink, Medium, Port } from './port.ts'

export interface CableTraits {
  /** At least 1 ns: nothing is delivered inside a send. Default 1 µs. */
  readonly latency?: Duration
  /** Bits per second of frame bytes (no preamble, no gap). Default: infinitely fast. */
  readonly rateBps?: number | undefined
  /** Bytes that may wait for the line. Default 1 MiB; of no meaning without a rate. */
  readonly queueBytes?: number
}

export interface CableEnd {
  /** Unique in the lab, e.g. `node1:eth0`: it orders arrivals that fall on the same instant. */
  readonly name: string
  readonly scheduler: Scheduler
  /** Told of every frame sent from this end, so that the run loop can stop the sender's slice before the far end must hear it. */
  readonly sent?: (arrival: Instant) => void
}

export interface CablePlan extends CableTraits {
  readonly near: CableEnd
  readonly far: CableEnd
  /** Default `ethernet`. */
  readonly medium?: Medium
  /** Largest frame in bytes, link header included; an 802.1Q tag may come on top. Default 1514: an MTU of 1500. */
  readonly frameMax?: number
}

export type CableState = LaneState & { readonly up: boolean }

/** The two ends, near first. @throws {AssertionError} when the latency is below 1 ns. */
export function cable(plan: CablePlan): readonly [CablePort, CablePort] {
  const shared: Shared = { up: true, watchers: new Set(), lanes: [] }
  const near = new CablePort(plan, plan.near, shared)
  const far = new CablePort(plan, plan.far, shared)
  near.join(far, plan)
  far.join(near, plan)
  return [near, far]
}

interface Shared {
  up: boolean
  readonly watchers: Set<(up: boolean) => void>
  readonly lanes: Lane[]
}

/** One end of a cable. Its state is the direction that leaves it. */
export class CablePort implements Port, Stateful<CableState> {
  readonly name: string
  readonly medium: Medium
  readonly frameMax: number
  readonly scheduler: Scheduler
  readonly #sent: ((arrival: Instant) => void) | undefined
  readonly #shared: Shared
  #lane: Lane | undefined
  #sink: FrameSink | undefined

  /** Made by `cable`, in pairs. */
  constructor(plan: CablePlan, end: CableEnd, shared: Shared) {
    this.name = end.name
    this.medium = plan.medium ?? 'ethernet'
    this.frameMax = plan.frameMax ?? headerBytes + 1500
    this.scheduler = end.scheduler
    this.#sent = end.sent
    this.#shared = shared
  }

  /** Lays the direction from here to `far`. */
  join(far: CablePort, traits: CableTraits): void {
    this.#lane = new Lane(`${far.name} < ${this.name}`, this.scheduler, far.scheduler, complete(traits), (frame) => far.#hear(frame))
    this.#shared.lanes.push(this.#lane)
  }

  /** Frames and bytes sent from this end, and what was lost of them. */
  get counters(): LaneCounters {
    return this.#out.counters
  }

  /** Whether the cable, both ways, is plugged in. */
  get up(): boolean {
    return this.#shared.up
  }

  /** Plugs or pulls the whole cable; what is under way when it is pulled is lost. */
  setUp(up: boolean): void {
    if (up === this.#shared.up) return
    this.#shared.up = up
    if (!up) for (const lane of this.#shared.lanes) lane.cut()
    for (const hear of this.#shared.watchers) hear(up)
  }

  /** Tells `hear` whenever the cable goes up or down. @returns the way to end that. */
  watch(hear: (up: boolean) => void): () => void {
    this.#shared.watchers.add(hear)
    return () => void this.#shared.watchers.delete(hear)
  }

  /** Changes latency, rate and queue of what leaves this end from now on. */
  shape(traits: CableTraits): void {
    this.#out.shape(complete(traits))
  }

  send(frame: Frame): void {
    if (!this.#shared.up) {
      this.#lose('droppedDown')
      return
    }
    if (!this.#fits(frame)) {
      this.#lose('droppedLarge')
      return
    }
    const arrival = this.#out.send(frame)
    if (arrival !== undefined) this.#sent?.(arrival)
  }

  listen(sink: FrameSink | undefined): void {
    this.#sink = sink
  }

  save(): CableState {
    return { ...this.#out.save(), up: this.#shared.up }
  }

  load(state: CableState): void {
    this.#shared.up = state.up
    this.#out.load(state)
  }

  get #out(): Lane {
    assert(this.#lane !== undefined, `cable end ${this.name} has no far end`)
    return this.#lane
  }

  #lose(why: 'droppedDown' | 'droppedLarge'): void {
    this.#out.counters[why]++
  }

  #hear(frame: Frame): boolean {
    this.#sink?.receive(frame)
    return this.#sink !== undefined
  }

  #fits({ bytes, offload }: Frame): boolean {
    if (bytes.length <= this.frameMax || (offload !== undefined && offload.segmentation !== 'none')) return true
    return this.medium === 'ethernet' && bytes.length <= this.frameMax + tagBytes && controlIn(bytes) >= 0
  }
}

function complete({ latency = microseconds(1), rateBps, queueBytes = 1024 * 1024 }: CableTraits): { latency: Duration; rateBps: number | undefined; queueBytes: number } {
  assert(latency >= 1, `a cable takes at least 1 ns, not ${latency}`)
  assert(rateBps === undefined || rateBps > 0, `a cable's rate is positive, not ${rateBps}`)
  return { latency, rateBps, queueBytes }
}
