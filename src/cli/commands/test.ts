/** `netloom test`: runs a lab until every one of its tests is decided. Exit code 1 when one has failed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { formatTime } from '../../base/time.ts'
import { ConfigError } from '../../base/errors.ts'
import { loadLab, readLab } from '../../host/open-lab.ts'
import { Session } from '../../host/session.ts'
import type { Verdict } from '../../lab/verdicts.ts'
import { exitCodes, printable } from '../failure.ts'
import { junit } from '../junit.ts'
import type { TestOptions } from '../options.ts'
import { paint } from '../paint.ts'
import { ProgressBar } from '../progress-bar.ts'
import { stopOnSignals } from '../signals.ts'
import { endText } from './up.ts'

export async function test(file: string | undefined, options: TestOptions): Promise<number> {
  const read = readLab({ file: file ?? options.file, name: options.name, seed: options.seed })
  const { topology } = read
  if (topology.tests.length === 0) throw new ConfigError(`${read.source.file} has no tests`, undefined, 'tests: { boots: { node: node1, console: "login:", within: 30s } }')
  if (options.logs !== undefined) mkdirSync(options.logs, { recursive: true })
  const aborter = new AbortController()
  let session: Session | undefined
  const signals = stopOnSignals(() => (session === undefined ? aborter.abort() : session.driver.stop()))
  const started = performance.now()
  try {
    const bar = new ProgressBar(options.quiet === true)
    const lab = await loadLab(read, { hear: bar.hear, signal: aborter.signal }).finally(() => bar.done())
    lab.endWithTests = true
    session = new Session(lab, read, { capture: options.capture, logs: options.logs, keep: options.keep, attended: false, reachable: false })
    await session.open()
    const end = await session.run()
    session.close(endText(end))
    const verdicts = lab.verdicts.all
    report(verdicts, options, topology.name, performance.now() - started, { seed: topology.sim.seed, run: lab.digest })
    return verdicts.every((verdict) => verdict.outcome === 'passed') ? exitCodes.ok : exitCodes.testFailed
  } finally {
    session?.close('the lab was stopped')
    signals.release()
  }
}

function report(verdicts: readonly Verdict[], options: TestOptions, lab: string, wall: number, { seed, run }: { seed: string; run: string }): void {
  if (options.junit !== undefined) writeFileSync(options.junit, junit(lab, verdicts, wall))
  const passed = verdicts.filter((verdict) => verdict.outcome === 'passed').length
  if (options.format === 'json') {
    const rows = verdicts.map(({ name, outcome, message, time }) => ({ name, outcome, message, time: time === undefined ? null : time / 1e9 }))
    process.stdout.write(`${JSON.stringify({ lab, seed, run, passed, failed: verdicts.length - passed, tests: rows }, null, 2)}\n`)
    return
  }
  for (const { name, outcome, message, time } of verdicts) {
    const mark = outcome === 'passed' ? paint(process.stdout, 'green', 'ok  ') : paint(process.stdout, 'red', 'FAIL')
    process.stdout.write(`${mark}  ${printable(name)}: ${printable(message)}${time === undefined || outcome === 'failed' ? '' : ` at ${formatTime(time)}`}\n`)
  }
  process.stdout.write(`${passed} passed, ${verdicts.length - passed} failed (seed ${seed}, run ${run}, ${(wall / 1000).toFixed(1)} s)\n`)
}
