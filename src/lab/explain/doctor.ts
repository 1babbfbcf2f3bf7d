/** Watches every node of a lab from its first instant, and explains any of them at any time. */
import type { LogEntry } from '../../base/log.ts'
import { fromUtf8 } from '../../base/bytes.ts'
import { formatTime, type Instant } from '../../base/time.ts'
import { line } from '../../wire/dissect.ts'
import type { Lab } from '../lab.ts'
import { PlainText } from '../tests/plain-text.ts'
import type { Verdict } from '../verdicts.ts'
import { diagnose } from './diagnose.ts'
import type { Finding } from './evidence.ts'
import { emptyStory, type Story, type StoryEvent, tell } from './story.ts'
import { Witness } from './witness.ts'

export interface Explanation {
  readonly node: string
  readonly timeline: readonly StoryEvent[]
  /** Its tests that failed. */
  readonly failed: readonly Verdict[]
  /** Undefined: it did what it should, or nothing that we know explains it. */
  readonly finding: Finding | undefined
  /** The last word: cause and fix, or that there is none. */
  readonly sentence: string
}

export class Doctor {
  readonly #lab: Lab
  readonly #stories = new Map<string, Story>()

  constructor(lab: Lab) {
    this.#lab = lab
    for (const [node, { transcript }] of lab.machines) {
      const story = emptyStory(node)
      const witness = new Witness(story)
      this.#stories.set(node, story)
      for (const tap of lab.taps.filter(({ place }) => place.node === node)) tap.hear((direction, time, frame) => witness.see(direction, time, frame.bytes))
      hearConsole(story, transcript)
    }
  }

  /** For the lab: a fault has befallen a packet of `node`. */
  hit(node: string, time: Instant, { fault, effect }: { readonly fault: string; readonly effect: string }, bytes: Uint8Array, what: string): void {
    const story = this.#stories.get(node)
    if (story === undefined) return
    const found = story.faults.get(fault)
    if (found !== undefined) found.hits++
    // The first few are told; the rest is a number.
    if (found !== undefined && found.hits > 20) return
    const text = line(bytes).split(' | ').at(-1) ?? ''
    if (found === undefined) story.faults.set(fault, { hits: 1, first: text, time, effect })
    tell(story, time, 'fault', `${what}: ${text}`)
  }

  explain(node: string): Explanation {
    const { machines, topology, verdicts, now } = this.#lab
    const story = this.#stories.get(node) as Story
    const island = machines.get(node)
    const entries = this.#entries(node)
    const failed = verdicts.all.filter((verdict, at) => verdict.outcome === 'failed' && concerns(topology.tests[at], node))
    const judged = verdicts.all.filter((_, at) => concerns(topology.tests[at], node))
    const console = new PlainText().feed(island?.transcript.bytes ?? new Uint8Array(0))
    const well = judged.length > 0 && failed.length === 0 && judged.every(({ outcome }) => outcome === 'passed')
    const finding = island === undefined || well ? undefined : diagnose({ plan: island.plan, topology, story, console, entries, now })
    const events = [...story.events, ...entries.filter(({ source, severity }) => severity !== 'debug' && source !== 'faults').map(fromEntry)].sort((a, b) => a.time - b.time)
    return { node, timeline: events, failed, finding, sentence: sentence(node, well, finding, failed, events) }
  }

  /** Of the journal: what names the node, one of its MACs or one of its addresses. */
  #entries(node: string): LogEntry[] {
    const macs = new Set(this.#lab.macs(node))
    const addresses = new Set(this.#lab.leases(node))
    const own = ({ source, fields }: LogEntry): boolean => source === node || fields['node'] === node || macs.has(String(fields['mac'])) || addresses.has(String(fields['client'] ?? fields['from']))
    return this.#lab.journal.entries.filter(own)
  }
}

function concerns(test: Lab['topology']['tests'][number], node: string): boolean {
  if ('node' in test) return test.node === node
  if (test.kind === 'ping') return test.from === node
  return test.kind === 'frames' ? test.pattern.to === node || test.pattern.from === node : test.kind === 'reach' && 'target' in test.reach && test.reach.target === node
}

const fromEntry = ({ time, source, event, message }: LogEntry): StoryEvent => ({ time, topic: event.startsWith('machine.') ? 'machine' : source, text: message })

/** Lines, each at the instant at which it began. */
function hearConsole(story: Story, transcript: { listen(hear: (bytes: Uint8Array, time: Instant) => void): unknown }): void {
  const plain = new PlainText()
  let text = ''
  let began = 0 as Instant
  transcript.listen((bytes, time) => {
    for (const char of plain.feed(bytes)) {
      if (text === '') began = time
      if (char !== '\n' && text.length < 200) text += char
      else {
        if (text.trim() !== '') tell(story, began, 'console', fromUtf8(Uint8Array.from(text, (each) => each.charCodeAt(0))))
        text = ''
      }
    }
  })
}

function sentence(node: string, well: boolean, finding: Finding | undefined, failed: readonly Verdict[], events: readonly StoryEvent[]): string {
  if (well) return `${node} did all that its tests ask.`
  if (finding !== undefined) return `${finding.because}. ${finding.fix}`
  const last = events.at(-1)
  const what = failed.length === 0 ? `${node}: nothing is known to be wrong` : `${node}: ${failed[0].message}, and nothing that it sent or said tells why`
  return last === undefined ? `${what}; nothing happened at all.` : `${what}; the last that happened was, at ${formatTime(last.time)}, ${last.topic}: ${last.text}`
}

