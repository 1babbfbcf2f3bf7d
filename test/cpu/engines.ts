/** The three that must agree on every literal case, and the cores of the two that are machines: made once, because that is what costs. */
import type { Core, CoreConfig } from '../../src/cpu/core.ts'
import { machineOf } from '../contract/engine/machine.ts'

/** With the threshold of its core; the oracle has none. */
export const engines = [['oracle', undefined], ['interpreter', 0], ['compiled code', 1]] as const
export type Threshold = (typeof engines)[number][1]

/** A maker of cores that are kept, one for each threshold. Nothing is on their bus. */
export function coresOf(config: Pick<CoreConfig, 'ramBase' | 'ramBytes' | 'cpu'>): (threshold: number) => Core {
  const made = new Map<number, Core>()
  return (threshold) => {
    const core = made.get(threshold) ?? machineOf({ harts: 1, threshold, ...config }, { read: () => undefined, write: () => false })
    made.set(threshold, core)
    return core
  }
}
