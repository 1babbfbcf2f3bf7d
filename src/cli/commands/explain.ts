/** `netloom explain [FILE] [NODE]`: why a node did not get on: of a running lab, or of a lab file that is run for it. */
import { existsSync } from 'node:fs'
import { ask, findLab } from '../../host/control-client.ts'
import { readLab } from '../../host/open-lab.ts'
import { runTests } from '../../host/test-run.ts'
import { ConfigError } from '../../base/errors.ts'
import { explanationText } from '../../lab/explain/explanation-text.ts'
import type { Explanation } from '../../lab/explain/doctor.ts'
import { suggestion } from '../../lab/suggest.ts'
import { exitCodes, printable } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'
import { ProgressBar } from '../progress-bar.ts'
import { stopOnSignals } from '../signals.ts'
import { endText } from './up.ts'

export async function explain(words: readonly string[], options: GlobalOptions): Promise<number> {
  const [first, second] = words
  const file = options.file ?? (first !== undefined && (/\.ya?ml$/.test(first) || existsSync(first)) ? first : undefined)
  const node = file === first ? second : first
  const all = file === undefined ? ((await ask(findLab(options.name).name, { do: 'explain' })) as Explanation[]) : await explainFile(file, options)
  const chosen = all.filter((one) => node === undefined || one.node === node)
  if (chosen.length === 0) throw new ConfigError(`there is no node "${node ?? ''}"`, undefined, suggestion(node ?? '', all.map((one) => one.node)) || undefined)
  if (options.format === 'json') process.stdout.write(`${JSON.stringify(chosen, null, 2)}\n`)
  else process.stdout.write(chosen.map((one) => (options.quiet === true ? `${printable(one.sentence)}\n` : text(one))).join('\n'))
  return exitCodes.ok
}

async function explainFile(file: string, options: GlobalOptions): Promise<Explanation[]> {
  const aborter = new AbortController()
  const signals = stopOnSignals(() => aborter.abort())
  const bar = new ProgressBar(options.quiet === true)
  try {
    const { lab } = await runTests(readLab({ file, name: options.name }), { hear: bar.hear, signal: aborter.signal, endText }).finally(() => bar.done())
    return [...lab.machines.keys()].map((node) => lab.doctor.explain(node))
  } finally {
    signals.release()
  }
}

const text = (one: Explanation): string => explanationText(one).split('\n').map(printable).join('\n')
