/** What the doctor looks at: one node, what the file says of it, and what happened to it. */
import type { LogEntry } from '../../base/log.ts'
import type { Instant } from '../../base/time.ts'
import type { MachinePlan, NetworkPlan, ServicePlan, Topology } from '../topology.ts'
import type { Story } from './story.ts'

export interface Evidence {
  readonly plan: MachinePlan
  readonly topology: Topology
  readonly story: Story
  /** All that the console said, without escape sequences. */
  readonly console: string
  /** What the lab's parts said of this node. */
  readonly entries: readonly LogEntry[]
  readonly now: Instant
}

/** Why a node did not get on, and what to do about it. */
export interface Finding {
  /** A stable word. */
  readonly cause: string
  /** One sentence each. */
  readonly because: string
  readonly fix: string
  /** It is about something that never came; if a fault took it, the fault is the cause. */
  readonly silent?: boolean
}

/** Tried in order; the first that finds something is the cause. */
export type Cause = (evidence: Evidence) => Finding | undefined

/** The node's network and the services of a kind that stand on it. */
export function networkOf({ plan, topology }: Evidence): NetworkPlan | undefined {
  return topology.networks.find(({ name }) => name === plan.nics[0]?.network)
}

/** Services of a kind, each with the network and the VLAN of its host. */
export function servicesOf({ topology }: Pick<Evidence, 'topology'>, kind: string): { readonly service: ServicePlan; readonly network: string | undefined; readonly vlan: number | undefined; readonly address: string | undefined }[] {
  return topology.hosts.flatMap(({ nics, services }) => services.filter((service) => service.kind === kind).flatMap((service) => nics.map((nic) => ({ service, network: nic.network, vlan: nic.vlan, address: nic.address?.address }))))
}

/** The last entry of an event. */
export function lastOf({ entries }: Evidence, ...events: readonly string[]): LogEntry | undefined {
  return entries.findLast(({ event }) => events.includes(event))
}
