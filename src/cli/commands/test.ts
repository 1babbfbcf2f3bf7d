/** `netloom test`: runs labs until every one of their tests is decided. Exit code 1 when one has failed. */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../base/errors.ts'
import { formatTime } from '../../base/time.ts'
import { type ReadLab, readLab } from '../../host/open-lab.ts'
import { leaveBehind, runTests, type TestRun, type TestRunOptions } from '../../host/test-run.ts'
import type { Verdict } from '../../lab/verdicts.ts'
import { exitCodes, printable } from '../failure.ts'
import { junit } from '../junit.ts'
import type { TestOptions } from '../options.ts'
import { paint } from '../paint.ts'
import { ProgressBar } from '../progress-bar.ts'
import { stopOnSignals } from '../signals.ts'
import { readSeeds, shrinkFaults } from '../sweep.ts'
import { tapText } from '../tap-output.ts'
import { endText } from './up.ts'

export async function test(file: string | undefined, options: TestOptions): Promise<number> {
  const files = labFiles(file ?? options.file)
  if (options.logs !== undefined) mkdirSync(options.logs, { recursive: true })
  const aborter = new AbortController()
  const signals = stopOnSignals(() => aborter.abort())
  const bar = new ProgressBar(options.quiet === true)
  const shared: TestRunOptions = { capture: options.capture, logs: options.logs, keep: options.keep, hear: bar.hear, signal: aborter.signal, endText }
  const done: Done[] = []
  try {
    for (const one of files) {
      for (const seed of options.seeds === undefined ? [options.seed] : readSeeds(options.seeds)) {
        const read = readTested(one, seed, options, files.length > 1)
        if (read === undefined || aborter.signal.aborted) continue
        const run = await runTests(read, shared).finally(() => bar.done())
        done.push({ read, run })
        await report(read, run, shared, options, files.length > 1 || options.seeds !== undefined)
        if (!run.passed && options.seeds !== undefined) break
      }
    }
  } finally {
    signals.release()
  }
  return finish(done, options)
}

interface Done {
  readonly read: ReadLab
  readonly run: TestRun
}

/** A folder stands for the lab files in it, not for those in folders below. @throws {ConfigError} */
function labFiles(name: string | undefined): (string | undefined)[] {
  if (name === undefined || !(statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false)) return [name]
  const files = readdirSync(name).filter((file) => /\.ya?ml$/.test(file)).sort().map((file) => join(name, file))
  if (files.length === 0) throw new ConfigError(`there is no lab file in ${name}`, undefined, 'lab files end in .yaml')
  return files
}

/** @returns undefined for a lab of many that touches this computer: it is passed over. */
function readTested(file: string | undefined, seed: string | undefined, options: TestOptions, many: boolean): ReadLab | undefined {
  const read = readLab({ file, name: options.name, seed })
  const { topology } = read
  if (topology.tests.length === 0) throw new ConfigError(`${read.source.file} has no tests`, undefined, 'tests: { boots: { node: node1, console: "login:", within: 30s } }')
  if (!many || topology.uplinks.length === 0) return read
  if (options.quiet !== true && options.format !== 'json' && options.tap !== true) process.stdout.write(`skip  ${read.source.file}: it has uplinks to this computer; test it by its name\n`)
  return undefined
}

async function report(read: ReadLab, run: TestRun, shared: TestRunOptions, options: TestOptions, many: boolean): Promise<void> {
  const { name, sim, faults } = read.topology
  const left = run.passed ? undefined : join(options.results ?? join(read.source.folder, '.netloom'), `${name}-${sim.seed}`)
  if (left !== undefined) leaveBehind(run, left)
  if (options.format === 'json' || options.tap === true) return
  const verdicts = run.lab.verdicts.all
  const passed = verdicts.filter(({ outcome }) => outcome === 'passed').length
  if (!many || !run.passed) for (const verdict of verdicts) process.stdout.write(line(verdict))
  process.stdout.write(`${many ? `${run.passed ? paint(process.stdout, 'green', 'ok  ') : paint(process.stdout, 'red', 'FAIL')}  ${name}: ` : ''}${passed} passed, ${verdicts.length - passed} failed (seed ${sim.seed}, run ${run.lab.digest}, ${(run.wall / 1000).toFixed(1)} s)\n`)
  if (left === undefined) return
  for (const node of run.lab.machines.keys()) {
    const { failed, sentence } = run.lab.doctor.explain(node)
    if (failed.length > 0) process.stdout.write(`${paint(process.stdout, 'bold', printable(sentence))}\n`)
  }
  if (options.seeds !== undefined && faults.length > 0) {
    const shrunk = await shrinkFaults(read, run, { ...shared, keep: undefined, capture: undefined, logs: undefined })
    process.stdout.write(`seed ${sim.seed} still fails with these faults alone (${shrunk.runs} runs):\n${shrunk.faults.map((fault) => `  - ${printable(fault)}\n`).join('')}`)
  }
  process.stdout.write(`hash, packets, consoles and explanation: ${left}\n`)
}

function line({ name, outcome, message, time }: Verdict): string {
  const mark = outcome === 'passed' ? paint(process.stdout, 'green', 'ok  ') : paint(process.stdout, 'red', 'FAIL')
  return `${mark}  ${printable(name)}: ${printable(message)}${time === undefined || outcome === 'failed' ? '' : ` at ${formatTime(time)}`}\n`
}

function finish(done: readonly Done[], options: TestOptions): number {
  const labs = done.map(({ read, run }) => ({ lab: read.topology.name, verdicts: run.lab.verdicts.all, wall: run.wall }))
  if (options.junit !== undefined) writeFileSync(options.junit, junit(labs))
  if (options.tap === true) process.stdout.write(tapText(labs))
  else if (options.format === 'json') {
    const rows = done.map(row)
    process.stdout.write(`${JSON.stringify(rows.length === 1 ? rows[0] : rows, null, 2)}\n`)
  }
  return done.every(({ run }) => run.passed) ? exitCodes.ok : exitCodes.testFailed
}

/** A stable contract. */
function row({ read, run }: Done): unknown {
  const { name, sim } = read.topology
  const verdicts = run.lab.verdicts.all
  const passed = verdicts.filter(({ outcome }) => outcome === 'passed').length
  const tests = verdicts.map((verdict) => ({ name: verdict.name, outcome: verdict.outcome, message: verdict.message, time: verdict.time === undefined ? null : verdict.time / 1e9 }))
  const explained = run.passed ? [] : [...run.lab.machines.keys()].map((node) => run.lab.doctor.explain(node)).filter(({ failed }) => failed.length > 0)
  return { lab: name, seed: sim.seed, run: run.lab.digest, passed, failed: verdicts.length - passed, tests, explanations: explained.map(({ node, finding, sentence }) => ({ node, cause: finding?.cause ?? null, sentence })) }
}
