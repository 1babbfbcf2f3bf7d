/** One run of a lab until its tests are decided, and what is left of it when one has failed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FaultPlan, FaultScript } from '../lab/faults/fault-plan.ts'
import { explanationText } from '../lab/explain/explanation-text.ts'
import type { Lab, LabEnd } from '../lab/lab.ts'
import { runCard } from '../lab/runs/run-card.ts'
import type { HearProgress } from './images/archive.ts'
import { loadLab, type ReadLab } from './open-lab.ts'
import { runNames } from './run-keeper.ts'
import { Session, type SessionOptions } from './session.ts'

export interface TestRun {
  readonly lab: Lab
  readonly end: LabEnd
  readonly passed: boolean
  /** Milliseconds of the host's. */
  readonly wall: number
}

export interface TestRunOptions extends Pick<SessionOptions, 'capture' | 'logs' | 'keep'> {
  readonly hear?: HearProgress
  readonly signal: AbortSignal
  /** Said of tests that are still open at the end. */
  readonly endText: (end: LabEnd) => string
  /** Threads for machines, instead of the file's. */
  readonly workers?: number | 'auto' | undefined
  /** Instead of the file's. */
  readonly faults?: readonly FaultPlan[] | undefined
  readonly script?: FaultScript | undefined
}

/** @throws {ConfigError | HostError} */
export async function runTests(read: ReadLab, options: TestRunOptions): Promise<TestRun> {
  const chosen = options.faults === undefined ? read : { ...read, topology: { ...read.topology, faults: options.faults } }
  const started = performance.now()
  const lab = await loadLab(chosen, { signal: options.signal, workers: options.workers, ...(options.hear === undefined ? {} : { hear: options.hear }), ...(options.script === undefined ? {} : { script: options.script }) })
  lab.endWithTests = true
  const session = new Session(lab, chosen, { capture: options.capture, logs: options.logs, keep: options.keep, attended: false, reachable: false })
  const stop = (): void => session.driver.stop()
  options.signal.addEventListener('abort', stop)
  // A lab that waits for the outside has nothing that keeps Node from leaving: the metronome and the pumps don't, and nobody listens for commands.
  const stay = setInterval(() => undefined, 2 ** 30)
  try {
    await session.open()
    const end = await session.run()
    session.close(options.endText(end))
    return { lab, end, passed: lab.verdicts.all.every(({ outcome }) => outcome === 'passed'), wall: performance.now() - started }
  } finally {
    clearInterval(stay)
    options.signal.removeEventListener('abort', stop)
    session.close('the lab was stopped')
  }
}

/** Leaves hash, flight recorder, consoles, events and explanations of a run in `folder`. */
export function leaveBehind({ lab, end }: Pick<TestRun, 'lab' | 'end'>, folder: string): void {
  mkdirSync(join(folder, runNames.consoles), { recursive: true })
  writeFileSync(join(folder, runNames.card), `${JSON.stringify(runCard(lab, end), null, 2)}\n`)
  writeFileSync(join(folder, 'flight.pcapng'), lab.recorder.dump())
  for (const [node, { transcript }] of lab.machines) writeFileSync(join(folder, runNames.consoles, `${node}.log`), transcript.bytes)
  writeFileSync(join(folder, 'events.jsonl'), lab.journal.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  writeFileSync(join(folder, 'explain.txt'), [...lab.machines.keys()].map((node) => explanationText(lab.doctor.explain(node))).join('\n'))
}
