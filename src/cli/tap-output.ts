/** Verdicts in the Test Anything Protocol, version 14. */
import type { Verdict } from '../lab/verdicts.ts'

export interface LabVerdicts {
  readonly lab: string
  readonly verdicts: readonly Verdict[]
  /** Why it was not run; then there are no verdicts. */
  readonly skipped?: string | undefined
}

export function tapText(labs: readonly LabVerdicts[]): string {
  const lines = labs.flatMap(({ lab, verdicts, skipped }) => (skipped === undefined ? verdicts.map((verdict) => point(lab, verdict)) : [(at: number): string => `ok ${at} - ${plain(lab)} # SKIP ${plain(skipped)}`]))
  return ['TAP version 14', `1..${lines.length}`, ...lines.map((line, at) => line(at + 1)), ''].join('\n')
}

const point = (lab: string, { name, outcome, message }: Verdict) => (at: number): string =>
  `${outcome === 'passed' ? 'ok' : 'not ok'} ${at} - ${plain(`${lab}: ${name}`)}${outcome === 'passed' ? '' : `\n  ---\n  message: ${JSON.stringify(message)}\n  ...`}`

/** `#` begins a directive. */
const plain = (text: string): string => text.replace(/[\r\n]/g, ' ').replace(/#/g, '\\#')
