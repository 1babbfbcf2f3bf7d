/** `netloom down`: stops a running lab, or all of them. */
import { existsSync } from 'node:fs'
import { ask, findLab } from '../../host/control-client.ts'
import { recall } from '../../host/uplinks/nic-journal.ts'
import { runningLabs, socketPath } from '../../host/runtime-folder.ts'
import { HostError } from '../../host/host-error.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'

/** A lab closes within a slice of milliseconds; one that doesn't is stuck. */
const patience = 10_000
const beat = 20

export async function down(name: string | undefined, options: GlobalOptions & { readonly all?: boolean }): Promise<number> {
  // Interfaces that a killed lab kept (type: nic).
  recall()
  const labs = options.all === true ? runningLabs() : [findLab(name ?? options.name)]
  for (const lab of labs) {
    await ask(lab.name, { do: 'down' })
    await gone(lab.name, lab.pid)
    if (options.quiet !== true) process.stdout.write(`${lab.name} is down\n`)
  }
  return exitCodes.ok
}

async function gone(name: string, pid: number): Promise<void> {
  const deadline = performance.now() + patience
  while (runningLabs().some((lab) => lab.name === name && lab.pid === pid) || (process.platform !== 'win32' && existsSync(socketPath(name)))) {
    if (performance.now() > deadline) throw new HostError('ETIMEDOUT', `${name} does not stop`, `kill ${pid}`)
    await new Promise((resolve) => setTimeout(resolve, beat))
  }
}
