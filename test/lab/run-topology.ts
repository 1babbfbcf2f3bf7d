/** Runs a shipped lab to its end, and keeps what came of it. */
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Instant } from '../../src/base/time.ts'
import { openLab, readLab } from '../../src/host/open-lab.ts'
import type { EndReason } from '../../src/lab/lab.ts'
import type { Topology } from '../../src/lab/topology.ts'

export interface TopologyRun {
  readonly reason: EndReason | 'waiting'
  /** Sentences of the tests that failed. */
  readonly failed: readonly string[]
  readonly passed: number
  /** SHA-256 of the capture of every port. */
  readonly capture: string
  readonly consoles: Readonly<Record<string, string>>
  readonly digest: string
}

const folder = fileURLToPath(new URL('../../topologies/', import.meta.url))
const forever = 2 ** 52 as Instant

/** The files of `topologies/`, by name. */
export const topologies: readonly string[] = readdirSync(folder).filter((file) => file.endsWith('.yaml')).sort()

export function topology(file: string, seed?: string): Topology {
  return readLab({ file: join(folder, file), seed }).topology
}

/** Whether it needs nothing that is not in the repository. */
export function selfContained(file: string): boolean {
  return staysInside(file) && topology(file).machines.every(({ boot }) => boot.kind === 'program')
}

/** Whether nothing outside has a part in it; the others are test/peers/uplinks.test.ts's and nat.test.ts's. */
export function staysInside(file: string): boolean {
  const { uplinks, networks } = topology(file)
  return uplinks.length === 0 && networks.every((network) => network.nat === undefined)
}

/** @param toTests end as soon as its tests are decided; else when the lab does. */
export async function runTopology(file: string, toTests: boolean, seed?: string): Promise<TopologyRun> {
  const { lab } = await openLab({ file: join(folder, file), seed })
  const hash = createHash('sha256')
  const stop = lab.record(() => true, 'both', (bytes) => hash.update(bytes))
  lab.endWithTests = toTests
  const state = lab.run(forever, () => true)
  const reason = state.kind === 'ended' ? state.end.reason : 'waiting'
  lab.close(reason)
  stop()
  const verdicts = lab.verdicts.all
  return {
    reason,
    failed: verdicts.filter(({ outcome }) => outcome !== 'passed').map(({ name, message }) => `${name}: ${message}`),
    passed: verdicts.filter(({ outcome }) => outcome === 'passed').length,
    capture: hash.digest('hex'),
    consoles: Object.fromEntries([...lab.machines].map(([node, { transcript }]) => [node, transcript.text])),
    digest: lab.digest,
  }
}
