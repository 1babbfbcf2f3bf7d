/** What `capture` is asked for by name → which ports are recorded, and in which direction. */
import { ConfigError } from '../base/errors.ts'
import { suggestion } from './suggest.ts'
import type { Tap } from './tap.ts'

export interface CaptureChoice {
  readonly which: (tap: Tap) => boolean
  /** A network is recorded where frames enter it, so that each is there once; a port as it sees both directions. */
  readonly directions: 'both' | 'out'
}

/** @param what a network, a node, or `node:eth0`; undefined: every port. @throws {ConfigError} when there is no such thing. */
export function chooseCapture(what: string | undefined, taps: readonly Tap[], networks: readonly string[]): CaptureChoice {
  if (what === undefined) return { which: () => true, directions: 'both' }
  if (networks.includes(what)) return { which: (tap) => tap.place.network === what, directions: 'out' }
  const which = (tap: Tap): boolean => tap.place.node === what || tap.place.name === what
  if (taps.some(which)) return { which, directions: 'both' }
  const words = [...networks, ...taps.flatMap((tap) => [tap.place.node, tap.place.name])]
  throw new ConfigError(`there is no network, node or interface "${what}"`, undefined, suggestion(what, words) || undefined)
}
