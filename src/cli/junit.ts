/** Verdicts as JUnit XML, the form every CI reads. */
import type { Verdict } from '../lab/verdicts.ts'

export interface Suite {
  readonly lab: string
  readonly verdicts: readonly Verdict[]
  /** Milliseconds of the host. */
  readonly wall: number
  /** Why it was not run; then there are no verdicts. */
  readonly skipped?: string | undefined
}

export function junit(suites: readonly Suite[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.map(suiteText).join('')}</testsuites>\n`
}

function suiteText({ lab, verdicts, wall, skipped }: Suite): string {
  if (skipped !== undefined) return `  <testsuite name="${escape(lab)}" tests="1" failures="0" skipped="1" time="0.000">\n    <testcase classname="${escape(lab)}" name="${escape(lab)}" time="0.000000">\n      <skipped message="${escape(skipped)}"/>\n    </testcase>\n  </testsuite>\n`
  const failed = verdicts.filter((verdict) => verdict.outcome !== 'passed').length
  const cases = verdicts.map(({ name, outcome, message, time }) => {
    const head = `    <testcase classname="${escape(lab)}" name="${escape(name)}" time="${((time ?? 0) / 1e9).toFixed(6)}"`
    return outcome === 'passed' ? `${head}/>` : `${head}>\n      <failure message="${escape(message)}"/>\n    </testcase>`
  })
  return `  <testsuite name="${escape(lab)}" tests="${verdicts.length}" failures="${failed}" time="${(wall / 1000).toFixed(3)}">\n${cases.join('\n')}\n  </testsuite>\n`
}

/** XML 1.0 has no place for most control characters, not even as references. */
function escape(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\x00-\x08\x0b-\x1f]/g, '?').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}
