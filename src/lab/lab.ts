/** A lab that is put together: runs, is listened to, typed at, captured and judged. */
import type { Duration, Instant } from '../base/time.ts'
import { utf8 } from '../base/bytes.ts'
import type { Log } from '../base/log.ts'
import type { SeededRandom } from '../base/random.ts'
import type { Frame } from '../link/port.ts'
import { line } from '../wire/dissect.ts'
import { Doctor } from './explain/doctor.ts'
import { FlightRecorder } from './flight-recorder.ts'
import type { Hit } from './faults/fault-plan.ts'
import { controlLink, type LinkChange, type LinkEntry } from './faults/link-control.ts'
import type { Hub } from '../link/hub.ts'
import { Recorder } from '../link/recorder.ts'
import type { Switch } from '../link/switch.ts'
import type { Nat } from '../nat/nat.ts'
import type { Host } from '../stack/host.ts'
import type { ServicePoint } from '../stack/service.ts'
import type { Volume } from '../stack/volume.ts'
import { Door } from './door.ts'
import type { Fabric } from './fabric.ts'
import type { Holds } from './holds.ts'
import { Islands, stride } from './islands.ts'
import { GuestLink } from './magic/guest-link.ts'
import type { Journal } from './journal.ts'
import type { MachineIsland } from './machine-island.ts'
import { proberName } from './resolve-reach.ts'
import { RunHash } from './run-hash.ts'
import type { SerialAct } from './serial/null-modem.ts'
import { lineName } from './serial/serial-plan.ts'
import type { History } from './snapshot/history.ts'
import { Starter } from './starter.ts'
import type { HearFrame, Tap } from './tap.ts'
import type { Crew } from './threads/crew.ts'
import type { Topology } from './topology.ts'
import type { Uplink } from './uplink.ts'
import { Verdicts } from './verdicts.ts'

/** What `buildLab` puts together. */
export interface LabPieces {
  readonly topology: Topology
  readonly fabric: Fabric
  readonly journal: Journal
  /** By name, in the order of the file. */
  readonly machines: ReadonlyMap<string, MachineIsland>
  readonly backends: ReadonlyMap<string, Switch | Hub>
  /** By `network.kind`. */
  readonly services: ReadonlyMap<string, ServicePoint>
  readonly hosts: ReadonlyMap<string, Host>
  readonly taps: readonly Tap[]
  /** By name. */
  readonly uplinks: ReadonlyMap<string, Uplink>
  /** By network. */
  readonly nats: ReadonlyMap<string, Nat>
  readonly holds: Holds
  /** All the lab's chance comes from it. */
  readonly random: SeededRandom
  /** What guests share; closed with the lab. */
  readonly volumes: readonly Volume[]
  /** Of the shortest cable between two islands. */
  readonly lookAhead: Duration
  /** Who runs machines in other threads. */
  readonly crew?: Crew | undefined
}

/** `off`: every machine is. `idle`: nothing can happen any more. `tests`: all are decided. */
export type EndReason = 'off' | 'until' | 'idle' | 'tests' | 'stopped'

export interface LabEnd {
  readonly reason: EndReason
  readonly time: Instant
}

/** `paused`: what comes next lies beyond the limit. `waiting`: nothing happens until something comes in from outside. */
export type LabState = { readonly kind: 'running' } | { readonly kind: 'paused'; readonly next: Instant } | { readonly kind: 'waiting' } | { readonly kind: 'ended'; readonly end: LabEnd }

/** Hits remembered of a run. */
const mostHits = 100_000
/** So often recorders are told what can't be preceded any more, in runs of an island. */
const settleEvery = 256

export class Lab implements LabPieces {
  readonly topology: Topology
  readonly fabric: Fabric
  readonly journal: Journal
  readonly machines: ReadonlyMap<string, MachineIsland>
  readonly backends: LabPieces['backends']
  readonly services: LabPieces['services']
  readonly hosts: LabPieces['hosts']
  readonly taps: readonly Tap[]
  readonly uplinks: ReadonlyMap<string, Uplink>
  readonly nats: ReadonlyMap<string, Nat>
  readonly lookAhead: Duration
  readonly crew: Crew | undefined
  readonly holds: Holds
  readonly random: SeededRandom
  readonly volumes: readonly Volume[]
  readonly door: Door
  readonly verdicts: Verdicts
  /** Copies and commands in guests. */
  readonly guests: GuestLink
  /** Always on. */
  readonly recorder: FlightRecorder
  readonly doctor: Doctor
  /** End when every test of the file is decided. */
  endWithTests = false
  /** What it takes to save this lab; undefined: it can't be. Set before it runs. */
  history: History | undefined
  /** Called once when the lab is closed: what the host has open for it. */
  readonly closers: (() => void)[] = []
  readonly #islands: Islands
  readonly #starter: Starter
  readonly #hash = new RunHash()
  readonly #recorders = new Set<Recorder>()
  /** What faults did, in the order of its happening at each port; the first so many. */
  readonly hits: (Hit & { readonly time: Instant })[] = []
  /** Every change that was made live, oldest first. */
  readonly links: LinkEntry[] = []
  /** The faults' voice speaks with the time of the port they are at. */
  readonly #faultLog: { at: Instant; readonly log: Log }
  #steps = 0
  #endedAt: Instant | undefined

  constructor(pieces: LabPieces) {
    this.topology = pieces.topology
    this.fabric = pieces.fabric
    this.journal = pieces.journal
    this.machines = pieces.machines
    this.backends = pieces.backends
    this.services = pieces.services
    this.hosts = pieces.hosts
    this.taps = pieces.taps
    this.uplinks = pieces.uplinks
    this.nats = pieces.nats
    this.lookAhead = pieces.lookAhead
    this.crew = pieces.crew
    this.holds = pieces.holds
    this.random = pieces.random
    this.volumes = pieces.volumes
    const machines = [...this.machines.values()]
    const { crew } = this
    this.#islands = new Islands([this.fabric, ...machines], this.lookAhead, crew && { islands: machines, distance: crew.distance, go: () => crew.go(), wait: () => crew.wait() })
    this.door = new Door(this.#islands)
    for (const uplink of this.uplinks.values()) this.door.join(uplink)
    for (const nat of this.nats.values()) this.door.joinNat(nat)
    for (const [node, { machine }] of this.machines) if (machine.magic !== undefined) this.door.joinAgent(node, machine.magic.agent)
    this.guests = new GuestLink(this.door, this.machines)
    for (const [node, { machine, serials }] of this.machines) {
      for (const [port, line] of (serials.length > 0 ? serials : [machine.console]).entries()) this.door.open(lineName({ node, port }), machine.timeline, line, () => machine.state === 'running')
    }
    this.verdicts = new Verdicts(this.topology.tests, {
      transcript: (node) => (this.machines.get(node) as MachineIsland).transcript,
      machine: (node) => (this.machines.get(node) as MachineIsland).machine,
      leases: (node) => this.leases(node),
      taps: (node) => this.taps.filter((tap) => tap.place.node === node),
      tap: (port) => this.taps.find((tap) => tap.place.name === port),
      macs: (node) => this.macs(node),
      journal: this.journal,
      speak: (node, time, bytes) => this.door.speak(node, time, bytes),
      prober: (network) => this.hosts.get(proberName(network)) as Host,
      scheduler: this.fabric.timeline,
    })
    // Two runs with the outside in them are never the same, and a byte by byte hash of super-frames would cost more than all the rest.
    if (this.uplinks.size === 0) for (const tap of this.taps) tap.hear((direction, time, { bytes }) => this.#hash.lane(`${tap.place.name} ${direction}`).add(time, bytes))
    const clock = { at: 0 as Instant, get now(): Instant { return this.at } }
    this.#faultLog = Object.assign(clock, { log: this.journal.log('faults', clock) })
    this.recorder = new FlightRecorder(this.taps, [...this.machines.values()].map(({ transcript }) => transcript))
    this.doctor = new Doctor(this)
    this.#starter = new Starter(this.machines, this.lookAhead, (arrival) => this.sent(arrival))
  }

  /** As far as the foremost island has come. */
  get now(): Instant {
    return this.#islands.now
  }

  /** When anything happens next. */
  get next(): Instant | undefined {
    return this.#islands.next
  }

  /** Retired instructions of all machines. */
  get retired(): number {
    let sum = 0
    for (const { machine } of this.machines.values()) sum += machine.core.retired
    return sum
  }

  /** Equal for two runs that were the same in every frame, console byte, instant and instruction count. */
  get digest(): string {
    return this.#hash.digest([...this.machines].map(([node, { machine }]) => [`${node} retired`, machine.core.retired]))
  }

  /** The digest of each source: a port's direction, a console, a node's power. */
  get lanes(): Readonly<Record<string, string>> {
    return this.#hash.lanes
  }

  /** Runs up to and including `limit`, as long as `more` says so; it is asked after every run of an island. */
  run(limit: Instant, more: () => boolean): LabState {
    const until = (this.topology.sim.until ?? Number.MAX_SAFE_INTEGER) as Instant
    do {
      const over = this.#over()
      if (this.holds.any) return { kind: 'running' }
      if (over !== undefined) {
        if (!this.#islands.step(Math.min(this.#lastInstant(over), until) as Instant)) return this.#end(over)
        continue
      }
      if (this.#islands.step(Math.min(limit, until) as Instant)) this.#stepped()
      else {
        this.#settle()
        const { next } = this.#islands
        if (next === undefined) return { kind: 'waiting' }
        return next > until ? this.#end('until') : { kind: 'paused', next }
      }
    } while (more())
    this.#settle()
    return { kind: 'running' }
  }

  /**
   * One step of a lab that is brought back (snapshot/restore.ts): nothing ends it, and tests are told of no later instant than `mark`.
   * @returns false when there was nothing to do.
   */
  restep(mark: Instant): boolean {
    if (!this.#islands.step(Number.MAX_SAFE_INTEGER as Instant)) return false
    const { next } = this.#islands
    if (!this.verdicts.decided) this.verdicts.passed(next === undefined || next > mark ? mark : next)
    return true
  }

  /** Closes what is open: services stop answering, recorders are written out, undecided tests have failed. */
  close(why: string): void {
    this.verdicts.close(this.#endedAt ?? this.now, why)
    for (const service of this.services.values()) service.close()
    for (const volume of this.volumes) volume.close()
    this.crew?.close()
    for (const close of this.closers.splice(0)) close()
    for (const recorder of this.#recorders) recorder.close()
    this.#recorders.clear()
  }

  /** Records what passes the ports that `which` names. @returns how to stop, which writes out the rest. */
  record(which: (tap: Tap) => boolean, directions: 'both' | 'out', append: (bytes: Uint8Array) => void): () => void {
    const recorder = new Recorder({ append })
    const stops = this.taps.filter(which).map((tap) => {
      const number = recorder.interface(tap.place.name, tap.medium)
      const hear: HearFrame = (direction, time, frame, comment) => {
        if (directions === 'both' || direction === 'out') recorder.record(number, time, direction, frame, comment === '' ? undefined : comment)
      }
      const stops = [tap.hear(hear), tap.hearLost(hear)]
      return () => stops.forEach((stop) => stop())
    })
    this.#recorders.add(recorder)
    return () => {
      for (const stop of stops) stop()
      if (this.#recorders.delete(recorder)) recorder.close()
    }
  }

  /** Addresses bound to a node by any DHCP service, as its tables say. */
  leases(node: string): readonly string[] {
    const macs = this.macs(node)
    return [...this.services.values()].flatMap((service) => {
      const rows = service.inspect?.()['leases'] ?? []
      return rows.filter((row) => row['status'] === 'bound' && macs.includes(String(row['mac']))).map((row) => String(row['address']))
    })
  }

  /** MACs of a node's interfaces. */
  macs(node: string): readonly string[] {
    const { machines, hosts } = this.topology
    return [...machines, ...hosts].find((one) => one.name === node)?.nics.map((nic) => nic.mac) ?? []
  }

  /** Changes what befalls a link, now. @throws {ConfigError} when nothing is called so. */
  setLink(where: string, change: LinkChange): void {
    this.replayLink({ time: this.door.now, where, change })
  }

  /** The same at a stated instant, for a run that is played back. */
  replayLink(entry: LinkEntry): void {
    controlLink(this.taps, entry)
    this.history?.turn(this, { link: entry })
    this.links.push(entry)
  }

  /** For the builder: a node has printed. */
  said(node: string, bytes: Uint8Array, time: Instant): void {
    this.#hash.lane(`${node} console`).add(time, bytes)
    this.#starter.said(node, bytes, time)
  }

  /** For the builder: a node was switched on or off. */
  powered(node: string, state: 'running' | 'off', time: Instant): void {
    this.#hash.lane(`${node} power`).add(time, utf8(state))
    this.#starter.powered(node, state, time)
    if (state === 'running') for (const port of this.machines.get(node)?.transcripts.keys() ?? []) this.door.wake(lineName({ node, port }))
  }

  /** For the builder: a serial port has sent, or changed its modem lines. */
  serial(node: string, act: SerialAct, time: Instant): void {
    const source = `${node} serial${act.port}`
    if (act.kind === 'outputs') this.#hash.lane(`${source} outputs`).add(time, Uint8Array.of(act.outputs))
    else if (act.port > 0) this.#hash.lane(source).add(time, act.bytes)
  }

  /** For the builder: a fault has befallen a packet. */
  hit(hit: Hit, time: Instant, { bytes }: Frame, what: string): void {
    if (this.hits.length < mostHits) this.hits.push({ ...hit, time })
    this.doctor.hit(hit.port.split(':')[0], time, hit, bytes, what)
    const { port, way, fault, effect } = hit
    this.#faultLog.at = time
    this.#faultLog.log.debug(`fault.${effect}`, `${port} ${way}: ${line(bytes)}: ${what}`, { fault, port, way })
  }

  /** For the builder: the running island has sent a frame. */
  sent(arrival: Instant): void {
    this.#islands.sent(arrival)
  }

  #stepped(): void {
    const { next } = this.#islands
    if (next !== undefined && !this.verdicts.decided) this.verdicts.passed(next)
    if (++this.#steps % settleEvery === 0) this.#settle()
  }

  #settle(): void {
    if (this.#recorders.size === 0) return
    const horizon = this.#islands.next ?? ((this.now + 1) as Instant)
    for (const recorder of this.#recorders) recorder.settle(horizon)
  }

  #over(): EndReason | undefined {
    if (this.endWithTests && this.verdicts.decided) return 'tests'
    let off = 0
    for (const { state } of this.machines.values()) if (state === 'off') off++
    return off > 0 && off === this.machines.size ? 'off' : undefined
  }

  /**
   * When everything stands still that an end leaves going. How far each island had come when the end was seen depends on how the run was cut into pieces; none
   * had come farther than this.
   */
  #lastInstant(reason: EndReason): Instant {
    let last = reason === 'off' ? this.#lastOff() : 0
    if (reason === 'tests') for (const { time } of this.verdicts.all) if (time !== undefined && time > last) last = time
    return (last + stride) as Instant
  }

  #lastOff(): Instant {
    let last = 0 as Instant
    for (const { endedAt } of this.machines.values()) if (endedAt !== undefined && endedAt > last) last = endedAt
    return last
  }

  #end(reason: EndReason): LabState {
    const time = reason === 'until' ? (this.topology.sim.until as number as Instant) : reason === 'off' ? this.#lastOff() : reason === 'tests' ? this.#lastInstant(reason) : this.now
    this.#endedAt = time
    return { kind: 'ended', end: { reason, time } }
  }
}
