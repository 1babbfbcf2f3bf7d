/** Broken labs: which there are, what they say of themselves, and what the doctor says. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import type { Instant } from '../../src/base/time.ts'
import { loadLab, readLab } from '../../src/host/open-lab.ts'
import type { Explanation } from '../../src/lab/explain/doctor.ts'

const folder = fileURLToPath(new URL('../../topologies/broken/', import.meta.url))

export interface BrokenLab {
  readonly file: string
  readonly node: string
  readonly cause: string
  readonly says: string
  /** It needs nothing that is not in the repository. */
  readonly selfContained: boolean
}

/** `topologies/broken/`, each with its `x-explains`. */
export const brokenLabs: readonly BrokenLab[] = readdirSync(folder).filter((name) => name.endsWith('.yaml')).sort().map((name) => {
  const file = join(folder, name)
  const { 'x-explains': explains } = parse(readFileSync(file, 'utf8')) as { 'x-explains': Pick<BrokenLab, 'node' | 'cause' | 'says'> }
  return { file, ...explains, selfContained: readLab({ file }).topology.machines.every(({ boot }) => boot.kind === 'program') }
})

/** Runs a lab until its tests are decided. */
export async function explained(file: string, node: string): Promise<Explanation> {
  const lab = await loadLab(readLab({ file }))
  lab.endWithTests = true
  lab.run(2 ** 52 as Instant, () => true)
  lab.close('it ended')
  return lab.doctor.explain(node)
}
