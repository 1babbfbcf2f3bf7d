/** Evidence for tests of single causes: a node as the file makes it, and what is said to have happened. */
import type { LogEntry } from '../../../src/base/log.ts'
import type { Instant } from '../../../src/base/time.ts'
import { diagnose } from '../../../src/lab/explain/diagnose.ts'
import type { Evidence } from '../../../src/lab/explain/evidence.ts'
import { emptyStory, type Story, type Transfer } from '../../../src/lab/explain/story.ts'
import { read } from '../dictionary.ts'

const usual = 'name: t\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199 }, tftp: {} } }\nnodes: { node1: { program: hello, memory: 64M, networks: [lan] } }\n'

export interface Case {
  readonly text?: string
  readonly console?: string
  readonly entries?: readonly Partial<LogEntry>[]
  readonly story?: (story: Story) => void
}

export function evidence({ text = usual, console = '', entries = [], story: change }: Case): Evidence {
  const topology = read(text)
  const story = emptyStory('node1')
  change?.(story)
  const full = entries.map((one): LogEntry => ({ time: 5e9 as Instant, severity: 'warn', source: 'lan.x', event: 'x', message: '', fields: {}, ...one }))
  return { plan: topology.machines[0], topology, story, console, entries: full, now: 60e9 as Instant }
}

/** `cause: because. fix` */
export function sentence(one: Case): string {
  const found = diagnose(evidence(one))
  return found === undefined ? 'nothing' : `${found.cause}: ${found.because}. ${found.fix}`
}

export const transfer = (more: Partial<Transfer>): Transfer => ({ began: 1e9 as Instant, file: 'vmlinuz', server: '10.0.0.1', asked: 1468, blksize: 1468, block: 0, blocks: 0, bytes: 0, lastHeard: 2e9 as Instant, lastSaid: 2e9 as Instant, acknowledged: 0, done: false, error: undefined, head: new Uint8Array(0), ...more })
