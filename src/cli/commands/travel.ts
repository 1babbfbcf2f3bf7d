/** `netloom replay RUN --to MOMENT --gdb NODE`: a kept run up to a moment, what there is to see then, and a debugger that can go back from there. */
import { debuggable, type DebugDoor, doorText, parseDebugDoor } from '../../host/debug/debug-doors.ts'
import { GdbServer } from '../../host/debug/gdb-server.ts'
import { keptInputs } from '../../host/debug/kept-inputs.ts'
import { gotoWords, reachMoment } from '../../host/debug/moments.ts'
import { ReplayDebuggee } from '../../host/debug/replay-debuggee.ts'
import { TimeMachine } from '../../host/debug/time-machine.ts'
import { readKeptRun } from '../../host/kept-run.ts'
import { ConfigError } from '../../base/errors.ts'
import { parseMoment } from '../../lab/debug/moment.ts'
import { reportMachine } from '../../lab/debug/report.ts'
import type { KeptRun } from '../../lab/runs/diff-runs.ts'
import { exitCodes, printable } from '../failure.ts'
import type { ReplayOptions } from '../options.ts'
import { stopOnSignals } from '../signals.ts'

export async function travel(folder: string, options: ReplayOptions): Promise<number> {
  if (options.keep !== undefined) throw new ConfigError('a replay that is looked into is kept nowhere', undefined, 'leave out --keep, or --to and --gdb')
  const moment = options.to === undefined ? undefined : parseMoment(options.to)
  const door = options.gdb === undefined ? undefined : parseDebugDoor(options.gdb)
  const kept = readKeptRun(folder)
  const { run, read } = keptInputs(folder, kept, options.file)
  const [first] = read.topology.machines
  if (first === undefined) throw new ConfigError('the lab has no machine to look into')
  const time = await TimeMachine.open(run, first.name)
  try {
    if (door !== undefined) time.node = debuggable(time.lab, door.node).name
    if (moment === undefined) await time.reachFirst()
    else {
      const { text, node } = await reachMoment(time, moment, kept.frames)
      show(time, text, node ?? door?.node, options)
    }
    if (door !== undefined) await serve(time, door, kept, options.quiet === true)
    return exitCodes.ok
  } finally {
    time.close()
  }
}

/** One machine, or all when none is meant. A stable contract in JSON. */
function show(time: TimeMachine, text: string, node: string | undefined, { format, quiet }: ReplayOptions): void {
  const islands = [...time.lab.machines.values()].filter(({ name }) => node === undefined || name === node)
  if (format === 'json') {
    const machines = Object.fromEntries(islands.map((island) => [island.name, { time: island.machine.core.now, retired: island.machine.core.retired, state: island.state, report: reportMachine(island) }]))
    process.stdout.write(`${JSON.stringify({ moment: text.trimEnd(), time: time.lab.now, machines }, null, 2)}\n`)
  } else if (quiet !== true) process.stdout.write(`${printable(text)}${islands.map((island) => `\n${printable(reportMachine(island))}`).join('')}`)
}

/** Until the debugger has gone, or Ctrl-C. */
async function serve(time: TimeMachine, door: DebugDoor, kept: KeptRun, quiet: boolean): Promise<void> {
  let gone: () => void = () => undefined
  const over = new Promise<void>((resolve) => (gone = resolve))
  const server = new GdbServer(() => new ReplayDebuggee(time, (words) => gotoWords(time, words, kept.frames), gone))
  const place = await server.open(door)
  const signals = stopOnSignals(gone)
  if (!quiet) process.stderr.write(doorText({ ...place, node: door.node }))
  try {
    await over
  } finally {
    server.close()
    signals.release()
  }
}
