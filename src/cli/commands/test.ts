/** `netloom test`: runs labs until every one of their tests is decided. Exit code 1 when one has failed. */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../base/errors.ts'
import { formatTime } from '../../base/time.ts'
import { HostError } from '../../host/host-error.ts'
import { type ReadLab, readLab } from '../../host/open-lab.ts'
import { leaveBehind, runTests, type TestRun, type TestRunOptions } from '../../host/test-run.ts'
import type { Topology } from '../../lab/topology.ts'
import type { Verdict } from '../../lab/verdicts.ts'
import { exitCodes, printable } from '../failure.ts'
import { junit } from '../junit.ts'
import type { TestOptions } from '../options.ts'
import { paint } from '../paint.ts'
import { ProgressBar } from '../progress-bar.ts'
import { stopOnSignals } from '../signals.ts'
import { readSeeds, shrinkFaults } from '../sweep.ts'
import { readWorkers } from '../workers.ts'
import { tapText } from '../tap-output.ts'
import { endText } from './up.ts'

export async function test(file: string | undefined, options: TestOptions): Promise<number> {
  const files = labFiles(file ?? options.file)
  if (options.logs !== undefined) mkdirSync(options.logs, { recursive: true })
  const aborter = new AbortController()
  const signals = stopOnSignals(() => aborter.abort())
  const bar = new ProgressBar(options.quiet === true)
  const shared: TestRunOptions = { capture: options.capture, logs: options.logs, keep: options.keep, hear: bar.hear, signal: aborter.signal, endText, workers: readWorkers(options.workers) }
  const done: Done[] = []
  try {
    for (const one of files) {
      for (const seed of options.seeds === undefined ? [options.seed] : readSeeds(options.seeds)) {
        if (aborter.signal.aborted) continue
        const read = readTested(one, seed, options)
        const ran = await attempt(read, shared, files.length > 1).finally(() => bar.done())
        done.push(ran)
        if (ran.run === undefined) {
          skip(ran, options)
          break
        }
        await report(read, ran.run, shared, options, files.length > 1 || options.seeds !== undefined)
        if (!ran.run.passed && options.seeds !== undefined) break
      }
    }
  } finally {
    signals.release()
  }
  return finish(done, options)
}

/** `skipped`: why it was not run. */
type Done = { readonly read: ReadLab; readonly run: TestRun; readonly skipped?: undefined } | { readonly read: ReadLab; readonly run?: undefined; readonly skipped: string }

/** A folder stands for the lab files in it, not for those in folders below. @throws {ConfigError} */
function labFiles(name: string | undefined): (string | undefined)[] {
  if (name === undefined || !(statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false)) return [name]
  const files = readdirSync(name).filter((file) => /\.ya?ml$/.test(file)).sort().map((file) => join(name, file))
  if (files.length === 0) throw new ConfigError(`there is no lab file in ${name}`, undefined, 'lab files end in .yaml')
  return files
}

function readTested(file: string | undefined, seed: string | undefined, options: TestOptions): ReadLab {
  const read = readLab({ file, name: options.name, seed })
  if (read.topology.tests.length === 0) throw new ConfigError(`${read.source.file} has no tests`, undefined, 'tests: { boots: { node: node1, console: "login:", within: 30s } }')
  return read
}

/** Of many labs, one whose way out this computer refuses is passed over; one that is named has to run. @throws {ConfigError | HostError} */
async function attempt(read: ReadLab, shared: TestRunOptions, many: boolean): Promise<Done> {
  const { uplinks, networks } = read.topology
  const skipped = many ? waitsForOthers(uplinks) : undefined
  if (skipped !== undefined) return { read, skipped }
  try {
    return { read, run: await runTests(read, shared) }
  } catch (error) {
    const outside = uplinks.length > 0 || networks.some(({ nat }) => nat !== undefined)
    if (!many || !outside || !(error instanceof HostError)) throw error
    return { read, skipped: `${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}` }
  }
}

/** What no test of many should do unasked: wait for another program, or take an interface from this computer. */
function waitsForOthers(uplinks: Topology['uplinks']): string | undefined {
  for (const uplink of uplinks) {
    if (uplink.type === 'stream' || uplink.type === 'dgram') return `its uplink ${uplink.name} waits for another program; test it by its name`
    if (uplink.type === 'nic') return `its uplink ${uplink.name} takes ${uplink.ifname} from this computer; test it by its name`
  }
  return undefined
}

function skip({ read, skipped }: Done, options: TestOptions): void {
  if (options.quiet !== true && options.format !== 'json' && options.tap !== true) process.stdout.write(`skip  ${read.topology.name}: ${printable(skipped ?? '')}\n`)
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
  const labs = done.map(({ read, run, skipped }) => ({ lab: read.topology.name, verdicts: run?.lab.verdicts.all ?? [], wall: run?.wall ?? 0, skipped }))
  if (options.junit !== undefined) writeFileSync(options.junit, junit(labs))
  if (options.tap === true) process.stdout.write(tapText(labs))
  else if (options.format === 'json') {
    const rows = done.map(row)
    process.stdout.write(`${JSON.stringify(rows.length === 1 ? rows[0] : rows, null, 2)}\n`)
  }
  return done.every(({ run }) => run?.passed !== false) ? exitCodes.ok : exitCodes.testFailed
}

/** A stable contract. */
function row({ read, run, skipped }: Done): unknown {
  const { name, sim } = read.topology
  if (run === undefined) return { lab: name, seed: sim.seed, run: null, passed: 0, failed: 0, skipped, tests: [], explanations: [] }
  const verdicts = run.lab.verdicts.all
  const passed = verdicts.filter(({ outcome }) => outcome === 'passed').length
  const tests = verdicts.map((verdict) => ({ name: verdict.name, outcome: verdict.outcome, message: verdict.message, time: verdict.time === undefined ? null : verdict.time / 1e9 }))
  const explained = run.passed ? [] : [...run.lab.machines.keys()].map((node) => run.lab.doctor.explain(node)).filter(({ failed }) => failed.length > 0)
  return { lab: name, seed: sim.seed, run: run.lab.digest, passed, failed: verdicts.length - passed, tests, explanations: explained.map(({ node, finding, sentence }) => ({ node, cause: finding?.cause ?? null, sentence })) }
}
