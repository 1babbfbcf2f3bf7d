/** `test --seeds 1..500`: many seeds, and of the first that fails the smallest list of faults with which it still does. */
import { ConfigError } from '../base/errors.ts'
import type { ReadLab } from '../host/open-lab.ts'
import { runTests, type TestRun, type TestRunOptions } from '../host/test-run.ts'
import { type FaultPlan, hitKey } from '../lab/faults/fault-plan.ts'
import type { Lab } from '../lab/lab.ts'
import { type Budget, shrink } from '../lab/tests/shrink.ts'

/** Runs that one shrinking may cost. */
const mostRuns = 200
const mostSeeds = 100_000

/** `1..500` or `7`. @throws {ConfigError} */
export function readSeeds(text: string): readonly string[] {
  const [, first, last = first] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text) ?? []
  if (first === undefined || Number(last) < Number(first) || Number(last) - Number(first) >= mostSeeds) throw new ConfigError(`--seeds: found "${text}", expected a range`, undefined, 'e.g. --seeds 1..500')
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) => String(Number(first) + at))
}

export interface Shrunk {
  readonly faults: readonly string[]
  /** Runs it took. */
  readonly runs: number
}

type Hit = Lab['hits'][number]

/** Leaves out whole faults first; then, of those that act by chance or often, single packets. */
export async function shrinkFaults(read: ReadLab, failed: TestRun, options: TestRunOptions): Promise<Shrunk> {
  const budget: Budget = { runs: mostRuns }
  const fails = async (faults: readonly FaultPlan[], hits?: readonly Hit[]): Promise<TestRun | undefined> => {
    const script = hits === undefined ? undefined : { faults: new Set(hits0.map(({ fault }) => fault)), hits: new Set(hits.map(hitKey)) }
    const run = await runTests(read, { ...options, faults, script })
    return run.passed ? undefined : run
  }
  let hits0: readonly Hit[] = []
  let last = failed
  const faults = await shrink(read.topology.faults, async (some) => {
    const run = await fails(some)
    if (run !== undefined) last = run
    return run !== undefined
  }, budget)
  // A delay or a rate has no single packets; drops have.
  const single = new Set(faults.filter(({ what }) => what.kind === 'match' || (what.kind === 'impair' && what.faults.loss !== undefined)).map(({ name }) => name))
  hits0 = last.lab.hits.filter(({ fault, effect }) => single.has(fault) && effect === 'drop')
  const lasting = faults.filter(({ name }) => !hits0.some(({ fault }) => fault === name)).map(faultText)
  if (hits0.length === 0 || (await fails(faults, hits0)) === undefined) return { faults: faults.map(faultText), runs: mostRuns - budget.runs }
  const hits = await shrink(hits0, async (some) => (await fails(faults, some)) !== undefined, budget)
  return { faults: [...lasting, ...hitTexts(hits)], runs: mostRuns - budget.runs }
}

const faultText = ({ name, what }: FaultPlan): string => `${name} (${what.kind === 'match' ? what.pattern.text : what.kind})`

/** As a lab file would say it. */
function hitTexts(hits: readonly Hit[]): string[] {
  const places = new Map<string, Hit[]>()
  for (const hit of hits) places.set(`${hit.port} ${hit.way} ${hit.fault}`, [...(places.get(`${hit.port} ${hit.way} ${hit.fault}`) ?? []), hit])
  return [...places.values()].map((own) => `{ match: ethernet, link: "${own[0].port}", direction: ${own[0].way}, nth: [${own.map(({ packet }) => packet).join(', ')}], do: drop } # of ${own[0].fault}`)
}
