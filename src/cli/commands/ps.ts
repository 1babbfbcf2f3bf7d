/** `netloom ps`: what runs. */
import { ask } from '../../host/control-client.ts'
import type { LabRow } from '../../host/control-protocol.ts'
import { runningLabs } from '../../host/runtime-folder.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'
import { show } from '../table.ts'

export async function ps(options: GlobalOptions): Promise<number> {
  const labs: LabRow[] = []
  for (const { name } of runningLabs()) {
    if (options.name !== undefined && options.name !== name) continue
    // A lab that ends while we ask is simply not running.
    const row = await ask(name, { do: 'ps' }).catch(() => undefined)
    if (row !== undefined) labs.push(row as LabRow)
  }
  if (options.format === 'json') process.stdout.write(`${JSON.stringify(labs, null, 2)}\n`)
  else show(labs.flatMap((lab) => lab.nodes.map((node) => ({ lab: lab.name, ...node, time: `${lab.time.toFixed(3)}s` }))), 'table', 'no lab is running; netloom up starts one')
  return exitCodes.ok
}
