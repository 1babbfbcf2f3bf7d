/** `netloom up`: starts a lab in the foreground, or in a process of its own with `-d`. */
import { Session } from '../../host/session.ts'
import { loadLab, readLab } from '../../host/open-lab.ts'
import type { LabEnd } from '../../lab/lab.ts'
import { formatTime } from '../../base/time.ts'
import { ConfigError } from '../../base/errors.ts'
import { suggestion } from '../../lab/suggest.ts'
import type { Topology } from '../../lab/topology.ts'
import { exitCodes } from '../failure.ts'
import type { UpOptions } from '../options.ts'
import { ProgressBar } from '../progress-bar.ts'
import { UpScreen } from '../up-screen.ts'
import { stopOnSignals } from '../signals.ts'
import { describePlan } from './validate.ts'

export async function up(file: string | undefined, options: UpOptions): Promise<number> {
  const read = readLab({ file: file ?? options.file, name: options.name, seed: options.seed })
  const { topology } = read
  checkConsole(options.console, topology)
  if (options.dryRun === true) {
    process.stdout.write(describePlan(topology))
    return exitCodes.ok
  }
  if (options.detach === true) return (await import('../detach.ts')).detach(topology.name)
  const detached = process.env['NETLOOM_DETACHED'] !== undefined
  const aborter = new AbortController()
  let session: Session | undefined
  const signals = stopOnSignals(() => (session === undefined ? aborter.abort() : session.driver.stop()))
  const started = performance.now()
  try {
    const bar = new ProgressBar(options.quiet === true)
    const lab = await loadLab(read, { hear: bar.hear, signal: aborter.signal }).finally(() => bar.done())
    const screen = new UpScreen(lab, options, detached)
    session = new Session(lab, read, { capture: options.capture, logs: options.logs, keep: options.keep, attended: screen.attended || detached, reachable: true })
    await session.open()
    screen.open(session.driver)
    const end = await session.run().finally(() => screen.close())
    session.close(endText(end))
    if (options.quiet !== true) process.stderr.write(summary(topology, end, performance.now() - started, lab.digest))
    return exitCodes.ok
  } finally {
    session?.close('the lab was stopped')
    signals.release()
  }
}

/** `every node is off`. */
export function endText({ reason, time }: LabEnd): string {
  const texts = { off: 'every node is off', until: `sim.until is reached`, idle: 'nothing can happen any more', tests: 'every test is decided', stopped: 'it was stopped' }
  return `${texts[reason]} at ${formatTime(time)}`
}

function summary(topology: Topology, end: LabEnd, wall: number, digest: string): string {
  return `${topology.name}: ${endText(end)}, after ${(wall / 1000).toFixed(1)} s here; run ${digest}\n`
}

function checkConsole(node: string | undefined, topology: Topology): void {
  const names = topology.machines.map((machine) => machine.name)
  if (node === undefined || names.includes(node)) return
  throw new ConfigError(`--console: there is no node "${node}"`, undefined, suggestion(node, names) || undefined)
}
