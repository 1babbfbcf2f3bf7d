/** IPv6 and what travels in it, put beside a host's IPv4: the same UDP and the same TCP, each with a family more. */
import type { Interface } from '../interface.ts'
import type { PathMtuState } from '../path-mtu.ts'
import type { InterfaceView } from '../service.ts'
import type { Tcp } from '../tcp/tcp.ts'
import type { Udp } from '../udp.ts'
import type { Ip6Parts } from './ip6.ts'
import type { NeighbourEntry } from './neighbours.ts'
import { Family6 } from '../tcp/family6.ts'
import { DatagramFamily6 } from './datagram-family6.ts'
import { Icmp6 } from './icmp6.ts'
import { Ip6 } from './ip6.ts'
import { formatZoned } from './text.ts'

export type Stack6State = {
  readonly pathMtu: PathMtuState<string>
  /** By interface name. */
  readonly neighbours: { readonly [name: string]: readonly NeighbourEntry[] }
}

export class Stack6 {
  readonly ip: Ip6
  readonly icmp: Icmp6
  readonly tcp: Family6
  readonly datagrams: DatagramFamily6

  constructor(parts: Ip6Parts, udp: Udp, tcp: Tcp) {
    this.ip = new Ip6(parts)
    this.icmp = new Icmp6(this.ip, parts.scheduler)
    this.ip.complain = (about, complaint, evenToGroups) => this.icmp.complain(about, complaint, evenToGroups)
    this.ip.say = (link, message, how) => this.icmp.say(link, message, how)
    this.datagrams = new DatagramFamily6(this.ip, udp)
    this.tcp = new Family6(this.ip, tcp)
    udp.families.push(this.datagrams)
    tcp.families.push(this.tcp)
    for (const protocol of [this.icmp, this.datagrams, this.tcp]) this.ip.register(protocol)
  }

  /** `view` with the addresses that the interface has at the moment it is asked, or is about to have (RFC 4862 §5.4). */
  viewOf(on: Interface, view: InterfaceView): InterfaceView {
    const { ip } = this
    return {
      ...view,
      get ipv6() {
        const link = ip.links.find((each) => each.interface === on)
        return (link?.addresses.all ?? []).filter(({ state }) => state !== 'duplicated').map(({ address, prefix }) => ({ address: formatZoned(address, ip), prefix }))
      },
    }
  }

  save(): Stack6State {
    return { pathMtu: this.ip.pathMtu.save(), neighbours: Object.fromEntries(this.ip.links.map((link) => [link.interface.name, link.neighbours.entries])) }
  }

  load({ pathMtu, neighbours }: Stack6State): void {
    this.ip.pathMtu.load(pathMtu)
    for (const link of this.ip.links) link.neighbours.load(neighbours[link.interface.name] ?? [])
  }
}
