/**
 * One machine: harts, RAM and the board round them, on a timeline of its own.
 *
 * Theory of operation. Virtual time is the core's: it counts retired instructions. The timeline carries the alarms of the devices and
 * of whatever the lab plugs in, and trails the core: `timeline.now` is brought up to the core at every bus access, so that a device sees
 * the exact instant of the instruction that touches it. `run` lets the core go up to the next alarm and no further; an alarm that is
 * armed earlier during a bus access cuts the run short (`stopBefore`). At one instant alarms ring before the instruction that begins there.
 * An instruction may end past `until` by its own length; the timeline never does, so the lab can still deliver at `until`.
 *
 * Before you edit, read cpu/core.ts, and law 4 in house.md: machines run apart by a cable's latency, and `run(until)` is one such window.
 */
import { assert, ConfigError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Plain, Stateful } from '../base/state.ts'
import type { Instant } from '../base/time.ts'
import { Timeline } from '../base/timeline.ts'
import type { AnswerCall, Core, CoreBus, CoreConfig, HearMagic } from '../cpu/core.ts'
import { lines } from '../cpu/core.ts'
import { type CpuName, profiles } from '../cpu/isa/profile.ts'
import type { BootImages, BootPlan } from './boot.ts'
import { planBoot, treeRoom } from './boot.ts'
import type { IrqLine } from './bus.ts'
import { BusMap } from './bus-map.ts'
import { checkDevices, type Devices, type DevicesConfig, makeDevices } from './devices.ts'
import { buildDeviceTree } from './device-tree.ts'
import type { Finish } from './finisher.ts'
import { JoinedConsole } from './joined-console.ts'
import type { Board, Row } from './memory-map.ts'
import { memoryMap, pciLine, ramBase, romAddress, romSpan, serialsMax, timebaseHz } from './memory-map.ts'
import { Magic, type MagicConfig } from './magic/magic.ts'
import type { Model } from './model.ts'
import type { Nic } from './nic.ts'
import { PciHostBridge, pciPins } from './pci/host-bridge.ts'
import { Plic } from './plic.ts'
import type { RamState } from './ram.ts'
import { Ram } from './ram.ts'
import { buildRom, dynamicInfoAt, Rom } from './rom.ts'
import { plainConsole, type SerialConfig, type SerialLine } from './serial-line.ts'
import { makeSbi } from './sbi/sbi.ts'
import { Uart } from './uart.ts'
import { virtTree } from './virt-tree.ts'

export interface MachineConfig extends DevicesConfig {
  readonly name: string
  /** A multiple of 4096. */
  readonly ramBytes: number
  /** 1…8. */
  readonly harts: number
  /** rv64gc unless told otherwise. */
  readonly cpu?: CpuName
  readonly boot: BootImages
  /** Its serial ports, at most four; one, in no time, when left out. The first is the console. */
  readonly serials?: readonly SerialConfig[]
  /** The machine's own fork of the lab's chance. */
  readonly random: Random
  readonly log: Log
  /** Magic instructions and semihosting mean something (docs/magic.md); without it they are what the manual says. */
  readonly magic?: MagicConfig | undefined
  /** Makes the harts; the board gives all but the engine. */
  readonly coreFactory: (config: Omit<CoreConfig, 'engine'>) => Core
  /** Seconds since 1970 at virtual time zero; 2026-01-01 unless told otherwise. */
  readonly epochSeconds?: number
}

/** `off`: powered down, or not yet started. `reset`: the guest asked for a restart and waits for `start`. */
export type MachineState = 'running' | 'off' | 'reset'

export type MachineSnapshot = {
  readonly now: number
  readonly state: MachineState
  readonly finish: Finish | undefined
  readonly endedAt: number
  readonly core: Plain
  readonly ram: RamState
  readonly models: { readonly [name: string]: Plain }
  readonly entropy: Plain
  readonly magic?: Plain
}

const defaultEpoch = 1_767_225_600
const hartsMax = 8

export class Machine implements Stateful<MachineSnapshot> {
  readonly name: string
  /** The island's time: cables and whatever else touches this machine set their alarms here. */
  readonly timeline = new Timeline()
  /** The harts, for inspection: `retired`, `dump`. */
  readonly core: Core
  readonly nics: readonly Nic[]
  /** The serial console: `write` types into the guest, `listen` hears what it prints. */
  readonly console: SerialLine
  /** All serial ports; the first is the console. */
  readonly serials: readonly SerialLine[]
  /** There when the machine was given it. */
  readonly magic: Magic | undefined
  readonly #config: MachineConfig
  readonly #plan: BootPlan
  readonly #rows: readonly Row[]
  readonly #models: readonly Model[]
  readonly #memory: Ram
  readonly #rom = new Rom(romSpan)
  readonly #entropy: Random & Partial<Stateful<Plain>>
  readonly #map: BusMap
  readonly #uart: Uart
  /** Never started: all its RAM is zeros. */
  #blank = true
  #state: MachineState = 'off'
  #finish: Finish | undefined
  #endedAt = 0 as Instant
  /** How far the present run may go; moves towards us when an alarm is armed on the way. */
  #target = 0 as Instant
  #yielding = false

  /** @throws {ConfigError} when the images don't fit the machine, or it has more devices than slots. */
  constructor(config: MachineConfig) {
    checkConfig(config)
    this.name = config.name
    this.#config = config
    this.#plan = planBoot(config.boot, config.ramBytes)
    this.#entropy = config.random.fork('entropy')
    this.magic = config.magic === undefined ? undefined : this.#makeMagic(config.magic)
    this.core = config.coreFactory({ harts: config.harts, cpu: config.cpu ?? 'rv64gc', ramBytes: config.ramBytes, ramBase, timebaseHz, bus: this.#bus(), ...(this.magic === undefined ? {} : { magic: this.#hearMagic(this.magic) }), ...(this.#plan.supervised ? { supervisor: this.#supervisor() } : {}) })
    this.#memory = new Ram(this.core, ramBase)
    const { board, nics, console } = this.#board()
    this.nics = nics
    this.#rows = memoryMap(board.slots.length, board.pci !== undefined, board.serials.length)
    this.#models = this.#rows.map((row) => row.make(board, row.irq === undefined ? { set: () => undefined } : board.plic.source(row.irq)))
    this.#map = new BusMap(this.#models.map((device, index) => ({ address: this.#rows[index].address, device })))
    const [uart, ...others] = this.#models.filter((model) => model instanceof Uart)
    assert(uart !== undefined, 'the memory map has no UART')
    this.#uart = uart
    this.console = console === undefined ? uart.line : new JoinedConsole(uart.line, console)
    this.serials = [this.console, ...others.map(({ line }) => line)]
  }

  get state(): MachineState {
    return this.#state
  }

  /** How the guest ended, once it did: `poweroff`, `reset`, or `fail` with its code. */
  get finish(): Finish | undefined {
    return this.#finish
  }

  /** When it last stopped running; the run in which it did may have gone on beyond. */
  get endedAt(): Instant {
    return this.#endedAt
  }

  /**
   * The earliest instant at which the machine may act by itself; undefined while it sleeps until something comes from outside.
   * That a running machine sleeps so with an empty network is what a guest's hang looks like.
   */
  get next(): Instant | undefined {
    const alarm = this.timeline.next
    if (this.#state !== 'running') return alarm
    const own = this.core.idle ? this.core.wake : this.core.now
    return own === undefined ? alarm : earlier(own, alarm)
  }

  /** Powers up, or restarts: devices are reset, the images are put in place again, and the harts begin. */
  start(): void {
    this.#blank = false
    for (const model of this.#models) model.reset()
    this.magic?.reset()
    if (this.core.now < this.timeline.now) this.core.skip(this.timeline.now)
    for (const { address, bytes, zeros } of this.#plan.loads) this.#put(address, bytes, zeros)
    this.#put(this.#plan.treeAddress, this.deviceTree(), 0)
    this.#rom.burn(buildRom(this.#plan.entry, this.#plan.treeAddress, this.#plan.dynamic))
    if (this.#plan.supervised) this.core.boot(this.#plan.entry, this.#plan.treeAddress)
    else this.core.reset(this.#plan.entry, this.#plan.treeAddress, this.#plan.dynamic === undefined ? 0 : romAddress + dynamicInfoAt)
    this.#finish = undefined
    this.#state = 'running'
  }

  /** Pulls the plug. */
  powerOff(): void {
    this.#end('off')
  }

  /**
   * Runs harts and rings alarms in exact order up to and including `until`, until `yieldNow`, the machine's end or a breakpoint (`core.breakpoints.stop`). Afterwards `timeline.now` is `until`,
   * or, after a yield or an end, its instant.
   */
  run(until: Instant): void {
    this.#yielding = false
    for (;;) {
      this.#ring(until)
      if (this.#yielding || this.#state !== 'running' || this.core.now >= until) return
      const next = this.timeline.next
      this.#target = next !== undefined && next < until ? next : until
      if (this.core.idle) this.core.skip(earlier(this.#target, this.core.wake))
      else this.core.run(this.#target)
      if (this.core.breakpoints.stop !== undefined) return this.#ring(until)
      if (this.#yielding) return
    }
  }

  /** Ends the present `run` after the instruction or alarm under way: the lab has learnt something that narrows its window. */
  yieldNow(): void {
    this.#yielding = true
    this.core.stopBefore(this.core.now)
  }

  /** The tree as the next start will hand it over; draws fresh seeds each time. */
  deviceTree(): Uint8Array {
    const { initrd, bootargs } = this.#plan
    const chosen = { bootargs, initrd, rngSeed: this.#entropy.bytes(32), kaslrSeed: this.#entropy.bytes(8) }
    const tree = buildDeviceTree(virtTree({ harts: this.#config.harts, profile: profiles[this.#config.cpu ?? 'rv64gc'], ramBytes: this.#config.ramBytes, rows: this.#rows, chosen }))
    assert(tree.length <= treeRoom, `a device tree of ${tree.length} bytes`)
    return tree
  }

  /** Between runs only. What is plugged in and who listens is wiring, and not in it. */
  save(): MachineSnapshot {
    return {
      now: this.timeline.now,
      state: this.#state,
      finish: this.#finish,
      endedAt: this.#endedAt,
      core: this.core.save(),
      ram: this.#memory.save(),
      models: Object.fromEntries(this.#models.map((model) => [model.name, model.save()])),
      entropy: this.#entropy.save?.() ?? null,
      ...(this.magic === undefined ? {} : { magic: this.magic.save() }),
    }
  }

  /** Into a machine just made from the same configuration. */
  load(snapshot: MachineSnapshot): void {
    this.timeline.advance(snapshot.now as Instant)
    this.#memory.load(snapshot.ram, this.#blank)
    this.#blank = false
    this.core.load(snapshot.core)
    for (const model of this.#models) model.load(snapshot.models[model.name])
    if (this.magic !== undefined && snapshot.magic !== undefined) this.magic.load(snapshot.magic)
    if (snapshot.entropy !== null) this.#entropy.load?.(snapshot.entropy)
    this.#finish = snapshot.finish
    this.#endedAt = snapshot.endedAt as Instant
    this.#state = snapshot.state
  }

  /** Rings what is due up to the core, or up to `until` while it is off; one ring may switch it on or off. */
  #ring(until: Instant): void {
    for (;;) {
      const reached = this.#state === 'running' && this.core.now < until ? this.core.now : until
      const due = this.timeline.next
      if (due === undefined || due > reached) {
        if (this.timeline.now < reached) this.timeline.advance(reached)
        return
      }
      this.timeline.step()
      this.core.rouse()
      if (this.#yielding) return
    }
  }

  #bus(): CoreBus {
    return {
      read: (address, width) => {
        this.#catchUp()
        const value = this.#map.read(address, width)
        this.#heed()
        return value
      },
      write: (address, width, value) => {
        this.#catchUp()
        const answered = this.#map.write(address, width, value)
        this.#heed()
        return answered
      },
    }
  }

  /** Our own SBI, where nothing is in M-mode. */
  #supervisor(): AnswerCall {
    const answer = makeSbi({
      say: (bytes) => this.#uart.say(bytes),
      heard: (count) => this.#uart.heard(count),
      memory: (address, length, access) => {
        const inside = address >= BigInt(ramBase) && address + BigInt(length) <= BigInt(ramBase + this.#config.ramBytes)
        return inside ? this.#memory[access === 'write' ? 'writable' : 'window'](Number(address), length) : undefined
      },
      finish: (finish) => this.#finished(finish),
    })
    return (hart, args, harts) => {
      this.#catchUp()
      const answered = answer(hart, args, harts)
      this.#heed()
      return answered
    }
  }

  #finished(finish: Finish): void {
    this.#finish = finish
    this.#end(finish.kind === 'reset' ? 'reset' : 'off')
  }

  /** A handler sees the exact instant, and may end the machine or arm an alarm. */
  #hearMagic(magic: Magic): HearMagic {
    return (hart, what) => {
      this.#catchUp()
      const heard = magic.hear(hart, what)
      this.#heed()
      return heard
    }
  }

  #makeMagic(magic: MagicConfig): Magic {
    const { random, log, epochSeconds = defaultEpoch } = this.#config
    return new Magic({
      clock: this.timeline, log, epochSeconds, random: random.fork('magic'), retired: () => this.core.retired,
      print: (bytes) => this.#uart.say(bytes),
      exit: (code) => this.#finished(code === 0 ? { kind: 'poweroff' } : { kind: 'fail', code }),
    }, magic)
  }

  #catchUp(): void {
    const now = this.core.now < this.#target ? this.core.now : this.#target
    if (now > this.timeline.now) this.timeline.advance(now)
  }

  #heed(): void {
    const next = this.timeline.next
    if (next === undefined || next >= this.#target) return
    this.#target = next
    this.core.stopBefore(next)
  }

  #put(address: number, bytes: Uint8Array, zeros: number): void {
    const place = this.#memory.writable(address, bytes.length + zeros)
    place.set(bytes)
    place.fill(0, bytes.length)
  }

  #end(state: MachineState): void {
    if (this.#state !== 'running') return
    this.#state = state
    this.#endedAt = this.timeline.now
    for (const model of this.#models) model.reset()
    // The lab has to hear of it before time goes on here: another machine may begin with it, and what that one sends arrives soon.
    this.yieldNow()
  }

  #board(): { board: Board } & Pick<Devices, 'nics' | 'console'> {
    const { config, core, timeline } = { config: this.#config, core: this.core, timeline: this.timeline }
    const line = (hart: number, which: (typeof lines)[keyof typeof lines]): IrqLine => ({ set: (high) => core.line(hart, which, high) })
    const harts = Array.from({ length: config.harts }, (_, hart) => hart)
    const report = (sentence: string): void => config.log.warn('guest.odd', sentence, { machine: config.name })
    const plic = new Plic(harts.flatMap((hart) => [line(hart, lines.meip), line(hart, lines.seip)]))
    const { slots, functions, nics, console } = makeDevices(config, timeline, report)
    const pins = Array.from({ length: pciPins }, (_, pin) => plic.source(pciLine + pin))
    const board: Board = {
      harts: config.harts,
      scheduler: timeline,
      clock: core,
      memory: this.#memory,
      plic,
      rom: this.#rom,
      clintLines: harts.map((hart) => ({ software: line(hart, lines.msip), timer: line(hart, lines.mtip) })),
      slots,
      pci: functions.length === 0 ? undefined : new PciHostBridge(functions, this.#memory, pins),
      serials: config.serials ?? [plainConsole],
      epochSeconds: config.epochSeconds ?? defaultEpoch,
      finish: (finish) => this.#finished(finish),
      report,
    }
    return { board, nics, console }
  }
}

const earlier = (one: Instant, other: Instant | undefined): Instant => (other !== undefined && other < one ? other : one)

function checkConfig(config: MachineConfig): void {
  const { name, ramBytes, harts, serials = [plainConsole] } = config
  if (!Number.isInteger(harts) || harts < 1 || harts > hartsMax) throw new ConfigError(`${name}: ${harts} harts; a machine has 1 to ${hartsMax}`)
  if (serials.length < 1 || serials.length > serialsMax) throw new ConfigError(`${name}: ${serials.length} serial ports; a machine has 1 to ${serialsMax}`)
  if (ramBytes % 4096 !== 0) throw new ConfigError(`${name}: memory of ${ramBytes} bytes is not whole pages of 4096`)
  checkDevices(name, config)
}
