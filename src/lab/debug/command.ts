/** `monitor` commands of a debugger: what it can ask a lab beyond its own words. */
import { formatTime } from '../../base/time.ts'
import type { MachineIsland } from '../machine-island.ts'
import { reportMachine, rings } from './report.ts'

export interface CommandParts {
  readonly island: () => MachineIsland
  /** Goes to a moment of the run. @returns what came of it. Undefined where time can't be moved. */
  readonly goto: ((moment: string) => Promise<string>) | undefined
}

const help = `time            the instant, and instructions retired
dump            registers, the instructions at pc, network rings
rings           network cards and their rings
goto MOMENT     3.2s, frame:412 or console:"Kernel panic", in a run that is replayed; then: maintenance flush register-cache
`

/** @returns lines of text; never throws for what was typed. */
export async function command(words: string, parts: CommandParts): Promise<string> {
  const [word = 'help', rest = ''] = words.trim().split(/\s+(.*)/s)
  const island = parts.island()
  switch (word) {
    case 'time':
      return `${formatTime(island.machine.core.now)}, ${island.machine.core.now} ns, ${island.machine.core.retired} instructions retired\n`
    case 'dump':
      return reportMachine(island)
    case 'rings':
      return rings(island.machine.nics)
    case 'goto':
      return parts.goto === undefined ? 'a running lab has no other time: keep the run (netloom up --keep DIR) and debug it again (netloom replay DIR --gdb NODE)\n' : parts.goto(rest)
    default:
      return help
  }
}
