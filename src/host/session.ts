/** A lab while it runs on this computer: driven, reachable from other terminals, its consoles and captures open; and all of it closed again. */
import type { Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { ConfigError } from '../base/errors.ts'
import { linkRows } from '../lab/faults/link-control.ts'
import { chooseCapture } from '../lab/capture-filter.ts'
import { nodes, serviceTables, tables } from '../lab/inspect.ts'
import type { Lab, LabEnd } from '../lab/lab.ts'
import type { MachineIsland } from '../lab/machine-island.ts'
import { suggestion } from '../lab/suggest.ts'
import type { ForwardPlan } from '../lab/topology.ts'
import { CaptureFile } from './capture-file.ts'
import { attach, ConsoleEnd } from './console-end.ts'
import type { ControlRequest, LabRow } from './control-protocol.ts'
import { type ControlReply, ControlServer } from './control-server.ts'
import { followJournal, followTranscript } from './follow.ts'
import { type DebugDoor, DebugDoors } from './debug/debug-doors.ts'
import { Driver } from './driver.ts'
import { serveGuest } from './guest-server.ts'
import type { ReadLab } from './open-lab.ts'
import { Reactor } from './reactor.ts'
import { RunKeeper } from './run-keeper.ts'
import { SnapshotTaker } from './snapshots/snapshot-taker.ts'
import { SerialEnds } from './serial/serial-ends.ts'
import { enlist, strikeOff } from './runtime-folder.ts'
import { Nats } from './nat/nats.ts'
import { FramePool } from './uplinks/frame-pool.ts'
import { Uplinks } from './uplinks/uplinks.ts'

export interface SessionOptions {
  /** A pcapng file for every port; overrides the lab file's `sim.capture`. Relative to the current folder. */
  readonly capture?: string | undefined
  /** A folder that takes the whole run. */
  readonly keep?: string | undefined
  /** Machines that wait for a debugger in front of their first instruction. */
  readonly gdb?: readonly DebugDoor[] | undefined
  /** A folder that takes one console log per node. */
  readonly logs?: string | undefined
  /** Somebody sits at this terminal. */
  readonly attended: boolean
  /** Reachable by `ps`, `console` … from other terminals. */
  readonly reachable: boolean
}

/** Whoever reads a live capture slower than it grows is let go when so much waits for him, in bytes. */
const mostWaiting = 64 << 20

export class Session {
  readonly lab: Lab
  readonly driver: Driver
  readonly snapshots: SnapshotTaker
  readonly #read: ReadLab
  readonly #options: SessionOptions
  readonly #control: ControlServer
  readonly #consoles: ConsoleEnd[] = []
  readonly #closers: (() => void)[] = []
  readonly #doors: DebugDoors
  #visitors = 0
  #nats: Nats | undefined
  #reactor: Reactor | undefined
  readonly #frames = new FramePool()
  #keeper: RunKeeper | undefined
  #end: LabEnd | undefined

  constructor(lab: Lab, read: ReadLab, options: SessionOptions) {
    this.lab = lab
    this.#read = read
    this.#options = options
    this.driver = new Driver(lab, { clock: lab.topology.sim.clock, attended: options.attended })
    this.snapshots = new SnapshotTaker(lab, this.driver)
    this.#doors = new DebugDoors(lab, this.driver, options.keep === undefined ? undefined : 'the run is kept, and what a debugger changes is in no record')
    this.#control = new ControlServer((request) => this.#answer(request))
  }

  /** Opens sockets and files. @returns where debuggers come in. @throws {HostError} what the host refuses; everything opened before is closed again. */
  async open(): Promise<readonly DebugDoor[]> {
    try {
      if (this.#options.reachable) await this.#reach()
      for (const [node, island] of this.lab.machines) await this.#console(node, island)
      await this.#serials()
      this.#capture()
      if (this.#options.keep !== undefined) this.#keeper = new RunKeeper(this.lab, this.#options.keep, this.#read.source.file)
      if (this.lab.uplinks.size + this.lab.nats.size > 0) this.#react()
      if (this.lab.uplinks.size > 0) await this.#uplinks()
      if (this.lab.nats.size > 0) await this.#leadOut()
      this.#closers.push(() => this.#doors.close())
      const doors: DebugDoor[] = []
      for (const door of this.#options.gdb ?? []) doors.push(await this.#doors.open(door, true))
      return doors
    } catch (error) {
      this.close('it was not started')
      throw error
    }
  }

  /** @throws whatever the lab throws: a fault of ours. */
  async run(): Promise<LabEnd> {
    this.#end = await this.driver.run()
    return this.#end
  }

  /** Closes everything; may be called at any moment, and twice. @param why said of tests that are still open. */
  close(why: string): void {
    this.lab.close(why)
    this.#keeper?.close(this.#end ?? { reason: 'failed', time: this.lab.now })
    for (const console of this.#consoles.splice(0)) console.close()
    for (const close of this.#closers.splice(0).reverse()) close()
  }

  async #reach(): Promise<void> {
    const { name } = this.lab.topology
    await this.#control.open(name)
    this.#closers.push(() => {
      this.#control.close()
      strikeOff(name)
    })
    enlist({ name, file: resolve(this.#read.source.file), pid: process.pid, started: new Date().toISOString() })
  }

  async #console(node: string, { plan, transcript }: MachineIsland): Promise<void> {
    const end = new ConsoleEnd(transcript, (bytes) => this.driver.type(node, bytes))
    this.#consoles.push(end)
    await end.open(plan.console, (name) => resolve(this.#read.source.folder, name))
    const { logs } = this.#options
    if (logs !== undefined) await end.open({ tcp: undefined, unix: undefined, log: join(logs, `${node}.log`) }, (name) => name)
  }

  async #serials(): Promise<void> {
    const ends = new SerialEnds(this.lab, this.driver, (name) => resolve(this.#read.source.folder, name), (sentence) => this.lab.journal.log('serial', this.lab).info('serial.end', sentence))
    this.#closers.push(() => ends.close())
    await ends.open()
    // Whoever comes to a line finds the lab as it is; a lab with tests has their time.
    if (!ends.any || this.lab.endWithTests) return
    this.#visitors++
    this.driver.attend(true)
  }

  #react(): void {
    const reactor = Reactor.open(() => this.driver.nudge())
    if (reactor === undefined) return
    this.#closers.push(() => reactor.close())
    this.#reactor = reactor
    this.driver.inlet = reactor
  }

  async #uplinks(): Promise<void> {
    const uplinks = new Uplinks(this.lab, (name) => resolve(this.#read.source.folder, name), () => this.driver.nudge(), this.#frames, this.#reactor)
    this.#closers.push(() => uplinks.close())
    await uplinks.open()
    // Without a reactor devices have a thread, whose rings are looked at instead; with one they have none.
    this.driver.inlet ??= uplinks
  }

  async #leadOut(): Promise<void> {
    const nats = new Nats(this.lab, (name) => resolve(this.#read.source.folder, name), () => this.driver.nudge(), this.#frames, this.#reactor)
    this.#closers.push(() => nats.close())
    this.#nats = nats
    await nats.open()
  }

  #capture(): void {
    const { sim } = this.lab.topology
    const path = this.#options.capture ?? (sim.capture === undefined ? undefined : resolve(this.#read.source.folder, sim.capture))
    if (path === undefined) return
    const file = new CaptureFile(path)
    const stop = this.lab.record(() => true, 'both', (bytes) => file.append(bytes))
    this.#closers.push(() => {
      stop()
      file.close()
    })
  }

  #answer(request: ControlRequest): ControlReply | Promise<ControlReply> {
    switch (request.do) {
      case 'ps':
        return { value: this.#row() }
      case 'down':
        this.driver.stop()
        return { value: null }
      case 'inspect':
        return { value: this.#inspect(request.what) }
      case 'logs':
        return this.#logs(request.node, request.follow === true)
      case 'console':
        return this.#visit(request.node)
      case 'capture':
        return this.#liveCapture(request.what)
      case 'save':
        return this.snapshots.now(request.file).then((value) => ({ value }))
      case 'explain':
        return { value: [...this.lab.machines.keys()].map((node) => this.lab.doctor.explain(node)) }
      case 'links':
        return { value: linkRows(this.lab.taps, request.where) }
      case 'link':
        this.lab.setLink(request.where, request.change)
        return { value: null }
      case 'guest':
        return serveGuest(this.lab, request, () => this.driver.stir())
      case 'gdb':
        return this.#doors.open(request.door).then((value) => ({ value }))
      case 'forwards':
        return { value: this.#nats?.rows ?? [] }
      case 'forward':
        return this.#forward(request.node, request.plan)
      case 'unforward':
        return { value: this.#leading().remove(request.plan) }
      default:
        throw new ConfigError(`the lab does not know what to do with ${JSON.stringify((request as { do?: unknown }).do)}`, undefined, 'is it run by another version of netloom?')
    }
  }

  async #forward(node: string, plan: ForwardPlan): Promise<ControlReply> {
    return { value: await this.#leading().add(node, plan) }
  }

  #leading(): Nats {
    if (this.#nats === undefined) throw new ConfigError('no network of this lab has NAT, so no port leads in', undefined, 'networks.NAME: nat: true')
    return this.#nats
  }

  #row(): LabRow {
    const { name } = this.lab.topology
    return { name, file: resolve(this.#read.source.file), pid: process.pid, time: this.lab.now / 1e9, nodes: nodes(this.lab) }
  }

  #inspect(what: string): unknown {
    const table = tables[what]?.(this.lab) ?? serviceTables(this.lab)[what]
    if (table !== undefined) return table
    const words = [...Object.keys(tables), ...Object.keys(serviceTables(this.lab))]
    throw new ConfigError(`there is no table "${what}"`, undefined, suggestion(what, words))
  }

  #logs(node: string | undefined, follow: boolean): ControlReply {
    const transcript = node === undefined ? undefined : this.#machine(node).transcript
    const value = transcript === undefined ? this.lab.journal.entries : transcript.text
    if (!follow) return { value }
    return { value, stream: (socket) => void this.#closers.push(transcript === undefined ? followJournal(this.lab.journal, socket) : followTranscript(transcript, socket)) }
  }

  #visit(node: string): ControlReply {
    const { transcript } = this.#machine(node)
    const stream = (socket: Socket, rest: Uint8Array): void => {
      this.#visitors++
      this.driver.attend(true)
      attach(socket, transcript, (bytes) => this.driver.type(node, bytes), rest)
      socket.on('close', () => this.driver.attend(--this.#visitors > 0 || this.#options.attended))
    }
    return { value: { node }, stream }
  }

  #liveCapture(what: string | undefined): ControlReply {
    const { which, directions } = chooseCapture(what, this.lab.taps, [...this.lab.backends.keys()])
    const stream = (socket: Socket): void => {
      const stop = this.lab.record(which, directions, (bytes) => {
        if (socket.writableLength > mostWaiting) socket.destroy()
        else socket.write(bytes.slice())
      })
      // Closing writes out what waits, so it comes before the socket's end.
      const close = (): void => {
        stop()
        socket.end()
      }
      this.#closers.push(close)
      socket.on('close', stop)
      socket.on('end', close)
      socket.on('error', () => socket.destroy())
    }
    return { value: null, stream }
  }

  #machine(node: string): MachineIsland {
    const island = this.lab.machines.get(node)
    if (island === undefined) throw new ConfigError(`there is no node "${node}" with a console`, undefined, suggestion(node, this.lab.machines.keys()))
    return island
  }
}
