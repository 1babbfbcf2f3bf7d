/** A core that runs a script instead of instructions: each step takes ten nanoseconds and may touch the bus. */
import type { Plain } from '../../src/base/state.ts'
import type { Instant } from '../../src/base/time.ts'
import type { CodeStatistics, Core, CoreConfig, Line, Stop } from '../../src/cpu/core.ts'

export const stepTime = 10

export class FakeCore implements Core {
  readonly harts: number
  readonly ram: Uint8Array
  readonly bus: CoreConfig['bus']
  readonly supervisor: CoreConfig['supervisor']
  now = 0 as Instant
  retired = 0
  wake: Instant | undefined
  readonly breakpoints: { stop: Stop | undefined; readonly points: []; set(): void } = { stop: undefined, points: [], set: () => undefined }
  /** What each instruction does; the core waits in WFI when there is none left. */
  script: (() => void)[] = []
  /** Lines that are up, as `hart.bit`. */
  readonly high = new Set<string>()
  readonly written: [number, number][] = []
  readonly resets: [number, number, number][] = []
  readonly boots: [number, number][] = []
  #limit = 0

  constructor(config: Omit<CoreConfig, 'engine'>) {
    this.harts = config.harts
    this.ram = new Uint8Array(config.ramBytes)
    this.bus = config.bus
    this.supervisor = config.supervisor
  }

  get idle(): boolean {
    return this.script.length === 0
  }

  run(until: Instant): void {
    this.#limit = until
    while (this.now < this.#limit && this.script.length > 0) {
      this.script.shift()?.()
      this.now = (this.now + stepTime) as Instant
      this.retired++
    }
  }

  stopBefore(until: Instant): void {
    this.#limit = Math.min(this.#limit, until)
  }

  skip(until: Instant): void {
    this.now = until
  }

  line(hart: number, line: Line, high: boolean): void {
    if (high) this.high.add(`${hart}.${line}`)
    else this.high.delete(`${hart}.${line}`)
  }

  rouse(): void {}

  wrote(offset: number, length: number): void {
    this.written.push([offset, length])
  }

  reset(pc: number, a1: number, a2: number): void {
    this.resets.push([pc, a1, a2])
  }

  boot(pc: number, a1: number): void {
    this.boots.push([pc, a1])
  }

  trace(): void {}

  statistics(): CodeStatistics {
    return { live: 0, compiled: 0, codeBytes: 0, decodedPages: 0 }
  }

  readonly turn = undefined

  inspect(): never {
    throw new Error('no harts to look at')
  }

  dump(): string {
    return ''
  }

  save(): Plain {
    return { now: this.now, ram: this.ram.slice() }
  }

  load(state: Plain): void {
    const { now, ram } = state as { now: Instant; ram: Uint8Array }
    this.now = now
    this.ram.set(ram)
  }
}

/** A line that remembers its level and how often it rose. */
export class Wire {
  high = false
  rises = 0

  set(high: boolean): void {
    if (high && !this.high) this.rises++
    this.high = high
  }
}
