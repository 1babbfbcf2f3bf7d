/** The harts of a machine in another thread, as far as they can be looked at from here: between runs, when that thread stands still. */
import { ConfigError } from '../../base/errors.ts'
import type { Plain } from '../../base/state.ts'
import type { Instant } from '../../base/time.ts'
import type { Breakpoints, CodeStatistics, Core, HartInspection, TraceWindow } from '../../cpu/core.ts'
import type { MachineThread } from './machine-thread.ts'
import type { Standing } from './protocol.ts'

export class FarCore implements Core {
  readonly harts: number
  readonly ram: Uint8Array
  readonly breakpoints: Breakpoints
  readonly #name: string
  readonly #thread: MachineThread
  readonly #machine: number
  readonly #standing: () => Standing

  /** @param machine its number there. @param ram the machine's own, shared. */
  constructor(name: string, harts: number, ram: Uint8Array, thread: MachineThread, machine: number, standing: () => Standing) {
    this.harts = harts
    this.ram = ram
    this.#name = name
    this.#thread = thread
    this.#machine = machine
    this.#standing = standing
    this.breakpoints = { stop: undefined, points: [], set: () => this.#elsewhere('breakpoints') }
  }

  get now(): Instant {
    return this.#standing().coreNow
  }

  get idle(): boolean {
    return this.#standing().idle
  }

  get wake(): Instant | undefined {
    return this.#standing().wake
  }

  get retired(): number {
    return this.#standing().retired
  }

  get turn(): number | undefined {
    return undefined
  }

  dump(hart: number): string {
    return this.#thread.call({ do: 'dump', machine: this.#machine, hart }) as string
  }

  statistics(): CodeStatistics {
    return this.#thread.call({ do: 'statistics', machine: this.#machine }) as CodeStatistics
  }

  trace(_window: TraceWindow | undefined): void {
    this.#elsewhere('a trace')
  }

  inspect(_hart: number): HartInspection {
    return this.#elsewhere('a debugger')
  }

  run(): void {
    this.#elsewhere('a run')
  }

  stopBefore(): void {
    this.#elsewhere('a run')
  }

  skip(): void {
    this.#elsewhere('a run')
  }

  line(): void {
    this.#elsewhere('an interrupt')
  }

  rouse(): void {
    this.#elsewhere('an event')
  }

  wrote(): void {
    this.#elsewhere('a write')
  }

  reset(): void {
    this.#elsewhere('a reset')
  }

  boot(): void {
    this.#elsewhere('a reset')
  }

  save(): Plain {
    return this.#elsewhere('a snapshot of the harts alone')
  }

  load(): void {
    this.#elsewhere('a snapshot of the harts alone')
  }

  #elsewhere(what: string): never {
    throw new ConfigError(`${this.#name} runs in a thread of its own, where ${what} can’t be had`, undefined, 'run the lab in one thread: --workers 1')
  }
}
