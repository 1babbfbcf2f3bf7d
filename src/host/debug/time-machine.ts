/**
 * A kept run that can be gone through in both directions.
 *
 * Theory of operation. The run is played from its inputs (replay-run.ts); on the way the lab is saved into memory every so many instructions (`every`).
 * To go back, a lab is built anew, brought to the latest checkpoint before the goal (lab/snapshot/restore.ts), and run forward. Since a run is the same
 * run however it is cut, "the instruction before this one" is an instant: the harts of a machine do one instruction a nanosecond of its clock (its ticks),
 * so that a position is a number, and going to it is exact.
 *
 * A position in front of tick t is where the machine's clock says t. `reach` runs all that is due before t, and no instruction from t on. Going back, a stop
 * is in front of its instruction: there a breakpoint always is, and what a watched place held before it was touched is there to be seen (`positionOf`).
 *
 * A lab that can't be saved (a share that a guest writes to) is played from its beginning each time: the same answer, later.
 */
import { ConfigError } from '../../base/errors.ts'
import type { Instant } from '../../base/time.ts'
import type { Breakpoint, Core, Stop } from '../../cpu/core.ts'
import { type Checkpoint, Checkpoints } from '../../lab/debug/checkpoints.ts'
import type { Lab, LabState } from '../../lab/lab.ts'
import type { MachineIsland } from '../../lab/machine-island.ts'
import { History } from '../../lab/snapshot/history.ts'
import { Restoration } from '../../lab/snapshot/restore.ts'
import { savable, saveLab } from '../../lab/snapshot/save-lab.ts'
import type { RunCard } from '../../lab/runs/run-card.ts'
import { type Input, replayInput } from '../inputs.ts'
import { originOf } from '../snapshots/lab-origin.ts'
import type { FilesState } from '../snapshots/lab-files.ts'

export interface KeptInputs {
  readonly card: Pick<RunCard, 'end'>
  readonly inputs: readonly Input[]
  /** A fresh lab of the run's file and seed, with its files as they were then; the one before is done with. */
  open(files: FilesState | undefined): Promise<Lab>
}

/** What ended a stretch. `limit`: the instant that was asked for; `end`: the run's. */
export type Arrival = 'limit' | 'end' | 'stop' | 'heed' | 'interrupt'

export interface Stretch {
  /** Everything up to and including it is done. */
  readonly limit: number
  /** Places to stop at, on the machine in question. */
  readonly points?: readonly Breakpoint[]
  /** Asked between runs of an island. */
  readonly heed?: () => boolean
}

interface Rest {
  /** How many inputs had been handed in. */
  readonly input: number
  readonly files: FilesState | undefined
}

/** How far ahead of the lab an input is handed in: farther than any run of an island. */
const ahead = 20_000_000
/** Of a lab's history, in bytes. */
const historyBytes = 1 << 30
const mostCheckpoints = 24
/** The event loop's turn, in milliseconds. */
const slice = 30
/** How far before a goal a further checkpoint is made, in ticks, and of how long a way: the next step back is likely to be near. */
const near = 200_000
const forever = 2 ** 52
const none: readonly Breakpoint[] = []

export class TimeMachine {
  lab!: Lab
  /** The machine whose ticks positions are. */
  node: string
  interrupted = false
  readonly #run: KeptInputs
  readonly #checkpoints = new Checkpoints<Rest>(mostCheckpoints)
  /** Retired instructions between two checkpoints. */
  #every: number
  #retired = 0
  #input = 0
  #placed: { readonly core: Core; readonly points: readonly Breakpoint[] } | undefined
  /** The tick of each machine's first instruction. */
  readonly #first = new Map<string, number>()

  private constructor(run: KeptInputs, node: string, every: number) {
    this.#run = run
    this.node = node
    this.#every = every
  }

  /** @param every retired instructions between two checkpoints, at first. */
  static async open(run: KeptInputs, node: string, every = 100_000_000): Promise<TimeMachine> {
    const machine = new TimeMachine(run, node, every)
    await machine.#begin(undefined)
    return machine
  }

  get island(): MachineIsland {
    return this.lab.machines.get(this.node) as MachineIsland
  }

  get core(): Core {
    return this.island.machine.core
  }

  /** Where the machine stands. */
  get tick(): number {
    return this.core.now
  }

  /** The tick of its first instruction, once that is known. */
  get first(): number | undefined {
    return this.#first.get(this.node)
  }

  /** Checkpoints that there are. */
  get checkpoints(): number {
    return this.#checkpoints.count
  }

  close(): void {
    this.lab.close('the debugger has gone')
  }

  /** Runs on. */
  async forward({ limit, points = none, heed = () => false }: Stretch): Promise<Arrival> {
    const { lab } = this
    const { breakpoints } = this.core
    this.place(points)
    const seen = breakpoints.stop
    const stopped = (): boolean => breakpoints.stop !== undefined && breakpoints.stop !== seen
    const end = this.#run.card.end.time
    for (;;) {
      const until = performance.now() + slice
      let heeded = false
      this.#feed(Math.max(lab.now, lab.next ?? 0) + ahead)
      const state = lab.run(Math.min(limit, end) as Instant, () => {
        this.#feed(Math.max(lab.now, lab.next ?? 0) + ahead)
        heeded = heed()
        if (!stopped()) this.#remember()
        return !heeded && !stopped() && performance.now() < until && !this.interrupted
      })
      if (stopped()) return 'stop'
      if (heeded) return 'heed'
      if (this.interrupted) return 'interrupt'
      const arrival = this.#arrived(state, limit, end)
      if (arrival !== undefined) return arrival
      await new Promise((resolve) => void setImmediate(resolve))
    }
  }

  /** In front of the machine's tick: back if need be. */
  async reach(tick: number): Promise<void> {
    const [checkpoint] = this.#before(tick)
    if (this.tick > tick || (checkpoint !== undefined && checkpoint.ticks[this.node] > this.tick)) await this.#begin(checkpoint)
    if (tick - this.tick > 4 * near) {
      await this.forward({ limit: tick - near })
      this.#save()
    }
    if (this.tick < tick) await this.forward({ limit: tick - 1 })
  }

  /** Everything up to and including an instant, back if need be. */
  async reachInstant(instant: number): Promise<Arrival> {
    if (this.lab.now > instant) await this.#begin(this.#checkpoints.latest((one) => one.instant <= instant)[0])
    return this.forward({ limit: instant })
  }

  /** In front of the machine's first instruction. */
  async reachFirst(): Promise<void> {
    if (this.first !== undefined) return this.reach(this.first)
    await this.forward({ limit: forever, heed: () => this.first !== undefined })
  }

  /** The last stop before the present position, gone to; undefined: there is none, and the machine is at its first instruction. */
  async stopBefore(points: readonly Breakpoint[]): Promise<Stop | undefined> {
    const goal = this.tick
    let upper = goal
    for (const checkpoint of [...this.#before(goal - 1), undefined]) {
      await this.#begin(checkpoint)
      const lower = this.tick
      const last = await this.#lastStop(upper, goal, points)
      if (this.interrupted) return undefined
      if (last !== undefined) {
        await this.#reachStop(last)
        return last
      }
      upper = Math.min(upper, lower)
    }
    await this.reachFirst()
    return undefined
  }

  /** In front of the last instruction that the hart did before the present position. @returns false when there is none. */
  async stepBack(hart: number): Promise<boolean> {
    const goal = this.tick
    const first = this.first ?? goal
    if (goal <= first) return false
    await this.reach(goal - 1)
    if (this.core.turn === hart) return true
    for (const window of [2000, 200_000, 20_000_000]) {
      const from = Math.max(first, goal - window)
      await this.reach(from)
      const last = await this.#lastStep(from, goal, hart)
      if (last !== undefined) {
        await this.reach(last)
        return true
      }
      if (from === first || this.interrupted) break
    }
    await this.reachFirst()
    return false
  }

  async #lastStop(upper: number, goal: number, points: readonly Breakpoint[]): Promise<Stop | undefined> {
    let last: Stop | undefined
    while ((await this.forward({ limit: upper - 1, points })) === 'stop') {
      const stop = this.core.breakpoints.stop as Stop
      if (positionOf(stop) < goal) last = stop
    }
    return last
  }

  async #reachStop(stop: Stop): Promise<void> {
    await this.reach(positionOf(stop))
    // An interrupt that comes at this very tick leads there first.
    if (stop.point.kind === 'execute' && this.core.inspect(stop.hart).pc !== stop.pc) await this.forward({ limit: stop.at, points: [stop.point] })
  }

  async #lastStep(from: number, to: number, hart: number): Promise<number | undefined> {
    let last: number | undefined
    this.core.trace({ from: from as Instant, to: to as Instant, done: () => undefined, step: (step) => { if (step.hart === hart && step.word !== undefined) last = step.at } })
    await this.forward({ limit: to - 1 })
    this.core.trace(undefined)
    return last
  }

  /** @returns undefined when there is more to do. */
  #arrived(state: LabState, limit: number, end: number): Arrival | undefined {
    if (state.kind === 'ended') return 'end'
    if (state.kind === 'running') return undefined
    const next = this.#run.inputs[this.#input]?.time
    // A lab at rest: the next input is what wakes it.
    if (state.kind === 'waiting' && next !== undefined && next <= Math.min(limit, end)) {
      this.#feed(next)
      return undefined
    }
    return limit <= end ? 'limit' : 'end'
  }

  /** Stops from now on at these. Setting them is dear, and the same are wanted again and again. @throws {RangeError} when too much is watched. */
  place(points: readonly Breakpoint[]): void {
    const { core } = this
    if (this.#placed?.core === core && this.#placed.points === points) return
    core.breakpoints.set(points)
    this.#placed = { core, points }
  }

  #feed(horizon: number): void {
    const { inputs } = this.#run
    for (; this.#input < inputs.length && inputs[this.#input].time <= horizon; this.#input++) replayInput(this.lab, inputs[this.#input])
  }

  /** Those in front of which the machine has not passed the tick, latest first. */
  #before(tick: number): Checkpoint<Rest>[] {
    return this.#checkpoints.latest((one) => one.ticks[this.node] <= tick)
  }

  #remember(): void {
    const { lab } = this
    if (lab.retired - this.#retired >= this.#every && this.#save()) this.#every *= 2
  }

  /** Unless the lab stands where it can't be saved; later it will. @returns whether there are too many by now. */
  #save(): boolean {
    const { lab } = this
    if (lab.history === undefined || lab.history.lost !== undefined || !savable(lab)) return false
    this.#retired = lab.retired
    try {
      const ticks = Object.fromEntries([...lab.machines].map(([node, { machine }]) => [node, machine.core.now]))
      const rest = { input: this.#input, files: originOf(lab)?.files.save() }
      return this.#checkpoints.add(saveLab(lab), ticks, rest)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      // It is played from its beginning, then.
      lab.history = undefined
      return false
    }
  }

  async #begin(checkpoint: Checkpoint<Rest> | undefined): Promise<void> {
    if (this.lab !== undefined) this.lab.close('time was turned back')
    const lab = await this.#run.open(checkpoint?.rest.files)
    lab.history = new History(lab, historyBytes)
    lab.endWithTests = this.#run.card.end.reason === 'tests'
    this.lab = lab
    this.#input = 0
    if (checkpoint !== undefined) await this.#restore(lab, checkpoint)
    this.#retired = lab.retired
    for (const [node, island] of lab.machines) island.hearStart(() => this.#started(node, island))
  }

  async #restore(lab: Lab, checkpoint: Checkpoint<Rest>): Promise<void> {
    const restoration = new Restoration(lab, this.#checkpoints.snapshot(checkpoint))
    for (;;) {
      const until = performance.now() + slice
      if (restoration.run(() => performance.now() < until)) break
      await new Promise((resolve) => void setImmediate(resolve))
    }
    restoration.complete()
    originOf(lab)?.files.complete()
    this.#input = checkpoint.rest.input
  }

  /** The run stops in front of a first instruction, for whoever looks for it. */
  #started(node: string, { machine }: MachineIsland): void {
    if (!this.#first.has(node)) this.#first.set(node, machine.timeline.now)
    machine.yieldNow()
  }
}

/** The tick of the instruction that a stop is about; a watchpoint's has been done by then. */
function positionOf({ point, at }: Stop): number {
  return point.kind === 'execute' ? at : at - 1
}
