/** Our own TCP/IP host: interfaces on ports, IPv4 with its protocols above them, and the sockets they offer. */
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Plain, Stateful } from '../base/state.ts'
import type { Duration, Scheduler } from '../base/time.ts'
import type { ArpEntry } from './arp.ts'
import type { Ipv6Config, Link6 } from './ip6/link6.ts'
import type { Address4, InterfaceConfig } from './interface.ts'
import type { PathMtuState } from './path-mtu.ts'
import type { InterfaceView } from './service.ts'
import type { Sockets } from './sockets.ts'
import type { Settings } from './tcp/settings.ts'
import { formatIpv4, subnetOf } from '../wire/address.ts'
import { Icmp } from './icmp.ts'
import { Interface } from './interface.ts'
import { Ip } from './ip.ts'
import { Stack6 } from './ip6/stack6.ts'
import type { Stack6State } from './ip6/stack6.ts'
import { Tcp } from './tcp/tcp.ts'
import { Udp } from './udp.ts'

export interface HostConfig {
  /** Unique on its scheduler: it stands in front of the names of alarms. */
  readonly name: string
  readonly scheduler: Scheduler
  /** Forked by the host for each of its parts; give one fork per host. */
  readonly random: Random
  readonly log?: Log
  readonly tcp?: Partial<Settings>
}

export type HostState = {
  readonly identification: number
  readonly pathMtu: PathMtuState<number>
  /** By interface name. */
  readonly arp: { readonly [name: string]: readonly ArpEntry[] }
  /** Of a host that speaks IPv6. */
  readonly six?: Stack6State
}

export class Host implements Sockets, Stateful<HostState & Plain> {
  readonly name: string
  readonly ip: Ip
  readonly icmp: Icmp
  readonly udp: Udp
  readonly tcp: Tcp
  /** There once an interface speaks IPv6. */
  six: Stack6 | undefined
  readonly #random: Random
  readonly #scheduler: Scheduler
  readonly #log: Log | undefined

  constructor({ name, scheduler, random, log, tcp }: HostConfig) {
    this.name = name
    this.#scheduler = scheduler
    this.#log = log
    this.#random = random
    this.ip = new Ip({ name, scheduler, random })
    this.icmp = new Icmp(this.ip, scheduler)
    this.udp = new Udp(this.ip, random)
    this.ip.register(this.icmp)
    this.ip.register(this.udp)
    this.tcp = new Tcp({ ip: this.ip, name, scheduler, random, settings: tcp ?? {} })
    this.ip.register(this.tcp)
    this.ip.complain = (about, complaint) => this.icmp.complain(about, complaint)
  }

  /** The right to open sockets, for a service point. */
  get sockets(): Sockets {
    return this
  }

  /** Plugs the host into a port; the port hears nothing else from then on. Networks of its addresses are reached through it. */
  addInterface(config: InterfaceConfig): Interface {
    const made = new Interface(config, this.name, this.ip, this.#scheduler, this.#log)
    this.ip.add(made)
    this.setAddresses(made, made.addresses)
    if (config.six !== undefined) this.speakSix(made, config.six)
    return made
  }

  /** Lets an interface speak IPv6; its link-local address is asked for at once (RFC 4862). */
  speakSix(on: Interface, config: Ipv6Config = {}): Link6 {
    const { name, ip, udp, tcp } = this
    this.six ??= new Stack6({ name, scheduler: this.#scheduler, random: this.#random, log: this.#log, soon: ip.soon }, udp, tcp)
    return this.six.ip.add(on, config)
  }

  removeInterface(gone: Interface): void {
    this.six?.ip.remove(gone)
    gone.close()
    this.ip.remove(gone)
  }

  /** Gives an interface other addresses, as a DHCP client does; the routes to their networks follow. */
  setAddresses(on: Interface, addresses: readonly Address4[]): void {
    this.ip.routes.remove((route) => route.interface === on && route.via === undefined)
    on.setAddresses(addresses)
    for (const { address, prefix } of addresses) this.ip.routes.add({ to: subnetOf(address, prefix), via: undefined, interface: on, metric: 0 })
  }

  /** Sends what no other route takes to the router `via`, which is on the network of `on`. */
  setGateway(on: Interface, via: number): void {
    this.ip.routes.remove((route) => route.to.prefix === 0)
    this.ip.routes.add({ to: { network: 0, prefix: 0 }, via, interface: on, metric: 0 })
  }

  /** Interfaces as a service sees them (ServiceRoom.interfaces); live. */
  get views(): readonly InterfaceView[] {
    return this.ip.interfaces.map((each) => {
      const [own] = each.addresses
      const view = { name: each.name, mac: each.mac, ipv4: own === undefined ? undefined : { address: formatIpv4(own.address), prefix: own.prefix }, mtu: each.mtu }
      return this.six === undefined || each.six === undefined ? view : this.six.viewOf(each, view)
    })
  }

  bind: Sockets['bind'] = (at, hear, hearError) => this.udp.bind(at, hear, hearError)

  listen: Sockets['listen'] = (at, accept, options) => this.tcp.listen(at, accept, options)

  connect: Sockets['connect'] = (to, options) => this.tcp.connect(to, options)

  /** Asks on the link of `on` whether anybody has `address` (RFC 5227); `tell` hears the MAC of who does, or undefined. */
  probe(on: Interface, address: number, tell: (taken: Uint8Array | undefined) => void, count?: number, wait?: Duration): void {
    if (on.arp === undefined) this.ip.soon.do(() => tell(undefined))
    else on.arp.probe(address, tell, count, wait)
  }

  save(): HostState {
    const arp = Object.fromEntries(this.ip.interfaces.map((each) => [each.name, each.arp?.entries ?? []]))
    return { identification: this.ip.identification, pathMtu: this.ip.pathMtu.save(), arp, ...(this.six === undefined ? {} : { six: this.six.save() }) }
  }

  load(state: HostState): void {
    this.ip.identification = state.identification
    this.ip.pathMtu.load(state.pathMtu)
    for (const each of this.ip.interfaces) each.arp?.load(state.arp[each.name] ?? [])
    if (state.six !== undefined) this.six?.load(state.six)
  }
}
