/** Moments of a run to go back to, in memory. Pages of RAM that several have are kept once; when there are too many, every other one goes. */
import { type PageTable, PagePool, ramOf } from '../snapshot/page-pool.ts'
import type { LabSnapshot } from '../snapshot/save-lab.ts'

export interface Checkpoint<Rest> {
  /** Of virtual time, in nanoseconds: no island had come further. */
  readonly instant: number
  /** How far each machine's harts had come, in nanoseconds. */
  readonly ticks: Readonly<Record<string, number>>
  /** Whatever else its maker has to know. */
  readonly rest: Rest
}

interface Kept<Rest> extends Checkpoint<Rest> {
  /** Its machines' RAM is in the pool. */
  readonly snapshot: LabSnapshot
  readonly tables: Readonly<Record<string, PageTable>>
}

export class Checkpoints<Rest> {
  readonly #most: number
  #pool = new PagePool()
  #kept: Kept<Rest>[] = []

  /** @param most that are kept, at least 2. */
  constructor(most: number) {
    this.#most = most
  }

  get count(): number {
    return this.#kept.length
  }

  /** Takes the snapshot over. @returns whether others had to go, and so they should be farther apart from now on. */
  add(snapshot: LabSnapshot, ticks: Checkpoint<Rest>['ticks'], rest: Rest): boolean {
    this.#put(snapshot, ticks, rest)
    this.#kept.sort((a, b) => a.instant - b.instant)
    if (this.#kept.length <= this.#most) return false
    const left = this.#kept.filter((_, index) => index % 2 === 0).map((one) => ({ ...one, snapshot: this.snapshot(one) }))
    this.#pool = new PagePool()
    this.#kept = []
    for (const one of left) this.#put(one.snapshot, one.ticks, one.rest)
    return true
  }

  /** Those that fit, the latest first. */
  latest(fits: (one: Checkpoint<Rest>) => boolean): Checkpoint<Rest>[] {
    return this.#kept.filter(fits).toReversed()
  }

  /** Whole again. */
  snapshot(one: Checkpoint<Rest>): LabSnapshot {
    const { snapshot, tables } = one as Kept<Rest>
    const machines = Object.entries(snapshot.machines).map(([node, saved]) => [node, { ...saved, state: { ...saved.state, ram: ramOf(tables[node], this.#pool.pieces) } }])
    return { ...snapshot, machines: Object.fromEntries(machines) as LabSnapshot['machines'] }
  }

  #put(snapshot: LabSnapshot, ticks: Checkpoint<Rest>['ticks'], rest: Rest): void {
    const tables = Object.fromEntries(Object.entries(snapshot.machines).map(([node, { state }]) => [node, this.#pool.add(state.ram)]))
    const machines = Object.fromEntries(Object.entries(snapshot.machines).map(([node, saved]) => [node, { ...saved, state: { ...saved.state, ram: [] } }]))
    this.#kept.push({ instant: snapshot.instant, ticks, rest, snapshot: { ...snapshot, machines }, tables })
  }
}
