/** What every kind of test is made of: something that watches the lab and decides. */
import type { LogEntry } from '../../base/log.ts'
import type { Duration, Instant, Scheduler } from '../../base/time.ts'
import type { LabMachine } from '../lab-machine.ts'
import type { Host } from '../../stack/host.ts'
import type { Journal } from '../journal.ts'
import type { Tap } from '../tap.ts'
import type { Transcript } from '../transcript.ts'

/** What tests look at. */
export interface Witnesses {
  transcript(node: string): Transcript
  machine(node: string): LabMachine
  /** Addresses leased to a node's interfaces now, by any DHCP service in the lab. */
  leases(node: string): readonly string[]
  taps(node: string): readonly Tap[]
  /** A port by its name, `node1:eth0`. */
  tap(port: string): Tap | undefined
  /** A node's interfaces' MACs, `02:…`. */
  macs(node: string): readonly string[]
  readonly journal: Journal
  /** Types at a node's console, from within what that node has said. */
  speak(node: string, time: Instant, bytes: Uint8Array): void
  /** The lab's own host on a network from which reachability is tried. */
  prober(network: string): Host
  /** Of the probers. */
  readonly scheduler: Scheduler
}

export type Decide = (outcome: 'passed' | 'failed', time: Instant, message: string) => void

export interface Watch {
  /** It asks that something not happen: nobody waits for it, and at its end it has passed. */
  readonly standing?: boolean
  /** What was not seen, or for a standing test what was not either; one sentence without its end. */
  missing(): string
  /** A part of the lab has said something. */
  told?(entry: LogEntry): void
  /** Decided: nothing is to be tried any more. */
  stop?(): void
}

/** Of tries that are repeated until they succeed. */
export const tryEvery = 250_000_000 as Duration
