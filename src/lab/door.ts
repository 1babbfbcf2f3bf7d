/**
 * The one door by which anything from outside enters a lab (house.md, law 6). What enters is stamped with the virtual instant at which
 * the guest can first see it, and recorded; played back with those stamps, a run is the same run.
 */
import type { Chardev } from '../board/bus.ts'
import type { Message } from '../board/magic/message.ts'
import type { Frame } from '../link/port.ts'
import type { Nat } from '../nat/nat.ts'
import type { OutsideEvent } from '../nat/outside.ts'
import type { Uplink } from './uplink.ts'
import { concat } from '../base/bytes.ts'
import type { Stateful } from '../base/state.ts'
import { type Alarm, between, type Clock, type Duration, type Instant, type Scheduler } from '../base/time.ts'

/** Something that came in. `time` is on the lab's clock. */
export interface Entry {
  readonly time: Instant
  /** A console by its node, another serial port as `node1:serial1`. */
  readonly node: string
  readonly bytes: Uint8Array
  /** Instead of bytes: modem lines and whether the guest may send (`modemInputs`), or `breakSignal`. */
  readonly signal?: number
}

/** A break on a serial line. */
export const breakSignal = 0x200

/** A frame that came in by an uplink. Its bytes are the lab's: who wants to keep them copies them. */
export interface FrameEntry {
  readonly time: Instant
  readonly uplink: string
  readonly frame: Frame
}

/** Something that happened outside to a flow of a network's NAT. Its bytes are the lab's. */
export interface OutsideEntry {
  readonly time: Instant
  /** The network. */
  readonly nat: string
  readonly event: OutsideEvent
}

/** What was typed at one console and has not reached its guest. */
export type LineState = { readonly waiting: readonly { readonly time: number; readonly bytes: Uint8Array; readonly signal?: number }[]; readonly due: number | undefined }

/** What was typed so far, and what of it still waits, by node. */
export type DoorState = { readonly entries: readonly { readonly time: number; readonly node: string; readonly bytes: Uint8Array; readonly signal?: number }[]; readonly lines: { readonly [node: string]: LineState } }

/** How long to wait until the guest has taken what its serial line holds: ten characters at 115,200 baud. */
const retry = 868_000 as Duration
/** What may wait for one guest; a paste beyond it is cut, as a real line would cut it. */
const longestQueue = 1 << 20

/** Something for the agent in a guest. Its bytes are the lab's. */
export interface MessageEntry {
  readonly time: Instant
  readonly node: string
  readonly message: Message
}

/** What takes messages for a guest. @returns false when too much waits already. */
export interface MessageSink {
  enter(time: Instant, message: Message): boolean
}

export class Door implements Stateful<DoorState> {
  #clock: Clock
  readonly #lines = new Map<string, Line>()
  readonly #uplinks = new Map<string, Uplink>()
  readonly #nats = new Map<string, Nat>()
  readonly #hearers = new Set<(entry: FrameEntry) => void>()
  readonly #agents = new Map<string, MessageSink>()
  readonly #messageHearers = new Set<(entry: MessageEntry) => void>()
  readonly #outsideHearers = new Set<(entry: OutsideEntry) => void>()
  /** Everything that was typed, oldest first. Frames are too many to be kept: they are told to who records (`hear`). */
  readonly entries: Entry[] = []

  /** @param clock no island is ahead of it. */
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A guest's serial line, on the scheduler of its machine. @param running whether the machine is on; until it is, what is typed waits. */
  open(node: string, scheduler: Scheduler, chardev: LineEnd, running: () => boolean): void {
    this.#lines.set(node, new Line(node, scheduler, chardev, running))
  }

  /** The machine has been switched on. */
  wake(node: string): void {
    this.#lines.get(node)?.wake()
  }

  /** A way in for frames. */
  join(uplink: Uplink): void {
    this.#uplinks.set(uplink.name, uplink)
  }

  /** A way in for what happens to flows of a NAT. */
  joinNat(nat: Nat): void {
    this.#nats.set(nat.name, nat)
  }

  /** A way in for what the agent of a guest is asked. */
  joinAgent(node: string, agent: MessageSink): void {
    this.#agents.set(node, agent)
  }

  /** From now on entries are stamped by `clock`: in real time the lab's own stands still while nothing happens in it. It is never behind an island. */
  stampBy(clock: Clock): void {
    this.#clock = clock
  }

  /** The instant of what comes in now. */
  get now(): Instant {
    return this.#clock.now
  }

  /** A frame from outside, now. The bytes are the lab's from then on. @returns whether it was taken. */
  frame(uplink: string, frame: Frame): boolean {
    return this.replayFrame({ time: this.#clock.now, uplink, frame })
  }

  /** The same at a stated instant, for a run that is played back. */
  replayFrame(entry: FrameEntry): boolean {
    const taken = this.#uplinks.get(entry.uplink)?.enter(entry.time, entry.frame) ?? false
    if (taken) for (const hearer of this.#hearers) hearer(entry)
    return taken
  }

  /** Tells of every frame that enters. @returns how to stop. */
  hear(hearer: (entry: FrameEntry) => void): () => void {
    this.#hearers.add(hearer)
    return () => void this.#hearers.delete(hearer)
  }

  /** Something happened outside, now. @returns whether it was taken. */
  outside(nat: string, event: OutsideEvent): boolean {
    return this.replayOutside({ time: this.#clock.now, nat, event })
  }

  /** The same at a stated instant, for a run that is played back. */
  replayOutside(entry: OutsideEntry): boolean {
    const taken = this.#nats.get(entry.nat)?.enter(entry.time, entry.event) ?? false
    if (taken) for (const hearer of this.#outsideHearers) hearer(entry)
    return taken
  }

  /** Tells of everything that happens outside. @returns how to stop. */
  hearOutside(hearer: (entry: OutsideEntry) => void): () => void {
    this.#outsideHearers.add(hearer)
    return () => void this.#outsideHearers.delete(hearer)
  }

  /** For a guest's agent, now. @returns whether it was taken. */
  tell(node: string, message: Message): boolean {
    return this.replayMessage({ time: this.#clock.now, node, message })
  }

  /** The same at a stated instant, for a run that is played back. */
  replayMessage(entry: MessageEntry): boolean {
    const taken = this.#agents.get(entry.node)?.enter(entry.time, entry.message) ?? false
    if (taken) for (const hearer of this.#messageHearers) hearer(entry)
    return taken
  }

  /** Tells of everything that agents are told. @returns how to stop. */
  hearMessages(hearer: (entry: MessageEntry) => void): () => void {
    this.#messageHearers.add(hearer)
    return () => void this.#messageHearers.delete(hearer)
  }

  /** Bytes typed at `node` now. @returns how many were taken. */
  type(node: string, bytes: Uint8Array): number {
    return this.replay({ time: this.#clock.now, node, bytes })
  }

  /** Modem lines, or a break, of a serial port's other end. */
  signal(node: string, signal: number): void {
    this.replay({ time: this.#clock.now, node, bytes: new Uint8Array(0), signal })
  }

  /** Bytes that have not reached the guest yet. */
  waiting(node: string): number {
    return this.#lines.get(node)?.waiting ?? 0
  }

  /** Typed by the lab file itself, in answer to what `node` just said: a replay types it again, so it is not recorded. */
  speak(node: string, time: Instant, bytes: Uint8Array): void {
    this.#lines.get(node)?.take(time, bytes)
  }

  /** The same at a stated instant, for a run that is played back; nothing may have passed it yet. */
  replay(entry: Entry): number {
    const line = this.#lines.get(entry.node)
    if (line === undefined) return 0
    const taken = line.take(entry.time, entry.bytes, entry.signal)
    if (taken > 0 || entry.signal !== undefined) this.entries.push({ ...entry, bytes: entry.bytes.slice(0, taken) })
    return taken
  }

  /** What came by uplinks and NATs is not in it: they keep it themselves. */
  save(): DoorState {
    const entries = this.entries.map((entry) => ({ ...entry, bytes: entry.bytes.slice() }))
    return { entries, lines: Object.fromEntries([...this.#lines].map(([node, line]) => [node, line.save()])) }
  }

  /** The machines' clocks must stand where they stood. */
  load(state: DoorState): void {
    this.entries.splice(0, this.entries.length, ...state.entries.map((entry) => ({ ...entry, time: entry.time as Instant, bytes: entry.bytes.slice() })))
    for (const [node, line] of this.#lines) line.load(state.lines[node])
  }
}

/** What a line leads to; a plain one knows no modem lines. */
type LineEnd = Chardev & { drive?(inputs: number): void; break?(): void }

interface Arrival {
  readonly time: Instant
  readonly bytes: Uint8Array
  readonly signal?: number
}

class Line implements Stateful<LineState> {
  readonly #scheduler: Scheduler
  readonly #chardev: LineEnd
  readonly #running: () => boolean
  readonly #alarm: Alarm
  #waiting: Arrival[] = []
  #length = 0

  constructor(node: string, scheduler: Scheduler, chardev: LineEnd, running: () => boolean) {
    this.#scheduler = scheduler
    this.#chardev = chardev
    this.#running = running
    this.#alarm = scheduler.alarm(`door ${node}`, () => this.#feed())
  }

  get waiting(): number {
    return this.#length
  }

  take(time: Instant, bytes: Uint8Array, signal?: number): number {
    const taken = bytes.slice(0, longestQueue - this.#length)
    if (taken.length === 0 && signal === undefined) return 0
    this.#waiting.push({ time, bytes: taken, ...(signal === undefined ? {} : { signal }) })
    this.#length += taken.length
    if (this.#alarm.due === undefined) this.#alarm.arm(between(this.#scheduler.now, time))
    return taken.length
  }

  wake(): void {
    if (this.#waiting.length > 0 && this.#alarm.due === undefined) this.#alarm.arm(between(this.#scheduler.now, this.#waiting[0].time))
  }

  save(): LineState {
    return { waiting: this.#waiting.map((one) => ({ ...one, bytes: one.bytes.slice() })), due: this.#alarm.due }
  }

  load({ waiting, due }: LineState): void {
    this.#waiting = waiting.map((one) => ({ ...one, time: one.time as Instant, bytes: one.bytes.slice() }))
    this.#length = waiting.reduce((sum, { bytes }) => sum + bytes.length, 0)
    if (due === undefined) this.#alarm.disarm()
    else this.#alarm.arm(between(this.#scheduler.now, due as Instant))
  }

  #feed(): void {
    if (!this.#running()) return
    const due = this.#waiting.filter((one) => one.time <= this.#scheduler.now)
    const later = this.#waiting.slice(due.length)
    const rest = this.#deliver(due)
    this.#waiting = [...rest, ...later]
    if (rest.length > 0) this.#alarm.arm(retry)
    else if (later.length > 0) this.#alarm.arm(between(this.#scheduler.now, later[0].time))
  }

  /** In order, as far as there is room; what holds the guest's own output overtakes what waits. @returns what is left. */
  #deliver(due: readonly Arrival[]): Arrival[] {
    const rest: Arrival[] = []
    for (let at = 0; at < due.length; ) {
      const { signal } = due[at]
      if (signal !== undefined) {
        at++
        if (signal !== breakSignal) this.#chardev.drive?.(signal)
        else if (rest.length > 0) rest.push(due[at - 1])
        else this.#chardev.break?.()
        continue
      }
      let end = at
      while (end < due.length && due[end].signal === undefined) end++
      const bytes = concat(...due.slice(at, end).map((one) => one.bytes))
      const room = rest.length > 0 ? 0 : Math.min(this.#chardev.room, bytes.length)
      if (room > 0) this.#chardev.write(bytes.subarray(0, room))
      this.#length -= room
      if (room < bytes.length) rest.push({ time: this.#scheduler.now, bytes: bytes.slice(room) })
      at = end
    }
    return rest
  }
}
