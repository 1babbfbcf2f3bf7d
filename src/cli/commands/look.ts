/** `netloom logs`, `inspect`, `graph`, `schema`: looks at a running lab, or at a lab file. */
import type { LogEntry } from '../../base/log.ts'
import { formatTime } from '../../base/time.ts'
import { ask, findLab } from '../../host/control-client.ts'
import { readLab } from '../../host/open-lab.ts'
import { dot, mermaid } from '../../lab/graph.ts'
import { labJsonSchema } from '../../lab/json-schema.ts'
import { exitCodes, printable } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'
import { show, type TableRow } from '../table.ts'

/** What the parts of the lab said, or what a node's console said. */
export async function logs(node: string | undefined, options: GlobalOptions): Promise<number> {
  const lab = findLab(options.name)
  const value = await ask(lab.name, { do: 'logs', node })
  if (typeof value === 'string') process.stdout.write(value)
  else if (options.format === 'json') process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  else for (const { time, severity, source, message } of value as LogEntry[]) process.stdout.write(`${formatTime(time).padStart(14)}  ${severity.padEnd(5)}  ${source}: ${printable(message)}\n`)
  return exitCodes.ok
}

export async function inspect(what: string | undefined, options: GlobalOptions): Promise<number> {
  const lab = findLab(options.name)
  const asked = what ?? 'leases'
  const rows = (await ask(lab.name, { do: 'inspect', what: asked })) as TableRow[]
  show(rows, options.format ?? 'table', `the table ${asked} is empty`)
  return exitCodes.ok
}

export function graph(file: string | undefined, options: GlobalOptions & { readonly as?: string }): number {
  const { topology } = readLab({ file: file ?? options.file, name: options.name })
  process.stdout.write(options.as === 'dot' ? dot(topology) : mermaid(topology))
  return exitCodes.ok
}

export function schema(): number {
  process.stdout.write(`${JSON.stringify(labJsonSchema(), null, 2)}\n`)
  return exitCodes.ok
}
