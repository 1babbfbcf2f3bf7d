/** `netloom stack`: our TCP/IP stack by itself on virtual time, driven by JSON lines over a unix socket or over standard input and output. */
import { resolve } from 'node:path'
import { serveStack, StackPortServer } from '../../host/stack-port-server.ts'
import { exitCodes } from '../failure.ts'
import type { StackOptions } from '../options.ts'

export async function stack({ listen, quiet }: StackOptions): Promise<number> {
  if (listen === undefined) {
    await serveStack(process.stdin, process.stdout)
    return exitCodes.ok
  }
  const path = resolve(listen)
  const server = new StackPortServer(path)
  await server.open()
  if (quiet !== true) process.stderr.write(`the stack listens on ${path}; one JSON request a line, Ctrl-C ends it\n`)
  await new Promise<void>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  })
  server.close()
  return exitCodes.ok
}
