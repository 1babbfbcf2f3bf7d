/** Faults as plain data: what `faults:` and `impair:` of a lab file come to. */
import type { Duration } from '../../base/time.ts'
import type { Faults } from '../../link/impair.ts'
import type { Pattern } from './pattern.ts'

/** As an interface sees it: `out` is what it sends. */
export type Way = 'in' | 'out'

export interface FaultPlan {
  /** `f1`, or the file's own name for it; of an `impair:` its place, e.g. `links[0].impair`. */
  readonly name: string
  /** Interfaces by name (`node1:eth0`) and the way at each. */
  readonly ports: readonly { readonly port: string; readonly way: Way }[]
  /** From when on. */
  readonly at: Duration
  /** How long; undefined: to the end. */
  readonly span: Duration | undefined
  readonly what: FaultKind
}

export type FaultKind =
  | { readonly kind: 'impair'; readonly faults: Faults }
  | { readonly kind: 'down' }
  | { readonly kind: 'match'; readonly pattern: Pattern; readonly pick: Pick; readonly act: Act }

/** Which of the packets that match: counted at each interface and way apart, from 1. */
export interface Pick {
  readonly nth: ReadonlySet<number> | undefined
  readonly every: number | undefined
  /** First and last, both included. */
  readonly between: readonly [number, number] | undefined
  /** Share from 0 to 1 of those picked so far. */
  readonly chance: number
}

export type Act =
  | { readonly kind: 'drop' }
  | { readonly kind: 'duplicate' }
  /** One bit, anywhere behind the link header. */
  | { readonly kind: 'corrupt' }
  /** Held back, so that later packets overtake. */
  | { readonly kind: 'delay'; readonly by: Duration }

/** What befell one packet. */
export interface Hit {
  readonly fault: string
  readonly port: string
  readonly way: Way
  /** The packet's number at that interface and way, from 1, whatever it was. */
  readonly packet: number
  readonly effect: 'drop' | 'duplicate' | 'corrupt' | 'delay' | 'reorder'
}

/** The key by which a run is told to repeat single hits and nothing else of their faults. */
export const hitKey = ({ fault, port, way, packet }: Omit<Hit, 'effect'>): string => `${fault} ${port} ${way} ${packet}`

/** Instead of chance: of the faults named only these hits happen. */
export interface FaultScript {
  readonly faults: ReadonlySet<string>
  readonly hits: ReadonlySet<string>
}
