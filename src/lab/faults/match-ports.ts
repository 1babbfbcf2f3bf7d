/** Where packets are looked at: each once, where it enters; or at the one who is named. */
import type { Path } from '../../stack/service.ts'
import type { Reading } from '../reading.ts'
import type { Way } from './fault-plan.ts'
import type { Pattern } from './pattern.ts'
import { everywhere, type Ground, portsOf, type PortWay, waysOf } from './places.ts'

export interface Look {
  readonly pattern: Pattern
  /** Where the pattern stands in the file. */
  readonly path: Path
  /** The file's `link:`, instead of the pattern's `on`. */
  readonly link?: string | readonly string[] | undefined
  readonly direction?: Way | 'both' | undefined
}

/** @throws {ConfigError} for a node or place that isn't there. */
export function matchPorts(reading: Reading, ground: Ground, { pattern: { from, to, on }, path, link, direction }: Look): PortWay[] {
  const nodes = [...ground.machines, ...ground.hosts]
  for (const node of [from, to]) if (node !== undefined) reading.known(path, node, nodes.map(({ name }) => name), 'node')
  const where = link ?? on
  const way = to !== undefined ? 'in' : from !== undefined ? 'out' : direction
  const subject = to ?? from
  if (where !== undefined) {
    const chosen = chosenPorts(reading, ground, typeof where === 'string' ? [where] : where, way ?? 'both', path)
    return subject === undefined ? chosen : chosen.filter(({ port }) => port.startsWith(`${subject}:`))
  }
  const inside = nodes.filter(({ name }) => subject === undefined || name === subject).flatMap(({ name, nics }) => nics.flatMap((nic) => waysOf(`${name}:${nic.name}`, way ?? 'out')))
  return subject === undefined ? [...inside, ...ground.uplinks.flatMap(({ name }) => waysOf(name, way ?? 'out'))] : inside
}

/** @throws {ConfigError} */
export function chosenPorts(reading: Reading, ground: Ground, words: readonly string[], way: Way | 'both', path: Path): PortWay[] {
  return words.flatMap((word) => {
    const ports = portsOf(ground, word, way)
    if (ports === undefined) reading.known(path, word, everywhere(ground), 'interface, node, network or link')
    return ports ?? []
  })
}
