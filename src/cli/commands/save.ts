/** `netloom save`, `restore` and `fork`: a running lab into a file, and on from there. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError } from '../../base/errors.ts'
import { ask, findLab } from '../../host/control-client.ts'
import { HostError } from '../../host/host-error.ts'
import type { SavedLab } from '../../host/snapshots/take-snapshot.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions, UpOptions } from '../options.ts'
import { describeSaved } from '../save-points.ts'
import { up } from './up.ts'

export async function save(file: string | undefined, options: GlobalOptions): Promise<number> {
  const { name } = findLab(options.name)
  const path = resolve(file ?? `${name}.nlsnap`)
  if (existsSync(path) && options.yes !== true) throw new HostError('EEXIST', `${path} is there already`, 'netloom save -y overwrites it; netloom save OTHER.nlsnap does not')
  const saved = (await ask(name, { do: 'save', file: path })) as SavedLab
  if (options.format === 'json') process.stdout.write(`${JSON.stringify(saved)}\n`)
  else if (options.quiet !== true) process.stdout.write(`${name} is saved as of ${describeSaved(saved)}; netloom restore ${file ?? `${name}.nlsnap`}\n`)
  return exitCodes.ok
}

export function restore(snapshot: string, options: UpOptions): Promise<number> {
  return up(undefined, { ...options, from: snapshot })
}

export function fork(snapshot: string, options: UpOptions): Promise<number> {
  if (options.seed === undefined && options.name === undefined) throw new ConfigError('a fork differs in its seed or its name', undefined, `netloom fork ${snapshot} --seed 2; netloom restore ${snapshot} goes on as it was`)
  return up(undefined, { ...options, from: snapshot })
}
