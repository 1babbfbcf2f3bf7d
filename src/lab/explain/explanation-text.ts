/** An explanation as text: the timeline, and the last word. */
import { formatTime } from '../../base/time.ts'
import type { Explanation } from './doctor.ts'

export function explanationText({ node, timeline, failed, sentence }: Explanation): string {
  const width = Math.max(0, ...timeline.map(({ topic }) => topic.length))
  const lines = timeline.map(({ time, topic, text }) => `${formatTime(time).padStart(14)}  ${topic.padEnd(width)}  ${text}`)
  const tests = failed.map(({ name, message }) => `  test ${name} failed: ${message}`)
  return `${[`${node}:`, ...lines, ...tests, sentence].join('\n')}\n`
}
