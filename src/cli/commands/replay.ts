/** `netloom replay RUN`: a kept run once more, from its inputs alone; exit code 1 when its hash is another. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../base/errors.ts'
import { formatTime, type Instant } from '../../base/time.ts'
import { readKeptRun } from '../../host/kept-run.ts'
import { loadLab, readLab } from '../../host/open-lab.ts'
import { readInputs, replay as play } from '../../host/replay-run.ts'
import { runNames, RunKeeper } from '../../host/run-keeper.ts'
import { exitCodes, printable } from '../failure.ts'
import type { ReplayOptions } from '../options.ts'

export async function replay(folder: string, options: ReplayOptions): Promise<number> {
  if (options.to !== undefined || options.gdb !== undefined) return (await import('./travel.ts')).travel(folder, options)
  const { card } = readKeptRun(folder)
  const file = options.file ?? card.file
  if (file === undefined) throw new ConfigError(`${folder} does not say of which lab file it is`, undefined, 'name it: -f FILE')
  const inputs = readInputs(folder)
  const read = readLab({ file, name: card.lab, seed: card.seed })
  const lab = await loadLab(read)
  const keeper = options.keep === undefined ? undefined : new RunKeeper(lab, options.keep, file)
  const state = play(lab, inputs, card)
  const { digest } = lab
  lab.close('the replay ended')
  keeper?.close(state.kind === 'ended' ? state.end : card.end)
  const size = statSync(join(folder, runNames.inputs)).size
  const same = digest === card.digest
  if (options.format === 'json') process.stdout.write(`${JSON.stringify({ same, runs: [card.digest, digest], inputs: inputs.length, inputBytes: size }, null, 2)}\n`)
  else if (options.quiet !== true) process.stdout.write(`${printable(card.lab)} replayed to ${formatTime(card.end.time as Instant)} from ${inputs.length} inputs (${size} bytes): ${same ? `the same run ${digest}` : `another run, ${digest} instead of ${card.digest}; keep it (--keep DIR) and netloom diff tells where they part`}\n`)
  return same ? exitCodes.ok : exitCodes.testFailed
}
