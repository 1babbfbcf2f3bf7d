/**
 * What a lab keeps while it runs so that it can be saved at any moment: each machine's acts, and what came in from outside. Bounded: a lab that
 * outgrows the bound runs on and can't be saved any more.
 */
import type { Instant } from '../../base/time.ts'
import { copyFrame } from '../../link/frame.ts'
import type { OutsideEvent } from '../../nat/outside.ts'
import type { FrameEntry, OutsideEntry } from '../door.ts'
import type { LinkEntry } from '../faults/link-control.ts'
import type { Lab } from '../lab.ts'
import type { MachineIsland } from '../machine-island.ts'
import type { Topology } from '../topology.ts'
import { MachineLog } from './machine-log.ts'

/** Usual bound of the history of a lab that keeps to itself, in bytes. */
export const usualHistoryBytes = 256 << 20

/**
 * That of one with a way out. What comes in from outside must be kept byte for byte, and copying 256 MB of it halves what NAT carries; a boot by the network, which
 * is what one goes back to, is a few MB.
 */
export const usualOutsideHistoryBytes = 16 << 20

/** @returns in bytes. */
export function usualHistory({ uplinks, networks }: Pick<Topology, 'uplinks' | 'networks'>): number {
  return uplinks.length > 0 || networks.some(({ nat }) => nat !== undefined) ? usualOutsideHistoryBytes : usualHistoryBytes
}

/** What came in by uplinks and NATs, by its instant. What was typed and changed live the lab keeps itself. */
export type OutsideInput = ({ readonly kind: 'frame' } & FrameEntry) | ({ readonly kind: 'outside' } & OutsideEntry)

/** Something that was changed by hand, and how far each island had come then. Instants in nanoseconds, logs in bytes. */
export type Turn = { readonly change: TurnChange; readonly fabric: number; readonly machines: { readonly [node: string]: { readonly now: number; readonly log: number } } }

/** Another seed, or another fate of a link. */
export type TurnChange = { readonly seed: string } | { readonly link: LinkEntry }

/** Of one event of the outside, beside the bytes it carries. */
const eventBytes = 128

export class History {
  readonly #limit: number
  readonly #logs = new Map<string, MachineLog>()
  readonly #stops: (() => void)[] = []
  readonly #turns: Turn[] = []
  #inputs: OutsideInput[] = []
  #size = 0
  #lost: Instant | undefined

  /** @param lab has not run yet. */
  constructor(lab: Lab, limitBytes = usualHistoryBytes) {
    this.#limit = limitBytes
    for (const island of lab.machines.values()) this.#hear(lab, island)
    this.#stops.push(
      lab.door.hear((entry) => this.#keep({ kind: 'frame', time: entry.time, uplink: entry.uplink, frame: copyFrame(entry.frame) }, entry.frame.bytes.length)),
      lab.door.hearOutside((entry) => this.#keep({ kind: 'outside', time: entry.time, nat: entry.nat, event: copyEvent(entry.event) }, 'bytes' in entry.event ? entry.event.bytes.length : 0)),
    )
  }

  /** In bytes. */
  get size(): number {
    return this.#size
  }

  get limit(): number {
    return this.#limit
  }

  /** When it outgrew its bound and was given up. */
  get lost(): Instant | undefined {
    return this.#lost
  }

  /** A copy of a machine's acts, for a `MachineLogReader`. */
  log(node: string): Uint8Array {
    return this.#logs.get(node)?.bytes ?? new Uint8Array(0)
  }

  /** Oldest first. Nobody writes to them. */
  get inputs(): readonly OutsideInput[] {
    return this.#inputs
  }

  /** Oldest first. */
  get turns(): readonly Turn[] {
    return this.#turns
  }

  /** For whoever makes the change, between runs of an island. */
  turn(lab: Lab, change: TurnChange): void {
    const machines = [...lab.machines].map(([node, { now }]) => [node, { now, log: this.#logs.get(node)?.size ?? 0 }] as const)
    this.#turns.push({ change, fabric: lab.fabric.now, machines: Object.fromEntries(machines) })
  }

  #hear(lab: Lab, island: MachineIsland): void {
    const log = new MachineLog()
    this.#logs.set(island.name, log)
    const add = (...[act]: Parameters<MachineLog['add']>): void => {
      const before = log.size
      log.add(act)
      this.#grow(log.size - before, act.time)
    }
    const taps = lab.taps.filter(({ place }) => place.node === island.name)
    for (const [nic, tap] of taps.entries()) {
      this.#stops.push(tap.hear((direction, time, frame) => direction === 'out' && add({ kind: 'frame', time, nic, frame })))
    }
    this.#stops.push(
      island.transcript.listen((bytes, time) => add({ kind: 'console', time, bytes })),
      island.hearSerial((act, time) => add({ time, ...act })),
      island.hearEnd((ending, time) => add({ kind: 'end', time, ...ending })),
      lab.journal.hear(({ source, event, time, message }) => event === 'guest.odd' && source === island.name && add({ kind: 'odd', time, sentence: message })),
    )
  }

  #keep(input: OutsideInput, bytes: number): void {
    this.#inputs.push(input)
    this.#grow(bytes + eventBytes, input.time)
  }

  #grow(bytes: number, time: Instant): void {
    this.#size += bytes
    if (this.#size <= this.#limit) return
    this.#lost = time
    for (const stop of this.#stops.splice(0)) stop()
    this.#logs.clear()
    this.#inputs = []
    this.#size = 0
  }
}

/** All chance of the lab is drawn from another seed from now on; where it is `savable`, and a snapshot knows of it. */
export function reseed(lab: Lab, seed: string): void {
  lab.history?.turn(lab, { seed })
  lab.random.reseed(seed)
  lab.crew?.reseed(seed)
}

/** Its bytes are its own. */
export function copyEvent(event: OutsideEvent): OutsideEvent {
  return 'bytes' in event ? { ...event, bytes: event.bytes.slice() } : event
}
