/** How long anything takes at least from one island of a lab to another: the shortest way over its cables. */
import type { Topology } from '../topology.ts'

/** In nanoseconds; infinite where nothing gets to. */
export type Distance = (from: number, to: number) => number

/**
 * Islands are numbered as in the run loop: 0 is the fabric, then the machines in the order of the file. From an island to itself it is the shortest
 * way there and back.
 */
export function distances({ machines, links, sim }: Topology): Distance {
  // What one machine's words or end are to another that depends on it takes as long as the shortest cable (starter.ts).
  const news = Math.min(sim.latency, ...machines.flatMap(({ nics }) => nics.map(({ latency }) => latency)), ...links.map(({ latency }) => latency))
  const count = machines.length + 1
  const ways = new Float64Array(count * count).fill(Number.POSITIVE_INFINITY)
  const number = (node: string): number => machines.findIndex(({ name }) => name === node) + 1
  const join = (from: number, to: number, latency: number): void => {
    if (from !== to) ways[from * count + to] = Math.min(ways[from * count + to], latency)
  }
  for (const [index, { nics, dependsOn }] of machines.entries()) {
    for (const { network, latency } of nics) {
      if (network === undefined) continue
      join(0, index + 1, latency)
      join(index + 1, 0, latency)
    }
    for (const { node } of dependsOn) if (number(node) > 0) join(number(node), index + 1, news)
  }
  // Null modems are as quick as news.
  const wired = machines.flatMap(({ serials }, index) => (serials === undefined ? [] : [index + 1]))
  for (const a of wired) for (const b of wired) join(a, b, news)
  for (const { ends, latency } of links) {
    const [a, b] = ends.map(({ node }) => number(node))
    join(a, b, latency)
    join(b, a, latency)
  }
  // Floyd and Warshall; the diagonal begins empty, so that it becomes the way there and back.
  for (let over = 0; over < count; over++) {
    for (let from = 0; from < count; from++) {
      for (let to = 0; to < count; to++) {
        const way = ways[from * count + over] + ways[over * count + to]
        if (way < ways[from * count + to]) ways[from * count + to] = way
      }
    }
  }
  return (from, to) => ways[from * count + to]
}
