/** `up -d`: the same command in a process of its own, and a wait until its lab answers. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { HostError } from '../host/host-error.ts'
import { ask } from '../host/control-client.ts'
import { logPath, runningLabs } from '../host/runtime-folder.ts'
import { exitCodes } from './failure.ts'

/** How often the new process is looked at, in milliseconds. */
const beat = 50

/** @throws {HostError} when the lab ends before it answers; its own words are in the sentence. */
export async function detach(name: string): Promise<number> {
  if (runningLabs().some((lab) => lab.name === name)) throw new HostError('EADDRINUSE', `a lab called ${name} is running already`, `netloom down ${name}, or give this one another name: --name`)
  const log = logPath(name)
  const output = openSync(log, 'w', 0o600)
  const words = process.argv.slice(1).filter((word) => word !== '-d' && word !== '--detach')
  const child = spawn(process.execPath, [...process.execArgv, ...words], { detached: true, stdio: ['ignore', output, output], env: { ...process.env, NETLOOM_DETACHED: '1' } })
  closeSync(output)
  let code: number | null | undefined
  child.on('exit', (status) => (code = status))
  for (;;) {
    if (code !== undefined) return ended(code, log)
    if (runningLabs().some((lab) => lab.name === name && lab.pid === child.pid)) break
    await new Promise((resolve) => setTimeout(resolve, beat))
  }
  await ask(name, { do: 'ps' }).catch(() => undefined)
  child.unref()
  process.stdout.write(`${name} is running (process ${child.pid}); netloom ps, netloom console NODE, netloom down\n`)
  return exitCodes.ok
}

/** A lab that is over before anybody looked has either done all it had to do, or never begun. */
function ended(code: number | null, log: string): number {
  const said = readFileSync(log, 'utf8')
  process[code === 0 ? 'stdout' : 'stderr'].write(said)
  return code ?? exitCodes.ourFault
}
