/** A lab's NATs while it runs: each with its outside on this computer, and the ports that lead back in. */
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { ConfigError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { spokenWith } from '../../lab/service-views.ts'
import { contains } from '../../lab/addresses.ts'
import type { Lab } from '../../lab/lab.ts'
import { suggestion } from '../../lab/suggest.ts'
import type { ForwardPlan, NetworkPlan, Subnet } from '../../lab/topology.ts'
import { formatIpv4, formatMac, parseIpv6 } from '../../wire/address.ts'
import { inSubnet6 } from '../../wire/ipv6-address.ts'
import type { Reactor } from '../reactor.ts'
import type { FramePool } from '../uplinks/frame-pool.ts'
import { HostOutside } from './host-outside.ts'
import { type ForwardRow, Forwards } from './forwards.ts'

export class Nats {
  readonly #lab: Lab
  readonly #nudge: () => void
  readonly #outsides = new Map<string, HostOutside>()
  readonly #forwards: Forwards
  readonly #reactor: Reactor | undefined
  readonly #frames: FramePool

  /** @param path where a file that the lab file names is. @param nudge called when something has come in. */
  constructor(lab: Lab, path: (name: string) => string, nudge: () => void, frames: FramePool, reactor: Reactor | undefined) {
    this.#reactor = reactor
    this.#frames = frames
    this.#lab = lab
    this.#nudge = nudge
    this.#forwards = new Forwards(path)
  }

  get rows(): readonly ForwardRow[] {
    return this.#forwards.rows
  }

  /** @throws {HostError} for a port that is taken; `close` gives back what was opened before. */
  async open(): Promise<void> {
    for (const [name, nat] of this.#lab.nats) {
      const outside = new HostOutside((event) => {
        this.#lab.door.outside(name, event)
        this.#nudge()
      }, undefined, this.#reactor, (bytes) => this.#frames.give(bytes))
      this.#outsides.set(name, outside)
      nat.connect(outside)
      this.#lend(name, (length) => this.#frames.take(length))
    }
    for (const { name, forwards } of this.#lab.topology.machines) for (const plan of forwards) await this.add(name, plan)
  }

  /** @param node its name, or an address of a network with NAT. @throws {ConfigError | HostError} */
  add(node: string, plan: ForwardPlan): Promise<ForwardRow> {
    const network = this.#networkOf(node)
    const outside = this.#outsides.get(network.name) as HostOutside
    const log = this.#lab.journal.log(`${network.name}.nat`, this.#lab)
    return this.#forwards.add(plan, { node, outside, address: () => this.#addressOf(node, network), absent: once(log, node) })
  }

  /** @throws {ConfigError} */
  remove(plan: Pick<ForwardPlan, 'protocol' | 'at'>): ForwardRow {
    return this.#forwards.remove(plan)
  }

  close(): void {
    this.#forwards.close()
    for (const nat of this.#lab.nats.values()) nat.connect(undefined)
    for (const [name, outside] of this.#outsides) {
      outside.close()
      this.#lend(name, undefined)
    }
    this.#outsides.clear()
  }

  /** The gateway builds its super-frames in memory that comes back when they leave by an uplink: zeroing new ones was a tenth of a download's time. */
  #lend(name: string, take: ((length: number) => Uint8Array) | undefined): void {
    const host = this.#lab.hosts.get(name)
    if (host !== undefined) host.tcp.memory.lend = take
  }

  #networkOf(node: string): NetworkPlan {
    const { topology } = this.#lab
    const leading = topology.networks.filter((network) => network.nat !== undefined)
    if (leading.length === 0) throw new ConfigError('no network of this lab has NAT, so no port leads in', undefined, 'networks.NAME: nat: true')
    if (isIPv6(node)) {
      const network = leading.find(({ six }) => six !== undefined && inSubnet6({ network: parseIpv6(six.subnet.network), prefix: six.subnet.prefix }, parseIpv6(node)))
      if (network === undefined) throw new ConfigError(`${node} is on no network with NAT and IPv6`, undefined, sixOf(leading) || 'networks.NAME: subnet6: auto')
      return network
    }
    if (isIPv4(node)) {
      const network = leading.find(({ subnet }) => contains(subnet as Subnet, node))
      if (network === undefined) throw new ConfigError(`${node} is on no network with NAT`, undefined, `there is ${leading.map(({ subnet }) => `${subnet?.network}/${subnet?.prefix}`).join(', ')}`)
      return network
    }
    const machine = topology.machines.find(({ name }) => name === node)
    if (machine === undefined) throw new ConfigError(`there is no node "${node}"`, undefined, suggestion(node, this.#lab.machines.keys()) || undefined)
    const network = machine.nics.map((nic) => leading.find(({ name }) => name === nic.network)).find((one) => one !== undefined)
    if (network === undefined) throw new ConfigError(`${node} is on no network with NAT`, undefined, 'networks.NAME: nat: true')
    return network
  }

  /** What was leased to it, or else (an address of its own choice) what its gateway knows its MAC by, IPv4 before IPv6. */
  #addressOf(node: string, network: NetworkPlan): string | undefined {
    if (isIP(node) !== 0) return node
    const leased = this.#lab.leases(node).find((address) => contains(network.subnet as Subnet, address))
    if (leased !== undefined) return leased
    const macs = this.#lab.macs(node)
    const interfaces = this.#lab.hosts.get(network.name)?.ip.interfaces ?? []
    const known = interfaces.flatMap(({ arp }) => arp?.entries ?? []).find(({ mac }) => mac !== undefined && macs.includes(formatMac(mac)))
    if (known !== undefined) return formatIpv4(known.address)
    const gateway = this.#lab.hosts.get(network.name)
    return gateway === undefined ? undefined : spokenWith(macs, new Map([[network.name, gateway]]))[0]
  }
}

const sixOf = (networks: readonly NetworkPlan[]): string => {
  const found = networks.flatMap(({ six }) => (six === undefined ? [] : `${six.subnet.network}/${six.subnet.prefix}`))
  return found.length === 0 ? '' : `there is ${found.join(', ')}`
}

/** Says once that somebody came too early. */
function once(log: Log, node: string): () => void {
  let said = false
  return () => {
    if (!said) log.warn('nat.absent', `somebody came by a forwarded port, but ${node} has no address yet`, { node })
    said = true
  }
}
