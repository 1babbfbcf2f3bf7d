/** `netloom exec`: a command in a running node; its output is ours, its exit code as well. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { ConfigError } from '../../base/errors.ts'
import { findLab } from '../../host/control-client.ts'
import { askGuest } from '../../host/guest-client.ts'
import { printable } from '../failure.ts'
import type { ExecOptions } from '../options.ts'
import { wait } from './cp.ts'

const interrupt = 2

export async function exec(node: string, command: readonly string[], options: ExecOptions): Promise<number> {
  const words = command[0] === '--' ? command.slice(1) : command
  if (words.length === 0) throw new ConfigError('there is no command', undefined, `netloom exec ${node} -- uname -a`)
  const lab = findLab(options.name).name
  const job = { do: 'run', words, folder: options.workdir, input: options.input === true } as const
  let stop: (() => void) | undefined
  const { code, trouble } = await askGuest(lab, { node, job }, {
    ...(options.input === true ? { input: process.stdin } : {}),
    waiting: () => wait(node, options),
    data: (bytes) => put(process.stdout, bytes),
    complaint: (bytes) => put(process.stderr, bytes),
    begun: (signal) => {
      stop = () => signal(interrupt)
      process.on('SIGINT', stop)
    },
  }).finally(() => void (stop !== undefined && process.off('SIGINT', stop)))
  if (trouble !== undefined) process.stderr.write(`${node}: ${printable(trouble)}\n`)
  // A terminal that is still to type would keep us here.
  if (options.input === true) process.stdin.destroy()
  return code
}

async function put(to: Writable, bytes: Uint8Array): Promise<void> {
  if (!to.write(bytes)) await once(to, 'drain')
}
