/** Faults set while a lab runs: `link set`, `down`, `up`, `reset`. They begin at a stated instant that no island has passed, so a replay can repeat them. */
import { ConfigError } from '../../base/errors.ts'
import type { Duration, Instant } from '../../base/time.ts'
import type { Faults } from '../../link/impair.ts'
import { suggestion } from '../suggest.ts'
import type { Tap } from '../tap.ts'
import type { FaultPlan } from './fault-plan.ts'

/** `reset` takes away what was set live; the file's own faults stay. */
export type LinkChange = { readonly set: Faults } | { readonly set: 'up' | 'down' | 'reset' }

export interface LinkEntry {
  readonly time: Instant
  /** `node1:eth0`, a node, or a network. */
  readonly where: string
  readonly change: LinkChange
}

const names = { impair: 'link set', down: 'link down' } as const

/** @throws {ConfigError} when nothing is called so. */
export function controlLink(taps: readonly Tap[], { time, where, change }: LinkEntry): void {
  for (const tap of tapsAt(taps, where)) {
    const { trouble, place } = tap
    if (trouble === undefined) continue
    const name = change.set === 'down' || change.set === 'up' ? names.down : names.impair
    trouble.remove(name)
    if (change.set === 'reset') trouble.remove(names.down)
    if (change.set === 'up' || change.set === 'reset') continue
    const what: FaultPlan['what'] = change.set === 'down' ? { kind: 'down' } : { kind: 'impair', faults: change.set }
    const ways = place.network === where ? (['out'] as const) : (['out', 'in'] as const)
    const ports = ways.map((way) => ({ port: place.name, way }))
    for (const way of ways) trouble.add({ name, ports, at: time as number as Duration, span: undefined, what }, way)
  }
}

/** One row a port: what befalls it now. A stable contract. */
export function linkRows(taps: readonly Tap[], where: string | undefined): { port: string; network: string; faults: string }[] {
  return (where === undefined ? taps : tapsAt(taps, where)).map(({ place, trouble }) => ({ port: place.name, network: place.network ?? '', faults: trouble?.names.join(', ') ?? '' }))
}

function tapsAt(taps: readonly Tap[], where: string): readonly Tap[] {
  const found = taps.filter(({ place }) => place.name === where || place.network === where)
  const own = found.length > 0 ? found : taps.filter(({ place }) => place.node === where)
  if (own.length > 0) return own
  const words = taps.flatMap(({ place }) => [place.name, place.node, ...(place.network === undefined ? [] : [place.network])])
  throw new ConfigError(`there is no network, node or interface "${where}"`, undefined, suggestion(where, words) || undefined)
}
