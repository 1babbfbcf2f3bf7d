/** Links: two nodes and nothing between them but a cable. containerlab's spelling, and shorter ones. */
import type { Duration } from '../base/time.ts'
import type { Path } from '../stack/service.ts'
import type { Reading } from './reading.ts'
import type { LinkText } from './schema.ts'
import type { LinkPlan, SimPlan } from './topology.ts'

/** An end whose NIC is still to be chosen has an empty `nic`. */
export interface LooseLink extends Omit<LinkPlan, 'ends'> {
  readonly ends: readonly [LooseEnd, LooseEnd]
}

export interface LooseEnd {
  readonly node: string
  nic: string
  readonly path: Path
}

/** Highest NIC number: `eth0` to `eth15`. */
const highestNic = 15

/** @throws {ConfigError} */
export function resolveLinks(reading: Reading, sim: SimPlan): LooseLink[] {
  return (reading.text.links ?? []).map((link, index) => resolveLink(reading, link, index, sim))
}

/** What a cable takes: its own latency or the lab's. */
export function latencyOf(reading: Reading, path: Path, own: Duration | undefined, sim: SimPlan): Duration {
  if (own !== undefined && own < 1) reading.fail([...path, 'latency'], 'a cable takes at least 1ns')
  return own ?? sim.latency
}

function resolveLink(reading: Reading, link: LinkText, index: number, sim: SimPlan): LooseLink {
  const path: Path = ['links', index]
  const plain = typeof link === 'string' || Array.isArray(link)
  const texts = typeof link === 'string' ? halves(reading, link, path) : Array.isArray(link) ? link : link.endpoints
  const paths: Path[] = typeof link === 'string' ? [path, path] : Array.isArray(link) ? [[...path, 0], [...path, 1]] : [[...path, 'endpoints', 0], [...path, 'endpoints', 1]]
  const a = end(reading, texts[0], paths[0])
  const b = end(reading, texts[1], paths[1])
  if (a.node === b.node && (a.nic === b.nic || a.nic === '' || b.nic === '')) reading.fail(path, `both ends are "${texts[0]}"`)
  const latency = plain ? sim.latency : latencyOf(reading, path, link.latency, sim)
  return { ends: [a, b], latency, rateBps: plain ? undefined : link.rate }
}

/** `a-b`; names may hold dashes themselves, so the split is the one that leaves two nodes. */
function halves(reading: Reading, text: string, path: Path): string[] {
  const nodes = reading.text.nodes ?? {}
  const dashes = [...text.matchAll(/-/g)].map((match) => match.index)
  const splits = dashes.map((dash) => [text.slice(0, dash).trim(), text.slice(dash + 1).trim()])
  const fitting = splits.filter((ends) => ends.every((one) => Object.hasOwn(nodes, one.split(':')[0])))
  if (fitting.length === 1) return fitting[0]
  if (fitting.length > 1) reading.fail(path, `"${text}" can be split in more than one way`, 'write it as [a, b]')
  if (splits.length === 1) return splits[0]
  return reading.fail(path, `found "${text}", expected two nodes joined by "-"`, 'e.g. "node1-node2" or [node1, node2]')
}

function end(reading: Reading, text: string, path: Path): LooseEnd {
  const [node, nic = '', ...rest] = text.split(':')
  if (rest.length > 0 || node === '') reading.fail(path, `found "${text}", expected node or node:eth1`)
  reading.known(path, node, Object.keys(reading.text.nodes ?? {}), 'node')
  const number = /^eth(0|[1-9]\d?)$/.exec(nic)
  if (nic !== '' && (number === null || Number(number[1]) > highestNic)) reading.fail(path, `found the interface "${nic}", expected eth0 to eth${highestNic}`)
  return { node, nic, path }
}
