/** `netloom diff RUN RUN`: where two kept runs part. Exit code 1 when they do. */
import { formatTime } from '../../base/time.ts'
import { readKeptRun } from '../../host/kept-run.ts'
import { diffRuns } from '../../lab/runs/diff-runs.ts'
import { exitCodes, printable } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'

export function diff(first: string, second: string, options: GlobalOptions): number {
  const [a, b] = [readKeptRun(first), readKeptRun(second)]
  const found = diffRuns(a, b)
  if (options.format === 'json') {
    process.stdout.write(`${JSON.stringify({ same: found === undefined, runs: [a.card.digest, b.card.digest], difference: found ?? null }, null, 2)}\n`)
    return found === undefined ? exitCodes.ok : exitCodes.testFailed
  }
  if (found === undefined) {
    process.stdout.write(`the same run: ${a.card.digest}\n`)
    return exitCodes.ok
  }
  const { time, where, sides, fields } = found
  process.stdout.write(`${a.card.digest} and ${b.card.digest} part ${time === undefined ? '' : `at ${formatTime(time)}, `}in ${printable(where)}\n  ${printable(first)}: ${printable(sides[0])}\n  ${printable(second)}: ${printable(sides[1])}\n${fields.map((field) => `    ${printable(field)}\n`).join('')}`)
  return exitCodes.testFailed
}
