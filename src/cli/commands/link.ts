/** `netloom link set|show|reset|up|down`: faults of a running lab's links, while it runs. */
import { ConfigError } from '../../base/errors.ts'
import { ask, findLab } from '../../host/control-client.ts'
import { readImpair } from '../../lab/faults/read-impair.ts'
import { impairSchema } from '../../lab/schema.ts'
import { list, nearest } from '../../lab/suggest.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'
import { show, type TableRow } from '../table.ts'

/** @param words `delay 10ms loss 1%`, as in `impair:`. */
export async function linkSet(where: string, words: readonly string[], options: GlobalOptions): Promise<number> {
  await ask(findLab(options.name).name, { do: 'link', where, change: { set: faultsOf(words) } })
  return linkShow(where, options)
}

export async function linkTurn(where: string, set: 'up' | 'down' | 'reset', options: GlobalOptions): Promise<number> {
  await ask(findLab(options.name).name, { do: 'link', where, change: { set } })
  return linkShow(where, options)
}

export async function linkShow(where: string | undefined, options: GlobalOptions): Promise<number> {
  if (options.quiet === true) return exitCodes.ok
  show((await ask(findLab(options.name).name, { do: 'links', where })) as TableRow[], options.format ?? 'table', 'there are no links')
  return exitCodes.ok
}

function faultsOf(words: readonly string[]): ReturnType<typeof readImpair> {
  const known = Object.keys(impairSchema.shape)
  const text: Record<string, unknown> = {}
  for (let at = 0; at < words.length; at += 2) {
    const [key, value] = [words[at], words[at + 1]]
    const near = nearest(key, known)
    if (!known.includes(key)) throw new ConfigError(`link set knows no "${key}"`, undefined, near === undefined ? `there is ${list(known, 'and')}` : `did you mean "${near}"?`)
    if (value === undefined) throw new ConfigError(`link set: "${key}" needs a value`, undefined, `e.g. netloom link set node1:eth0 delay 10ms loss 1%`)
    text[key] = key === 'burst' ? Number(value) : value === '0' ? 0 : value
  }
  const checked = impairSchema.safeParse(text)
  if (!checked.success) throw new ConfigError(`link set: ${checked.error.issues[0].path.join('.')}: ${checked.error.issues[0].message}`)
  try {
    return readImpair(checked.data)
  } catch (error) {
    throw error instanceof RangeError ? new ConfigError(`link set: ${error.message}`) : error
  }
}
