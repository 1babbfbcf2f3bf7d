/** `netloom cp`: a file between this computer and a running node, through the guest's agent: no network, no SSH. */
import { createReadStream, statSync } from 'node:fs'
import { once } from 'node:events'
import { basename, join, resolve } from 'node:path'
import { ConfigError } from '../../base/errors.ts'
import { findLab } from '../../host/control-client.ts'
import { askGuest } from '../../host/guest-client.ts'
import { exitCodes, printable } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'

/** `node1:/etc/hostname`; what has a slash before its colon is a path of this computer. */
const remote = /^([A-Za-z0-9_][A-Za-z0-9_.-]*):(.+)$/s

export async function cp(from: string, to: string, options: GlobalOptions): Promise<number> {
  const [source, target] = [remote.exec(from), remote.exec(to)]
  if (source !== null && target !== null) throw new ConfigError('both ends are nodes', undefined, `copy in two steps: netloom cp ${from} ./x && netloom cp ./x ${to}`)
  if (source === null && target === null) throw new ConfigError('neither end is a node', undefined, `netloom cp ${from} node1:/tmp/, or netloom cp node1:/etc/hostname .`)
  const lab = findLab(options.name).name
  const started = performance.now()
  const bytes = source !== null ? await fetch(lab, source[1], source[2], to, options) : await send(lab, (target as RegExpExecArray)[1], from, (target as RegExpExecArray)[2], options)
  if (bytes === undefined) return exitCodes.testFailed
  if (options.quiet !== true) process.stderr.write(`${bytes} bytes in ${((performance.now() - started) / 1000).toFixed(2)} s\n`)
  return exitCodes.ok
}

/** @returns bytes copied, or undefined when the guest refused, which has been said. */
async function send(lab: string, node: string, from: string, path: string, options: GlobalOptions): Promise<number | undefined> {
  const stats = from === '-' ? undefined : statSync(from)
  if (stats?.isDirectory() === true) throw new ConfigError(`${from} is a folder`, undefined, `tar -C ${from} -cf - . | netloom exec -i ${node} -- tar -C ${path} -xf -`)
  let count = 0
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of from === '-' ? process.stdin : createReadStream(from)) {
      count += (chunk as Buffer).length
      yield chunk as Buffer
    }
  }
  // A plain file is read by the lab itself; what is a pipe or a device has to go through here.
  const through = stats?.isFile() === true ? { file: resolve(from) } : {}
  const job = { do: 'put', path, name: from === '-' ? 'stdin' : basename(from), mode: (stats?.mode ?? 0o644) & 0o777 } as const
  const { trouble, bytes = count } = await askGuest(lab, { node, job, ...through }, { ...('file' in through ? {} : { input: counted() }), waiting: () => wait(node, options) })
  return trouble === undefined ? bytes : refused(node, trouble)
}

async function fetch(lab: string, node: string, path: string, to: string, options: GlobalOptions): Promise<number | undefined> {
  const job = { do: 'get', path } as const
  const waiting = (): void => wait(node, options)
  if (to === '-') {
    let count = 0
    const data = async (bytes: Uint8Array): Promise<void> => {
      count += bytes.length
      if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
    }
    const { trouble } = await askGuest(lab, { node, job }, { data, waiting })
    return trouble === undefined ? count : refused(node, trouble)
  }
  const { trouble, bytes = 0 } = await askGuest(lab, { node, job, file: resolve(isFolder(to) ? join(to, basename(path)) : to) }, { waiting })
  return trouble === undefined ? bytes : refused(node, trouble)
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

function refused(node: string, trouble: string): undefined {
  process.stderr.write(`${node}: ${printable(trouble)}\n`)
}

/** Said when the guest isn't as far as that yet. */
export function wait(node: string, options: GlobalOptions): void {
  if (options.quiet !== true) process.stderr.write(`waiting for the agent in ${node}\n`)
}
