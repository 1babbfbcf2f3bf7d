/** Words for places in a lab → interfaces and ways: `node1:eth0`, `node1`, `lan`, `node1-node2`. */
import type { HostPlan, LinkPlan, MachinePlan, UplinkPlan } from '../topology.ts'
import type { Way } from './fault-plan.ts'

/** What there is to name. */
export interface Ground {
  readonly machines: readonly Pick<MachinePlan, 'name' | 'nics'>[]
  readonly hosts: readonly Pick<HostPlan, 'name' | 'nics'>[]
  readonly links: readonly Pick<LinkPlan, 'ends'>[]
  readonly uplinks: readonly Pick<UplinkPlan, 'name' | 'network'>[]
}

export interface PortWay {
  readonly port: string
  readonly way: Way
}

/** @returns undefined when nothing is called so. A network or link is all its interfaces, each packet once: where it enters. */
export function portsOf(ground: Ground, word: string, way: Way | 'both'): PortWay[] | undefined {
  const all = [...ground.machines, ...ground.hosts].flatMap(({ name, nics }) => nics.map((nic) => ({ node: name, port: `${name}:${nic.name}`, network: nic.network })))
  const uplinks = ground.uplinks.map(({ name, network }) => ({ node: name, port: name, network }))
  const places = [...all, ...uplinks]
  const once = way === 'both' ? 'out' : way
  const inNetwork = places.filter((place) => place.network === word)
  if (inNetwork.length > 0) return inNetwork.flatMap(({ port }) => waysOf(port, once))
  const link = ground.links.find(({ ends: [a, b] }) => [`${a.node}-${b.node}`, `${a.node}:${a.nic}-${b.node}:${b.nic}`].includes(word))
  if (link !== undefined) return link.ends.flatMap(({ node, nic }) => waysOf(`${node}:${nic}`, once))
  const own = places.filter((place) => place.port === word || place.node === word)
  return own.length === 0 ? undefined : own.flatMap(({ port }) => waysOf(port, way))
}

export const waysOf = (port: string, way: Way | 'both'): PortWay[] => (way === 'both' ? [{ port, way: 'out' }, { port, way: 'in' }] : [{ port, way }])

/** Every word that `portsOf` knows. */
export function everywhere(ground: Ground): string[] {
  const nodes = [...ground.machines, ...ground.hosts]
  const networks = nodes.flatMap(({ nics }) => nics.flatMap((nic) => nic.network ?? []))
  return [...new Set([...nodes.flatMap(({ name, nics }) => [...nics.map((nic) => `${name}:${nic.name}`), name]), ...networks, ...ground.links.map(({ ends: [a, b] }) => `${a.node}-${b.node}`), ...ground.uplinks.map(({ name }) => name)])]
}
