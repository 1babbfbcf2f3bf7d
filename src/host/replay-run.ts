/** Plays a kept run again: the lab file, the seed and the recorded inputs, and no outside world. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../base/errors.ts'
import type { Instant } from '../base/time.ts'
import type { Lab, LabState } from '../lab/lab.ts'
import { type Input, parseInputs, replayInput } from './inputs.ts'
import type { KeptRun } from '../lab/runs/diff-runs.ts'
import { runNames } from './run-keeper.ts'

/** @throws {ConfigError} */
export function readInputs(folder: string): Input[] {
  const file = join(folder, runNames.inputs)
  if (!existsSync(file)) throw new ConfigError(`${folder} has no ${runNames.inputs}`, undefined, 'keep the run anew with --keep')
  try {
    return parseInputs(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ConfigError(`${file} can't be read: ${(error as Error).message}`, undefined, 'it was cut short; keep the run anew')
  }
}

/** How far ahead of the lab an input is handed in: farther than any run of an island, so that no run is cut short for it. */
const ahead = 20_000_000

/** Runs to the instant at which the kept run ended. @param lab fresh, of the same file and seed. */
export function replay(lab: Lab, inputs: readonly Input[], { end }: KeptRun['card']): LabState {
  lab.endWithTests = end.reason === 'tests'
  let at = 0
  const feed = (horizon: number): boolean => {
    for (; at < inputs.length && inputs[at].time <= horizon; at++) replayInput(lab, inputs[at])
    return true
  }
  feed(Math.max(lab.now, lab.next ?? 0) + ahead)
  for (;;) {
    const state = lab.run(end.time as Instant, () => feed(Math.max(lab.now, lab.next ?? 0) + ahead))
    // A lab at rest: the next input is what wakes it.
    if (state.kind !== 'waiting' || at >= inputs.length) return state
    feed(inputs[at].time)
  }
}
