/** `netloom logs`, `inspect`, `graph`, `schema`: looks at a running lab, or at a lab file. */
import { once } from 'node:events'
import type { LogEntry } from '../../base/log.ts'
import { formatTime } from '../../base/time.ts'
import { ask, findLab, open } from '../../host/control-client.ts'
import { readLab } from '../../host/open-lab.ts'
import { dot, mermaid } from '../../lab/graph.ts'
import { labJsonSchema } from '../../lab/json-schema.ts'
import { exitCodes, printable } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'
import { stopOnSignals } from '../signals.ts'
import { show, type TableRow } from '../table.ts'

/** What the parts of the lab said, or what a node's console said. */
export async function logs(node: string | undefined, options: GlobalOptions & { readonly follow?: boolean }): Promise<number> {
  const lab = findLab(options.name)
  if (options.follow === true) return followLogs(lab.name, node, options)
  const value = await ask(lab.name, { do: 'logs', node })
  if (typeof value === 'string') process.stdout.write(value)
  else if (options.format === 'json') process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  else for (const entry of value as LogEntry[]) process.stdout.write(entryText(entry))
  return exitCodes.ok
}

const entryText = ({ time, severity, source, message }: LogEntry): string => `${formatTime(time).padStart(14)}  ${severity.padEnd(5)}  ${source}: ${printable(message)}\n`

/** What there is, then what comes, until the lab is down or Ctrl-C. As JSON one entry a line. */
async function followLogs(lab: string, node: string | undefined, options: GlobalOptions): Promise<number> {
  const { value, socket, rest } = await open(lab, { do: 'logs', node, follow: true })
  const json = options.format === 'json'
  if (typeof value === 'string') process.stdout.write(value)
  else for (const entry of value as LogEntry[]) process.stdout.write(json ? `${JSON.stringify(entry)}\n` : entryText(entry))
  let line = ''
  const hear = (bytes: Uint8Array): void => {
    if (node !== undefined || json) return void process.stdout.write(bytes)
    const lines = (line + Buffer.from(bytes).toString('utf8')).split('\n')
    line = lines.pop() ?? ''
    for (const each of lines) process.stdout.write(entryText(JSON.parse(each) as LogEntry))
  }
  hear(rest)
  const signals = stopOnSignals(() => socket.end())
  socket.on('data', hear)
  socket.on('end', () => socket.end())
  socket.resume()
  await once(socket, 'close')
  signals.release()
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
