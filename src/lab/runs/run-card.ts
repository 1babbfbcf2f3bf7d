/** What a kept run says of itself beside its frames and consoles: `run.json` of its folder. A stable contract. */
import type { EndReason, Lab } from '../lab.ts'
import type { Verdict } from '../verdicts.ts'

export interface RunCard {
  readonly format: 1
  readonly lab: string
  /** Absolute path of the lab file. */
  readonly file?: string
  readonly seed: string
  /** The run's hash: sixteen hexadecimal digits. */
  readonly digest: string
  /** The hash of each port's direction, each console and each node's power: what makes up `digest`. */
  readonly lanes: Readonly<Record<string, string>>
  /** Retired instructions by node. */
  readonly retired: Readonly<Record<string, number>>
  /** Why it ended, and when in virtual nanoseconds. */
  readonly end: { readonly reason: EndReason | 'failed'; readonly time: number }
  readonly tests: readonly Pick<Verdict, 'name' | 'outcome' | 'message'>[]
}

export function runCard(lab: Lab, end: RunCard['end']): RunCard {
  return {
    format: 1,
    lab: lab.topology.name,
    seed: lab.topology.sim.seed,
    digest: lab.digest,
    lanes: lab.lanes,
    retired: Object.fromEntries([...lab.machines].map(([node, { machine }]) => [node, machine.core.retired])),
    end,
    tests: lab.verdicts.all.map(({ name, outcome, message }) => ({ name, outcome, message })),
  }
}
