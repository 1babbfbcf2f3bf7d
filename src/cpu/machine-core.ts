/**
 * The harts of one machine on wasm. Time counts ticks of one nanosecond, one an instruction; harts take turns by quantum, each turn
 * moving the one clock on, which keeps several harts deterministic and every bus access in the order of time.
 */
import { assert } from '../base/errors.ts'
import type { Plain } from '../base/state.ts'
import type { Instant } from '../base/time.ts'
import { BreakpointList } from './breakpoints.ts'
import { CodePages } from './code-pages.ts'
import type { AnswerCall, CodeStatistics, Core, CoreConfig, HartInspection, HearMagic, Line, TraceWindow, WasmExports } from './core.ts'
import { fuses } from './fpu/fused.ts'
import { dump } from './dump.ts'
import { hartStateBytes, layoutFor, nextContext, regionsMax, savedHart, slot, tlbBytes, tlbRead, type Layout, watching } from './layout.ts'
import { Regions } from './jit/regions.ts'
import { type Profile, profileOf } from './isa/profile.ts'
import { machineModule } from './machine-module.ts'
import { csrTables } from './system/csr.ts'
import { HaltedHart } from './halted-hart.ts'
import { InspectedHart } from './inspected-hart.ts'
import { menvcfg, mstatus } from './system/state.ts'
import { writePmp } from './system/pmp-ranges.ts'
import { SupervisedHartsOf, stopped } from './supervised-harts.ts'
import { Timers } from './timers.ts'
import { Tracer } from './tracer.ts'

/** Ticks a hart runs before the next one's turn. */
const quantum = 20_000
/** The longest stretch of fuel. Short enough that V8, which replaces no function while it runs, soon gets to use its optimised code. */
const stretch = 2_000_000
/**
 * Jumps to one place before it is compiled. From reset to a Debian kernel's init, CPU seconds: 3.5 with 2,000, 2.9 with 5,000, 2.65 with 10,000 to
 * 40,000, 2.7 with the interpreter alone; what runs longer gains by compiled code whichever it is.
 */
const threshold = 16_000
/** misa: RV64 with A, C, D, F, I, M, S, U. */
const misa = (2n << 62n) | 0x14112dn
/** misa.B: Zba, Zbb and Zbs. */
const misaB = 2n

export function makeCore(config: CoreConfig): Core {
  return new MachineCore(config)
}

class MachineCore implements Core {
  readonly harts: number
  readonly ram: Uint8Array
  readonly #layout: Layout
  readonly #ticksPerTime: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #exports: WasmExports
  readonly #code: CodePages
  readonly #regions: Regions
  readonly #profile: Profile
  readonly breakpoints: BreakpointList
  readonly #timers: Timers
  #tracer: Tracer | undefined
  readonly #supervised: SupervisedHartsOf
  readonly #answer: AnswerCall | undefined
  /** The hart whose state stands in page 0. */
  #current = 0
  /** Time while no hart runs. */
  #ticks = 0
  #running = false
  #target = 0
  #hearMagic: HearMagic | undefined
  #halted: HaltedHart | undefined

  constructor(config: CoreConfig) {
    this.harts = config.harts
    this.#layout = layoutFor(config.ramBase, config.ramBytes)
    this.#ticksPerTime = 1e9 / config.timebaseHz
    const memory = config.engine.memory(this.#layout.pages)
    this.#bytes = new Uint8Array(memory.buffer)
    this.#view = new DataView(memory.buffer)
    this.ram = new Uint8Array(memory.buffer, this.#layout.ram, config.ramBytes)
    const profile = profileOf(config.cpu, config.magic !== undefined)
    this.#profile = profile
    this.#timers = new Timers(this.#view, (hart) => this.#home(hart), config.harts, this.#ticksPerTime)
    this.breakpoints = new BreakpointList({
      pc: () => this.#view.getBigUint64(slot.pc, true), hart: () => this.#current, now: () => this.now,
      cut: () => this.#cut(this.now),
      changed: (offsets, pages) => this.#newBreakpoints(offsets, pages),
    })
    this.#answer = config.supervisor
    this.#supervised = new SupervisedHartsOf({
      view: this.#view, harts: config.harts, profile, home: (hart) => this.#home(hart),
      timed: (hart) => this.#timed(hart),
      now: () => this.now,
      roused: () => { if (this.#running) this.#cut(this.now) },
      refresh: () => this.#exports.refreshContext(),
    })
    this.#code = new CodePages(this.#layout, memory.buffer, profile.extensions)
    const { bus } = config
    const { bytes, callees } = machineModule(this.#layout, this.#ticksPerTime, profile, config.threshold ?? threshold, fuses(config.engine))
    const table = config.engine.table(regionsMax)
    const codeWritten = (host: number, length: number): number => (this.#code.written(host, length) ? 2 : 0)
    this.#exports = config.engine.instantiate(bytes, memory, {
      mmioRead: (address: number, width: 1 | 2 | 4) => bus.read(address, width) ?? -1,
      mmioWrite: (address: number, width: 1 | 2 | 4, value: number) => (bus.write(address, width, width === 4 ? value >>> 0 : value & ((1 << (8 * width)) - 1)) ? 1 : 0),
      decode: (at: number) => this.#code.decode(at),
      decodeWord: (word: number, host: number) => this.#code.decodeSingle(word, host & 4095),
      codePage: (ramPage: number) => this.#code.make(ramPage),
      codeWritten,
      // Compiled code doesn't stop for a watchpoint behind every kind of access.
      hot: (at: number) => (this.breakpoints.watching ? this.#code.cool(at) : this.#regions.hot(at)),
      breakpoint: () => (this.breakpoints.reached() ? 1 : 0),
      accessed: (address: bigint, size: number, access: number) => (this.breakpoints.accessed(address, size, access) ? 1 : 0),
      magic: (kind: number) => (this.#callMagic(kind) ? 1 : 0),
      supervise: () => this.#supervise(),
      timerChanged: () => this.#timed(this.#current),
      pmpChanged: (csr: number) => writePmp(this.#view, csr, this.#view.getBigUint64(slot.scratch + 8, true)),
    }, table)
    const funcs = new Map(callees.map((ref) => [ref.name, { ref, func: this.#exports[ref.name] ?? (codeWritten as WasmExports[string]) }]))
    this.#regions = new Regions({ layout: this.#layout, engine: config.engine, memory, table, callees: funcs, fused: fuses(config.engine), ramPage: (place) => this.#code.ramPage(place), extensions: profile.extensions,
      // A threshold of 1 is for tests, which want all that can be compiled compiled as soon as it can be.
      ...(config.threshold === 1 ? { batch: 1 } : {}),
    })
    this.#code.regions = this.#regions
    this.#code.mayStop = (offset) => this.breakpoints.mayStop(offset)
    if (config.magic !== undefined) {
      this.#hearMagic = config.magic
      this.#halted = new HaltedHart({ view: this.#view, layout: this.#layout, ram: this.ram, svadu: profile.extensions.has('svadu'), wrote: (offset, length) => this.wrote(offset, length) })
    }
    for (const [at, bytes] of csrTables(profile.extensions)) this.#bytes.set(bytes, at)
    this.#forgetTranslations()
  }

  get now(): Instant {
    return (this.#running ? Number(this.#view.getBigUint64(slot.limit, true)) - this.#view.getInt32(slot.fuel, true) : this.#ticks) as Instant
  }

  get idle(): boolean {
    for (let hart = 0; hart < this.harts; hart++) if (!this.#sleeps(hart)) return false
    return true
  }

  get wake(): Instant | undefined {
    const { next } = this.#timers
    return next === Infinity ? undefined : (next as Instant)
  }

  get retired(): number {
    let skipped = 0
    for (let hart = 0; hart < this.harts; hart++) skipped += Number(this.#view.getBigUint64(this.#home(hart) + slot.skipped, true))
    // Every tick belongs to one hart; what a hart skipped, or what passed while all slept, was not retired.
    return this.now - skipped - this.#slept
  }

  #slept = 0

  run(until: Instant): void {
    assert(!this.#running, 'a core was run from within its own bus access')
    this.#target = until
    this.breakpoints.begin()
    while (this.#ticks < this.#target && this.breakpoints.stop === undefined) {
      this.#timers.ring(this.#ticks)
      const hart = this.#nextAwake()
      if (hart === undefined) return
      this.#enter(hart)
      const fuel = Math.min(this.#target - this.#ticks, this.#timers.next - this.#ticks, this.#tracer?.reach(this.#ticks) ?? stretch, stretch, this.harts > 1 ? quantum - (this.#ticks % quantum) : stretch)
      if (this.#owes(fuel)) continue
      this.#setBudget(fuel)
      const told = this.#tracer?.begin(this.#ticks)
      this.#running = true
      this.#exports.run()
      this.#running = false
      if (!this.breakpoints.inFront) told?.()
      this.#regions.settle()
      this.#ticks = Number(this.#view.getBigUint64(slot.limit, true)) - this.#view.getInt32(slot.fuel, true)
    }
  }

  stopBefore(until: Instant): void {
    this.#target = Math.min(this.#target, until)
    if (this.#running) this.#cut(until)
  }

  skip(until: Instant): void {
    assert(!this.#running, 'time skipped while a hart runs')
    if (until <= this.#ticks) return
    this.#slept += until - this.#ticks
    this.#ticks = until
    this.#timers.ring(until)
  }

  line(hart: number, line: Line, high: boolean): void {
    const at = this.#home(hart) + slot.lines
    const before = this.#view.getUint32(at, true)
    const after = high ? before | (1 << line) : before & ~(1 << line)
    this.#view.setUint32(at, after, true)
    if (after !== before) this.#view.setInt32(this.#home(hart) + slot.spinDebt, 0, true)
    // The hart looks at its lines when it is entered: end the turn at this instruction.
    if (this.#running && after !== before) this.#cut(this.now)
  }

  rouse(): void {
    for (let hart = 0; hart < this.harts; hart++) this.#view.setInt32(this.#home(hart) + slot.spinDebt, 0, true)
  }

  wrote(offset: number, length: number): void {
    if (length === 0) return
    this.#code.dropped(offset, length)
    if (this.#running) this.#cut(this.now)
    for (let hart = 0; hart < this.harts; hart++) this.#view.setBigInt64(this.#home(hart) + slot.reservation, -1n, true)
  }

  reset(pc: number, a1: number, a2: number): void {
    assert(!this.#running, 'reset while a hart runs')
    this.#code.clear()
    this.#current = 0
    for (let hart = 0; hart < this.harts; hart++) this.#resetHart(hart, pc, a1, a2)
    this.#timers.lookAtAll(this.#ticks)
    this.#forgetTranslations()
  }

  boot(pc: number, a1: number): void {
    assert(this.#answer !== undefined, 'nobody answers environment calls')
    this.reset(pc, a1, 0)
    this.#supervised.begin()
    this.#timers.lookAtAll(this.#ticks)
    this.#forgetTranslations()
  }

  trace(window: TraceWindow | undefined): void {
    assert(!this.#running, 'a trace begins while a hart runs')
    const halted = new HaltedHart({ view: this.#view, layout: this.#layout, ram: this.ram, svadu: false, wrote: () => undefined })
    this.#tracer = window === undefined ? undefined : new Tracer({ view: this.#view, halted, interrupt: () => this.#exports.checkInterrupts() === 1 }, window)
  }

  get turn(): number | undefined {
    const hart = this.#nextAwake()
    return hart === undefined || this.#view.getInt32(this.#home(hart) + slot.spinDebt, true) > 0 ? undefined : hart
  }

  inspect(hart: number): HartInspection {
    assert(!this.#running, 'a hart is inspected while it runs')
    const view = new DataView(this.#bytes.buffer, this.#home(hart), hartStateBytes)
    const halted = new HaltedHart({ view, layout: this.#layout, ram: this.ram, svadu: false, wrote: (offset, length) => this.wrote(offset, length) })
    return new InspectedHart({ view, halted, extensions: this.#profile.extensions, ticks: this.#ticks, ticksPerTime: this.#ticksPerTime })
  }

  statistics(): CodeStatistics {
    return { ...this.#regions.statistics, decodedPages: this.#code.live }
  }

  dump(hart: number): string {
    const at = this.#home(hart)
    return dump(hart, new DataView(this.#bytes.buffer, at, hartStateBytes))
  }

  /** RAM is not part of it: it is saved by its owner, page by page. */
  save(): Plain {
    const states = Array.from({ length: this.harts }, (_, hart) => this.#bytes.slice(this.#home(hart), this.#home(hart) + hartStateBytes))
    return { ticks: this.#ticks, slept: this.#slept, current: this.#current, states }
  }

  load(state: Plain): void {
    const { ticks, slept, current, states } = state as { ticks: number; slept: number; current: number; states: Uint8Array[] }
    this.#ticks = ticks
    this.#slept = slept
    this.#current = current
    for (const [hart, bytes] of states.entries()) this.#bytes.set(bytes, this.#home(hart))
    this.#timers.lookAtAll(this.#ticks)
    this.#code.clear()
    this.#forgetTranslations()
    this.#exports.refreshContext()
  }

  /** pc stands at the instruction; fuel and ticks count it as done. */
  #callMagic(kind: number): boolean {
    const [halted, hear] = [this.#halted, this.#hearMagic]
    if (halted === undefined || hear === undefined) return false
    halted.halt()
    const heard = hear(halted, kind === 0 ? 'magic' : 'ebreak')
    if (!heard && kind !== 0) return false
    this.#view.setBigUint64(slot.pc, BigInt.asUintN(64, halted.next) & ~1n, true)
    return true
  }

  #newBreakpoints(offsets: ReadonlySet<number>, pages: ReadonlySet<bigint>): void {
    assert(!this.#running, 'breakpoints change while a hart runs')
    this.#view.setInt32(watching, pages.size, true)
    this.#code.restop(offsets)
    if (pages.size === 0) return
    this.#regions.clear()
    for (const table of [tlbRead, tlbRead + tlbBytes]) {
      for (let entry = table; entry < table + tlbBytes; entry += 16) if (pages.has(this.#view.getBigUint64(entry, true) >> 12n)) this.#view.setBigInt64(entry, -1n, true)
    }
  }

  #home(hart: number): number {
    return hart === this.#current ? 0 : savedHart(hart)
  }

  /** The hart's timer was set: the running turn goes no further than that. */
  #timed(hart: number): void {
    this.#timers.look(hart, this.now)
    if (this.#running && this.#timers.next !== Infinity) this.#cut(this.#timers.next)
  }

  /** An environment call from S-mode; like any trap it takes a tick and is not retired. */
  #supervise(): void {
    const word = (at: number): bigint => this.#view.getBigUint64(at, true)
    const put = (at: number, value: bigint): void => this.#view.setBigUint64(at, BigInt.asUintN(64, value), true)
    put(slot.skipped, word(slot.skipped) + 1n)
    put(slot.pc, word(slot.pc) + 4n)
    const args = Array.from({ length: 8 }, (_, at) => word(8 * (10 + at)))
    const answer = (this.#answer as AnswerCall)(this.#current, args, this.#supervised)
    if (answer === undefined) return
    put(8 * 10, answer.a0)
    if (answer.a1 !== undefined) put(8 * 11, answer.a1)
  }

  #sleeps(hart: number): boolean {
    const at = this.#home(hart)
    const waiting = this.#view.getInt32(at + slot.waiting, true)
    if (waiting === 0 || waiting === stopped) return waiting === stopped
    const pending = this.#view.getUint32(at + slot.mip, true) | this.#view.getUint32(at + slot.lines, true)
    return (pending & this.#view.getUint32(at + slot.mie, true)) === 0
  }

  #nextAwake(): number | undefined {
    // Turns begin at multiples of the quantum, however the run is cut into stretches.
    const first = Math.floor(this.#ticks / quantum)
    for (let step = 0; step < this.harts; step++) {
      const hart = (first + step) % this.harts
      if (!this.#sleeps(hart)) return hart
    }
    return undefined
  }

  #enter(hart: number): void {
    if (hart !== this.#current) {
      this.#bytes.copyWithin(savedHart(this.#current), 0, hartStateBytes)
      this.#bytes.copyWithin(0, savedHart(hart), savedHart(hart) + hartStateBytes)
      // Another hart may have written there since.
      this.#view.setBigInt64(slot.reservation, -1n, true)
      this.#current = hart
      this.#exports.refreshContext()
    }
    this.#view.setInt32(slot.waiting, 0, true)
  }

  /** Lets what is left of the hart's step of time pass (system/clock.ts). @returns whether anything was. */
  #owes(fuel: number): boolean {
    const debt = this.#view.getInt32(slot.spinDebt, true)
    if (debt === 0) return false
    const paid = Math.min(debt, fuel)
    this.#view.setInt32(slot.spinDebt, debt - paid, true)
    this.#view.setBigUint64(slot.skipped, this.#view.getBigUint64(slot.skipped, true) + BigInt(paid), true)
    this.#ticks += paid
    return true
  }

  #setBudget(fuel: number): void {
    this.#view.setBigUint64(slot.limit, BigInt(this.#ticks + fuel), true)
    this.#view.setInt32(slot.fuel, fuel, true)
  }

  /** Ends the running turn at `until`, or at once when that has passed. */
  #cut(until: number): void {
    const limit = Number(this.#view.getBigUint64(slot.limit, true))
    const excess = limit - Math.max(until, this.now)
    if (excess <= 0) return
    this.#view.setBigUint64(slot.limit, BigInt(limit - excess), true)
    this.#view.setInt32(slot.fuel, this.#view.getInt32(slot.fuel, true) - excess, true)
  }

  #resetHart(hart: number, pc: number, a1: number, a2: number): void {
    const at = this.#home(hart)
    this.#bytes.fill(0, at, at + hartStateBytes)
    const set = (where: number, value: bigint): void => this.#view.setBigUint64(at + where, value, true)
    set(slot.pc, BigInt(pc))
    set(8 * 10, BigInt(hart))
    set(8 * 11, BigInt(a1))
    set(8 * 12, BigInt(a2))
    set(slot.misa, misa | (this.#profile.extensions.has('zbb') ? misaB : 0n))
    // As QEMU's virt board: pages are marked by hardware unless software says otherwise.
    if (this.#profile.extensions.has('svadu')) set(slot.menvcfg, menvcfg.ADUE)
    set(slot.mhartid, BigInt(hart))
    set(slot.mstatus, mstatus.UXL | mstatus.SXL)
    this.#view.setInt32(at + slot.privilege, 3, true)
    this.#view.setInt32(at + slot.hart, hart, true)
    this.#view.setBigInt64(at + slot.reservation, -1n, true)
  }

  #forgetTranslations(): void {
    this.#bytes.fill(0xff, tlbRead, tlbRead + 3 * tlbBytes)
    for (let hart = 0; hart < this.harts; hart++) {
      const at = this.#home(hart)
      this.#bytes.fill(0, at + slot.satpTable, at + slot.satpTable + 0x280)
    }
    this.#view.setUint32(nextContext, 1, true)
    this.#exports.refreshContext()
  }
}
