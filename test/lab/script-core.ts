/** Harts for tests of what is around them: a script of bus accesses at stated instants, asleep in between. */
import type { Instant } from '../../src/base/time.ts'
import type { CodeStatistics, Core, CoreBus, CoreConfig } from '../../src/cpu/core.ts'

/** What the guest does at `at` nanoseconds after its reset. */
export interface Act {
  readonly at: number
  readonly act: (bus: CoreBus) => void
}

export const uart = 0x1000_0000
export const finisher = 0x10_0000

/** Prints `text`, all in one instant. */
export const say = (at: number, text: string): Act => ({ at, act: (bus) => [...text].forEach((char) => bus.write(uart, 1, char.charCodeAt(0))) })
export const off = (at: number): Act => ({ at, act: (bus) => bus.write(finisher, 4, 0x5555) })
export const reboot = (at: number): Act => ({ at, act: (bus) => bus.write(finisher, 4, 0x7777) })
/** Whatever was typed is printed back. */
export const echo = (at: number): Act => ({
  at,
  act: (bus) => {
    while (((bus.read(uart + 5, 1) ?? 0) & 1) === 1) bus.write(uart, 1, bus.read(uart, 1) ?? 0)
  },
})

export class ScriptCore implements Core {
  readonly harts = 1
  readonly ram: Uint8Array
  now = 0 as Instant
  retired = 0
  readonly wake = undefined
  readonly breakpoints = { stop: undefined, points: [], set: () => undefined }
  readonly #bus: CoreBus
  readonly #script: readonly Act[]
  #started = 0
  #next = 0
  #stop = 0

  constructor(config: Pick<CoreConfig, 'ramBytes' | 'bus'>, script: readonly Act[]) {
    this.ram = new Uint8Array(config.ramBytes)
    this.#bus = config.bus
    this.#script = script
  }

  /** Not a real core's: it is busy until its script has ended, so that the machine does not sleep through it. */
  get idle(): boolean {
    return this.#next >= this.#script.length
  }

  run(until: Instant): void {
    this.#stop = until
    for (let act = this.#script[this.#next]; act !== undefined && this.#started + act.at < this.#stop; act = this.#script[this.#next]) {
      this.now = Math.max(this.now, this.#started + act.at) as Instant
      this.#next++
      this.retired++
      act.act(this.#bus)
    }
    this.now = Math.max(this.now, this.#stop) as Instant
  }

  stopBefore(until: Instant): void {
    this.#stop = Math.min(this.#stop, Math.max(until, this.now))
  }

  skip(until: Instant): void {
    this.now = Math.max(this.now, until) as Instant
  }

  reset(): void {
    this.#started = this.now
    this.#next = 0
  }

  boot(): void {
    this.reset()
  }

  line(): void {}
  rouse(): void {}
  trace(): void {}
  statistics(): CodeStatistics {
    return { live: 0, compiled: 0, codeBytes: 0, decodedPages: 0 }
  }
  wrote(): void {}
  readonly turn = undefined

  inspect(): never {
    throw new Error('no harts to look at')
  }

  dump(): string {
    return ''
  }
  save(): null {
    return null
  }
  load(): void {}
}
