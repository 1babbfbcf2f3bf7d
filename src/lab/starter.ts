/** Powers the machines up in the order of their `depends_on`. */
import type { Duration, Instant } from '../base/time.ts'
import type { MachineIsland } from './machine-island.ts'
import { booted } from './booted.ts'
import { PatternWatch } from './tests/pattern-watch.ts'
import { readTextPattern } from './tests/text-pattern.ts'
import type { DependencyPlan } from './topology.ts'

interface Condition {
  readonly dependency: DependencyPlan
  readonly watch: PatternWatch | undefined
  /** When. */
  met: Instant | undefined
}

export class Starter {
  readonly #machines: ReadonlyMap<string, MachineIsland>
  /** News from one machine to another takes as long as a frame would: they may be run apart by that much. */
  readonly #delay: Duration
  readonly #sent: (arrival: Instant) => void
  readonly #conditions = new Map<string, readonly Condition[]>()

  /** @param sent told when such news will arrive, as of a frame. */
  constructor(machines: ReadonlyMap<string, MachineIsland>, delay: Duration, sent: (arrival: Instant) => void) {
    this.#machines = machines
    this.#delay = delay
    this.#sent = sent
    for (const [node, { plan }] of machines) {
      const conditions = plan.dependsOn.filter(({ node: other }) => machines.has(other)).map((dependency): Condition => {
        const { reached } = dependency
        return { dependency, watch: watchOf(reached), met: undefined }
      })
      this.#conditions.set(node, conditions)
      if (conditions.length === 0) machines.get(node)?.powerUp(0 as Instant)
    }
  }

  said(node: string, bytes: Uint8Array, time: Instant): void {
    this.#meet(node, time, ({ watch }) => watch?.feed(bytes) !== undefined)
  }

  powered(node: string, state: 'running' | 'off', time: Instant): void {
    this.#meet(node, time, ({ dependency: { reached } }) => reached.kind === (state === 'off' ? 'off' : 'started'))
  }

  #meet(node: string, time: Instant, reached: (condition: Condition) => boolean): void {
    for (const [waiting, conditions] of this.#conditions) {
      let news = false
      for (const condition of conditions) {
        if (condition.met !== undefined || condition.dependency.node !== node || !reached(condition)) continue
        condition.met = time
        news = true
      }
      if (!news || conditions.some(({ met }) => met === undefined)) continue
      // Of two machines one may have been heard of first and have spoken later.
      const at = (Math.max(...conditions.map(({ met }) => met as Instant)) + this.#delay) as Instant
      this.#machines.get(waiting)?.powerUp(at)
      this.#sent(at)
    }
  }
}

function watchOf(reached: DependencyPlan['reached']): PatternWatch | undefined {
  if (reached.kind === 'booted') return new PatternWatch(booted)
  return reached.kind === 'console' ? new PatternWatch(readTextPattern(reached.text)) : undefined
}
