/** A machine of a kept run under a debugger: it goes on, and back. Nothing of it can be changed, for it has happened. */
import { ConfigError } from '../../base/errors.ts'
import type { Breakpoint, HartInspection } from '../../cpu/core.ts'
import { command } from '../../lab/debug/command.ts'
import type { Debuggee, Halt, Motion } from '../../lab/debug/debuggee.ts'
import { HostError } from '../host-error.ts'
import type { TimeMachine } from './time-machine.ts'

const forever = 2 ** 52

export class ReplayDebuggee implements Debuggee {
  readonly reversible = true
  readonly sealed = 'what has happened can’t be changed'
  readonly #time: TimeMachine
  readonly #goto: (moment: string) => Promise<string>
  readonly #gone: () => void
  #points: readonly Breakpoint[] = []
  #released = false
  /** Something is under way. */
  #busy = false

  /** @param goto to a moment in words. @param gone called when the debugger has gone and nothing is under way. */
  constructor(time: TimeMachine, goto: (moment: string) => Promise<string>, gone: () => void) {
    this.#time = time
    this.#goto = goto
    this.#gone = gone
  }

  get harts(): number {
    return this.#time.core.harts
  }

  get on(): boolean {
    return true
  }

  inspect(hart: number): HartInspection {
    return this.#time.core.inspect(hart)
  }

  set(points: readonly Breakpoint[]): void {
    this.#time.place(points)
    this.#points = points
  }

  move(motion: Motion, hart: number, halted: (halt: Halt) => void): void {
    this.#begin()
    void this.#moved(motion, hart).then((halt) => this.#ended(() => halted(halt)))
  }

  interrupt(): void {
    this.#time.interrupted = true
  }

  command(words: string, answer: (text: string) => void): void {
    this.#begin()
    void command(words, { island: () => this.#time.island, goto: (moment) => this.#went(moment) }).then((text) => this.#ended(() => answer(text)))
  }

  release(): void {
    this.#released = true
    this.#time.interrupted = true
    if (!this.#busy) this.#gone()
  }

  #begin(): void {
    this.#time.interrupted = false
    this.#busy = true
  }

  #ended(tell: () => void): void {
    this.#busy = false
    if (this.#released) this.#gone()
    else tell()
  }

  async #went(moment: string): Promise<string> {
    try {
      return `${await this.#goto(moment)}maintenance flush register-cache makes the debugger look again\n`
    } catch (error) {
      if (error instanceof ConfigError || error instanceof HostError) return `${error.message}${error.hint === undefined ? '' : `: ${error.hint}`}\n`
      throw error
    }
  }

  async #moved(motion: Motion, hart: number): Promise<Halt> {
    switch (motion) {
      case 'step': return this.#step(hart)
      case 'continue': return this.#goOn(hart)
      case 'reverse-step': return { kind: (await this.#time.stepBack(hart)) ? 'step' : 'begin', hart }
      case 'reverse-continue': {
        const stop = await this.#time.stopBefore(this.#points)
        if (stop !== undefined) return { kind: 'point', hart: stop.hart, point: stop.point, address: stop.address }
        return { kind: this.#time.interrupted ? 'interrupt' : 'begin', hart }
      }
    }
  }

  async #goOn(hart: number): Promise<Halt> {
    const time = this.#time
    const { turn } = time.core
    // Who stands in front of a breakpoint goes on past it, however they came there.
    if (turn !== undefined && this.#points.some(({ kind, address }) => kind === 'execute' && address === time.core.inspect(turn).pc)) {
      if ((await time.forward({ limit: time.tick, points: this.#points.filter(({ kind }) => kind !== 'execute') })) === 'stop') return this.#stopped()
    }
    const arrival = await time.forward({ limit: forever, points: this.#points })
    return arrival === 'stop' ? this.#stopped() : { kind: arrival === 'interrupt' ? 'interrupt' : 'end', hart }
  }

  async #step(hart: number): Promise<Halt> {
    const time = this.#time
    const watched = this.#points.filter(({ kind }) => kind !== 'execute')
    for (;;) {
      const { core } = time
      const { turn, now } = core
      // Who sleeps is woken by what comes next.
      const limit = turn === undefined ? Math.max(now, time.lab.next ?? now) : now
      const arrival = await time.forward({ limit, points: watched })
      if (arrival === 'stop') return this.#stopped()
      if (arrival === 'interrupt') return { kind: 'interrupt', hart }
      if (turn === hart && core.now > now) return { kind: 'step', hart }
      if (arrival === 'end') return { kind: 'end', hart }
    }
  }

  #stopped(): Halt {
    const { stop } = this.#time.core.breakpoints
    return stop === undefined ? { kind: 'interrupt', hart: 0 } : { kind: 'point', hart: stop.hart, point: stop.point, address: stop.address }
  }
}

