/** `netloom forward add/rm/ls`: ports of this computer that are a running lab's guests'. */
import { ConfigError } from '../../base/errors.ts'
import { ask, findLab } from '../../host/control-client.ts'
import { parseAt, parseForward } from '../../lab/forward-words.ts'
import type { ForwardRow } from '../../host/nat/forwards.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'
import { show } from '../table.ts'

export async function add(node: string, ports: string, options: GlobalOptions): Promise<number> {
  const lab = findLab(options.name)
  const plan = parseForward(ports) ?? wrong(ports, "this computer's port and the guest's", '2222:22, 0.0.0.0:2222:22, 5353:53/udp or /run/web.sock:80')
  const row = (await ask(lab.name, { do: 'forward', node, plan })) as ForwardRow
  if (options.quiet !== true) process.stderr.write(`${row.at} is ${row.node}:${row.port} until ${lab.name} is down\n`)
  return exitCodes.ok
}

export async function remove(at: string, options: GlobalOptions): Promise<number> {
  const lab = findLab(options.name)
  const plan = parseAt(at) ?? wrong(at, "this computer's end of a forward", '2222, 0.0.0.0:2222, 5353/udp or /run/web.sock')
  const row = (await ask(lab.name, { do: 'unforward', plan })) as ForwardRow
  if (options.quiet !== true) process.stderr.write(`${row.at} leads nowhere any more; connections under way stay\n`)
  return exitCodes.ok
}

export async function list(options: GlobalOptions): Promise<number> {
  const lab = findLab(options.name)
  show((await ask(lab.name, { do: 'forwards' })) as (ForwardRow & Record<string, string | number>)[], options.format ?? 'table', 'no ports are forwarded')
  return exitCodes.ok
}

function wrong(found: string, expected: string, hint: string): never {
  throw new ConfigError(`found "${found}", expected ${expected}`, undefined, hint)
}
