/** `netloom console NODE`: this terminal on the console of a running node. */
import { findLab, open } from '../../host/control-client.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'
import { attachTerminal } from '../terminal.ts'

export async function console(node: string, options: GlobalOptions): Promise<number> {
  const lab = findLab(options.name)
  const { socket, rest } = await open(lab.name, { do: 'console', node })
  if (options.quiet !== true && process.stdin.isTTY === true) process.stderr.write(`console of ${node}: Ctrl-] leaves it\r\n`)
  process.stdout.write(rest)
  await new Promise<void>((resolve) => {
    const terminal = attachTerminal(
      (bytes) => socket.write(bytes),
      // A pipe that has ended has typed everything; what the guest answers is still worth hearing.
      (how) => how === 'key' && socket.destroy(),
    )
    socket.on('data', (bytes) => process.stdout.write(bytes))
    socket.on('end', () => socket.end())
    socket.on('close', () => {
      terminal.leave()
      resolve()
    })
    socket.resume()
  })
  if (options.quiet !== true && process.stdout.isTTY === true) process.stderr.write(`\r\nleft the console of ${node}\n`)
  return exitCodes.ok
}
