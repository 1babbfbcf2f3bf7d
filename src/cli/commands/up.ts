/** `netloom up`: starts a lab in the foreground, or in a process of its own with `-d`. */
import { doorText, parseDebugDoor } from '../../host/debug/debug-doors.ts'
import { Session } from '../../host/session.ts'
import { loadLab, type LoadOptions, type ReadLab, readLab } from '../../host/open-lab.ts'
import { restoreLab } from '../../host/snapshots/restore-lab.ts'
import { readCard } from '../../host/snapshots/snapshot-file.ts'
import type { Lab, LabEnd } from '../../lab/lab.ts'
import { version } from '../../host/version.ts'
import { usualHistory } from '../../lab/snapshot/history.ts'
import { formatTime } from '../../base/time.ts'
import { ConfigError } from '../../base/errors.ts'
import { suggestion } from '../../lab/suggest.ts'
import type { Topology } from '../../lab/topology.ts'
import { size } from '../../lab/units.ts'
import { exitCodes } from '../failure.ts'
import type { UpOptions } from '../options.ts'
import { ProgressBar } from '../progress-bar.ts'
import { readQuantity } from '../quantity.ts'
import { readSavePoints, SaveQueue } from '../save-points.ts'
import { readWorkers } from '../workers.ts'
import { UpScreen } from '../up-screen.ts'
import { stopOnSignals } from '../signals.ts'
import { describePlan } from './validate.ts'

export async function up(file: string | undefined, options: UpOptions): Promise<number> {
  const source = sourceOf(file, options)
  const { topology } = source.read
  checkConsole(options.console, topology)
  if (options.dryRun === true) {
    process.stdout.write(describePlan(topology))
    return exitCodes.ok
  }
  const points = readSavePoints(options.saveAt)
  // A debugger works on machines in the lab's own thread.
  const workers = options.gdb === undefined ? readWorkers(options.workers) : 1
  const historyBytes = readHistory(options.history, topology)
  if (options.detach === true) return (await import('../detach.ts')).detach(source.name)
  const detached = process.env['NETLOOM_DETACHED'] !== undefined
  const aborter = new AbortController()
  let session: Session | undefined
  const signals = stopOnSignals(() => (session === undefined ? aborter.abort() : session.driver.stop()))
  const started = performance.now()
  try {
    const bar = new ProgressBar(options.quiet === true)
    const { lab, read } = await source.load({ hear: bar.hear, signal: aborter.signal, historyBytes, workers }).finally(() => bar.done())
    const screen = new UpScreen(lab, options, detached)
    session = new Session(lab, read, { gdb: options.gdb?.map(parseDebugDoor), capture: options.capture, logs: options.logs, keep: options.keep, attended: screen.attended || detached, reachable: true })
    for (const door of await session.open()) process.stderr.write(doorText(door))
    const saves = new SaveQueue(session.snapshots, points, options.quiet === true)
    screen.open(session.driver)
    const end = await session.run().finally(() => screen.close())
    const failed = await saves.close()
    session.close(endText(end))
    if (options.quiet !== true) process.stderr.write(summary(lab.topology, end, performance.now() - started, lab.digest))
    if (failed !== undefined) throw failed
    return exitCodes.ok
  } finally {
    session?.close('the lab was stopped')
    signals.release()
  }
}

interface LabSource {
  readonly read: ReadLab
  /** Under which it will run. */
  readonly name: string
  load(options: Pick<LoadOptions, 'hear' | 'signal' | 'historyBytes' | 'workers'>): Promise<{ readonly lab: Lab; readonly read: ReadLab }>
}

/** From its file, or from a snapshot. @throws {ConfigError} */
function sourceOf(file: string | undefined, options: UpOptions): LabSource {
  const { from, name, seed } = options
  if (from === undefined) {
    const read = readLab({ file: file ?? options.file, name, seed })
    return { read, name: read.topology.name, load: async (how) => ({ lab: await loadLab(read, how), read }) }
  }
  if (file !== undefined || options.file !== undefined) throw new ConfigError('a snapshot knows its lab file', undefined, `leave it out: netloom up --from ${from}`)
  if (options.keep !== undefined) throw new ConfigError('--keep takes whole runs, and a saved lab began before', undefined, 'keep the run that starts from the lab file, or take a capture: --capture FILE')
  const card = readCard(from, version())
  return { read: readLab({ file: card.file, ...card.given }), name: name ?? card.lab, load: (how) => restoreLab(from, { ...how, name, seed }) }
}

/** @returns undefined for 0: then nothing is kept. @throws {ConfigError} */
function readHistory(text: string | undefined, topology: Topology): number | undefined {
  if (text === '0') return undefined
  return text === undefined ? usualHistory(topology) : readQuantity('--history', size, text)
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
