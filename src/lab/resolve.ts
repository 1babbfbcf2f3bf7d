/** Fills in what a checked lab file left out, and checks what only shows when its parts are put side by side. */
import { type Duration, microseconds } from '../base/time.ts'
import { resolveFaults } from './faults/resolve-faults.ts'
import { resolveImages } from './resolve-images.ts'
import { type LooseLink, resolveLinks } from './resolve-links.ts'
import { resolveNetworks } from './resolve-networks.ts'
import { resolveNodes } from './resolve-nodes.ts'
import { probers } from './resolve-reach.ts'
import { resolveTests } from './resolve-tests.ts'
import { resolveUplinks } from './resolve-uplinks.ts'
import type { Reading } from './reading.ts'
import type { LinkPlan, SimPlan, Topology } from './topology.ts'

/** Of a cable that names none: what a gigabit switch port and a few metres cost. */
export const usualLatency: Duration = microseconds(5)

/** @throws {ConfigError} */
export function resolve(reading: Reading): Topology {
  const sim = resolveSim(reading)
  const { networks, gateways } = resolveNetworks(reading, sim)
  const links = resolveLinks(reading, sim)
  const { machines, hosts } = resolveNodes(reading, networks, links, sim)
  const uplinks = resolveUplinks(reading, networks, gateways, sim)
  const images = resolveImages(reading)
  const ground = { machines, hosts: [...gateways, ...hosts], links: links.map(tight), uplinks }
  const faults = resolveFaults(reading, ground)
  const tests = resolveTests(reading, ground, networks)
  return { name: reading.name, sim, networks, ...ground, hosts: [...ground.hosts, ...probers(reading, tests, networks, ground)], images, faults, tests }
}

/** Every end has its NIC by now. */
function tight({ ends: [a, b], latency, rateBps }: LooseLink): LinkPlan {
  return { ends: [{ node: a.node, nic: a.nic }, { node: b.node, nic: b.nic }], latency, rateBps }
}

function resolveSim(reading: Reading): SimPlan {
  const { sim } = reading.text
  const latency = sim?.latency ?? usualLatency
  const nat = Object.entries(reading.text.networks ?? {}).find(([, network]) => network?.nat === true)
  const outside = Object.keys(reading.text.uplinks ?? {}).length > 0 || nat !== undefined
  if (outside && sim?.clock === 'virtual') reading.fail(['sim', 'clock'], nat === undefined ? 'an uplink needs the outside’s time' : `the NAT of ${nat[0]} needs the outside’s time`, `clock: realtime, or take the ${nat === undefined ? 'uplinks' : 'nat'} out`)
  if (latency < 1) reading.fail(['sim', 'latency'], 'a cable takes at least 1ns')
  return { seed: reading.seed, clock: outside ? 'realtime' : (sim?.clock ?? 'virtual'), until: sim?.until, latency, workers: sim?.workers ?? 1, capture: sim?.capture }
}
