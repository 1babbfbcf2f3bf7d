/** Tests of what a console says: once, never, or in a dialogue. */
import { utf8 } from '../../base/bytes.ts'
import type { DialogueStep } from '../topology.ts'
import { PatternWatch } from './pattern-watch.ts'
import { showPattern, type TextPattern } from './text-pattern.ts'
import type { Decide, Watch, Witnesses } from './watch.ts'

export function watchConsole({ node, pattern }: { readonly node: string; readonly pattern: TextPattern }, witnesses: Witnesses, decide: Decide): Watch {
  const watch = new PatternWatch(pattern)
  witnesses.transcript(node).listen((bytes, time) => {
    const found = watch.feed(bytes)
    if (found !== undefined) decide('passed', time, `${node} said ${pattern.expression === undefined ? showPattern(pattern) : JSON.stringify(found)}`)
  })
  return { missing: () => `${node} never said ${showPattern(pattern)}` }
}

export function watchNever({ node, pattern }: { readonly node: string; readonly pattern: TextPattern }, witnesses: Witnesses, decide: Decide): Watch {
  const watch = new PatternWatch(pattern)
  witnesses.transcript(node).listen((bytes, time) => {
    const found = watch.feed(bytes)
    if (found !== undefined) decide('failed', time, `${node} said ${JSON.stringify(found)}`)
  })
  return { standing: true, missing: () => `${node} never said ${showPattern(pattern)}` }
}

/** What is sent is typed in the instant in which the text before it was seen: a dialogue is part of the run, not of the outside. */
export function watchDialogue({ node, steps }: { readonly node: string; readonly steps: readonly DialogueStep[] }, witnesses: Witnesses, decide: Decide): Watch {
  const transcript = witnesses.transcript(node)
  let at = 0
  let watch: PatternWatch | undefined
  const proceed = (time: Parameters<Decide>[1]): void => {
    for (let step = steps[at]; step !== undefined && 'send' in step; step = steps[++at]) witnesses.speak(node, time, utf8(step.send))
    const next = steps[at]
    watch = next !== undefined && 'expect' in next ? new PatternWatch(next.expect) : undefined
    if (watch === undefined) decide('passed', time, `${node} went through all ${steps.length} steps`)
  }
  let begun = false
  const begin = (time: Parameters<Decide>[1]): void => {
    begun = true
    proceed(time)
  }
  transcript.listen((bytes, time) => {
    if (!begun) begin(time)
    // One byte after the other: what is expected next may stand in the same piece.
    for (const byte of bytes) {
      if (watch?.feed(Uint8Array.of(byte)) === undefined) continue
      at++
      proceed(time)
    }
  })
  return {
    missing: () => {
      const step = steps[at]
      return step !== undefined && 'expect' in step ? `${node} never said ${showPattern(step.expect)}, step ${at + 1} of ${steps.length}` : `${node} said nothing yet`
    },
  }
}
