/**
 * A machine of a running lab under a debugger. While it stands the driver is held, and with it virtual time of the whole lab. A step is run here, an
 * instruction of virtual time at a time; all else is the driver's, which is visited between runs of an island.
 */
import type { Instant } from '../../base/time.ts'
import type { Breakpoint, Core, HartInspection } from '../../cpu/core.ts'
import { command } from '../../lab/debug/command.ts'
import type { Debuggee, Halt, Motion } from '../../lab/debug/debuggee.ts'
import type { Lab } from '../../lab/lab.ts'
import type { MachineIsland } from '../../lab/machine-island.ts'
import type { Driver } from '../driver.ts'

/** How long the event loop waits for its turn while a step is under way, in milliseconds. */
const slice = 20

export class LiveDebuggee implements Debuggee {
  readonly reversible = false
  readonly sealed: string | undefined
  readonly #lab: Lab
  readonly #driver: Driver
  readonly #island: MachineIsland
  #points: readonly Breakpoint[] = []
  /** Lets virtual time go. */
  #letGo: (() => void) | undefined
  /** Ends the visits of a machine that goes on. */
  #callOff: (() => void) | undefined
  #interrupted = false
  #released = false

  /** From now on the lab stands. @param sealed why nothing may be changed, if so. */
  constructor(lab: Lab, driver: Driver, island: MachineIsland, sealed: string | undefined) {
    this.#lab = lab
    this.#driver = driver
    this.#island = island
    this.sealed = sealed
    this.#letGo = driver.hold()
  }

  get harts(): number {
    return this.#core.harts
  }

  get on(): boolean {
    return this.#island.state !== 'off'
  }

  get #core(): Core {
    return this.#island.machine.core
  }

  inspect(hart: number): HartInspection {
    return this.#core.inspect(hart)
  }

  set(points: readonly Breakpoint[]): void {
    this.#core.breakpoints.set(points)
    this.#points = points
  }

  move(motion: Motion, hart: number, halted: (halt: Halt) => void): void {
    this.#interrupted = false
    if (motion === 'step') void this.#step(hart).then((halt) => this.#released || halted(halt))
    else this.#goOn(hart, halted)
  }

  interrupt(): void {
    this.#interrupted = true
    this.#driver.nudge()
  }

  command(words: string, answer: (text: string) => void): void {
    void command(words, { island: () => this.#island, goto: undefined }).then(answer)
  }

  release(): void {
    this.#released = true
    this.#callOff?.()
    this.#core.breakpoints.set([])
    this.#letGo?.()
  }

  #goOn(hart: number, halted: (halt: Halt) => void): void {
    const seen = this.#core.breakpoints.stop
    this.#callOff = this.#driver.between(() => {
      const halt = this.#halt(seen) ?? (this.#interrupted ? { kind: 'interrupt' as const, hart } : undefined)
      if (halt === undefined) return false
      this.#letGo = this.#driver.hold()
      setImmediate(() => this.#released || halted(halt))
      return true
    })
    this.#letGo?.()
  }

  /** @param seen a stop that was told of already. */
  #halt(seen: Core['breakpoints']['stop']): Halt | undefined {
    const { stop } = this.#core.breakpoints
    if (stop !== undefined && stop !== seen) return { kind: 'point', hart: stop.hart, point: stop.point, address: stop.address }
    return this.on ? undefined : { kind: 'over', hart: 0 }
  }

  /** Until the hart has done an instruction; one it stands in front of is no stop. */
  async #step(hart: number): Promise<Halt> {
    const core = this.#core
    core.breakpoints.set(this.#points.filter(({ kind }) => kind !== 'execute'))
    const seen = core.breakpoints.stop
    let halt: Halt | undefined
    while (halt === undefined && !this.#released) {
      const until = performance.now() + slice
      do halt = this.#tick(hart) ?? this.#halt(seen)
      while (halt === undefined && performance.now() < until)
      if (halt === undefined) await new Promise((resolve) => void setImmediate(resolve))
    }
    core.breakpoints.set(this.#released ? [] : this.#points)
    return halt ?? { kind: 'interrupt', hart }
  }

  /** All that is due up to the machine's next instruction, and that instruction. */
  #tick(hart: number): Halt | undefined {
    const core = this.#core
    const { turn, now } = core
    // Who sleeps is woken by what comes next.
    const limit = turn === undefined ? Math.max(now, this.#lab.next ?? now) : now
    const state = this.#lab.run(limit as Instant, () => true)
    if (core.breakpoints.stop === undefined && turn === hart && core.now > now && this.#island.state !== 'waiting') return { kind: 'step', hart }
    if (this.#interrupted) return { kind: 'interrupt', hart }
    return state.kind === 'ended' ? { kind: 'over', hart: 0 } : undefined
  }
}
