/** Reads a run back that `--keep` has left in a folder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, Malformed } from '../base/errors.ts'
import type { KeptConsole, KeptRun } from '../lab/runs/diff-runs.ts'
import { parseStamps } from '../lab/runs/line-stamps.ts'
import type { RunCard } from '../lab/runs/run-card.ts'
import { parse } from '../wire/pcapng.ts'
import { runNames } from './run-keeper.ts'

/** @throws {ConfigError} when the folder holds no run, or one of another version. */
export function readKeptRun(folder: string): KeptRun {
  const card = readCard(folder)
  const file = join(folder, runNames.frames)
  try {
    return { card, frames: parse(readFileSync(file)), consoles: readConsoles(join(folder, runNames.consoles)) }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new ConfigError(`${file} can't be read: ${error.message}`, undefined, 'the run was cut short; keep it anew with --keep')
  }
}

function readCard(folder: string): RunCard {
  const file = join(folder, runNames.card)
  if (!existsSync(file)) throw new ConfigError(`${folder} holds no kept run: there is no ${runNames.card}`, undefined, 'keep one: netloom up --keep DIR, or netloom test --keep DIR')
  let card: RunCard
  try {
    card = JSON.parse(readFileSync(file, 'utf8')) as RunCard
  } catch (error) {
    throw new ConfigError(`${file} is not JSON: ${(error as Error).message}`)
  }
  if (card.format !== 1 || typeof card.digest !== 'string') throw new ConfigError(`${file} is of another version`, undefined, 'keep the run anew with this version of netloom')
  return card
}

function readConsoles(folder: string): Record<string, KeptConsole> {
  const nodes = readdirSync(folder).filter((file) => file.endsWith('.log')).map((file) => file.slice(0, -4)).sort()
  return Object.fromEntries(nodes.map((node) => [node, { bytes: readFileSync(join(folder, `${node}.log`)), stamps: parseStamps(readFileSync(join(folder, `${node}.stamps`), 'utf8')) }]))
}
