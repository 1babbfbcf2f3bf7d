/** `netloom init [EXAMPLE]`: a lab file to begin with, copied from the labs that ship. */
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../../base/errors.ts'
import { HostError } from '../../host/host-error.ts'
import { suggestion } from '../../lab/suggest.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'

const usual = 'hello'

export function init(example: string | undefined, options: GlobalOptions & { readonly list?: boolean }): number {
  const folder = topologies()
  const names = readdirSync(folder).filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -5)).sort()
  if (options.list === true) {
    for (const name of names) process.stdout.write(`${name.padEnd(20)} ${about(join(folder, `${name}.yaml`))}\n`)
    return exitCodes.ok
  }
  const name = example ?? usual
  if (!names.includes(name)) throw new ConfigError(`there is no example "${name}"`, undefined, suggestion(name, names))
  const target = options.file ?? 'lab.yaml'
  if (existsSync(target) && options.yes !== true) throw new HostError('EEXIST', `${target} is there already`, `netloom init ${name} -y overwrites it; netloom init ${name} -f OTHER.yaml does not`)
  copyFileSync(join(folder, `${name}.yaml`), target)
  if (options.quiet !== true) process.stdout.write(`${target} is written; netloom up ${target === 'lab.yaml' ? '' : target}\n`)
  return exitCodes.ok
}

/** `topologies/` of the package: beside `src/` in a clone, beside `dist/` once installed. */
function topologies(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'topologies')) && existsSync(join(folder, 'package.json'))) return join(folder, 'topologies')
  }
  throw new HostError('ENOENT', 'the examples are not where the program is', 'reinstall netloom')
}

/** The first comment of the file. */
function about(path: string): string {
  return /^#\s*(.*)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? ''
}
