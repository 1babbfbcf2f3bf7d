/** `netloom events`: what the parts of a running lab said, one JSON object a line. A stable contract: time in nanoseconds, severity, source, event, message, fields. */
import type { LogEntry } from '../../base/log.ts'
import { ask, findLab } from '../../host/control-client.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'

export async function events(options: GlobalOptions): Promise<number> {
  const entries = (await ask(findLab(options.name).name, { do: 'logs' })) as LogEntry[]
  for (const entry of entries) process.stdout.write(`${JSON.stringify(entry)}\n`)
  return exitCodes.ok
}
