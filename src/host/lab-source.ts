/** Finds and reads lab files on the host. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { ConfigError } from '../base/errors.ts'
import type { LabSource } from '../lab/assemble.ts'

/** Looked for in the current folder when no file is named. */
export const usualNames = ['lab.yaml', 'lab.yml', 'netloom.yaml', 'netloom.yml']
const longestFile = 1 << 20

export interface OpenedSource extends LabSource {
  /** Absolute; what the lab file's own paths are relative to. */
  readonly folder: string
  /** Its own absolute name. */
  readonly path: string
}

/** @param name a file, or undefined for the usual one. @throws {ConfigError} when there is none. */
export function openSource(name: string | undefined, environment: NodeJS.ProcessEnv = process.env): OpenedSource {
  const file = name ?? usualNames.find((one) => existsSync(one))
  if (file === undefined) throw new ConfigError(`there is no ${usualNames[0]} in this folder`, undefined, 'name one: netloom up FILE, or make one: netloom init')
  const folder = dirname(resolve(file))
  return { file, text: read(file), environment, folder, path: resolve(file), include: (wanted, from) => included(wanted, from) }
}

function included(wanted: string, from: string): { file: string; text: string } {
  const path = isAbsolute(wanted) ? wanted : resolve(dirname(from), wanted)
  const file = isAbsolute(from) || isAbsolute(wanted) ? path : relative('', path)
  return { file, text: readChecked(file) }
}

function read(file: string): string {
  try {
    return readChecked(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new ConfigError(`there is no file ${file}`, undefined, 'check the name, or make one: netloom init')
    throw new ConfigError(`cannot read ${file}: ${message}`)
  }
}

function readChecked(file: string): string {
  const stat = statSync(file)
  if (stat.isDirectory()) throw new Error('it is a folder')
  if (stat.size > longestFile) throw new Error(`it is ${stat.size} bytes long; a lab file may have ${longestFile}`)
  const bytes = readFileSync(file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('it is not UTF-8 text')
  }
}
