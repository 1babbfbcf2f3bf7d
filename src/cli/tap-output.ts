/** Verdicts in the Test Anything Protocol, version 14. */
import type { Verdict } from '../lab/verdicts.ts'

export interface LabVerdicts {
  readonly lab: string
  readonly verdicts: readonly Verdict[]
}

export function tapText(labs: readonly LabVerdicts[]): string {
  const all = labs.flatMap(({ lab, verdicts }) => verdicts.map((verdict) => ({ lab, ...verdict })))
  const lines = all.map(({ lab, name, outcome, message }, at) => `${outcome === 'passed' ? 'ok' : 'not ok'} ${at + 1} - ${plain(`${lab}: ${name}`)}${outcome === 'passed' ? '' : `\n  ---\n  message: ${JSON.stringify(message)}\n  ...`}`)
  return ['TAP version 14', `1..${all.length}`, ...lines, ''].join('\n')
}

/** `#` begins a directive. */
const plain = (text: string): string => text.replace(/[\r\n]/g, ' ').replace(/#/g, '\\#')
