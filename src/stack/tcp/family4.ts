/** TCP over our IPv4. RFC 9293 §3.9.2. */
import type { Complaint, Ip, Owed } from '../ip.ts'
import type { FailureCode, Incoming } from '../protocol.ts'
import type { Address, Family, Reach } from './family.ts'
import { broadcastIpv4, formatIpv4, isMulticastIpv4, parseIpv4 } from '../../wire/address.ts'
import { addressSum4 } from '../../wire/checksum.ts'
import * as ipv4 from '../../wire/ipv4.ts'
import { headroom } from '../ip.ts'

const four = (address: Address): number => address as number

export class Family4 implements Family {
  readonly version = 4
  readonly headroom = headroom
  readonly headerBytes = ipv4.headerBytes
  readonly any = 0
  readonly #ip: Ip

  constructor(ip: Ip) {
    this.#ip = ip
  }

  parse(text: string): number {
    return parseIpv4(text)
  }

  format(address: Address): string {
    return formatIpv4(four(address))
  }

  equal(a: Address, b: Address): boolean {
    return a === b
  }

  words(address: Address): readonly number[] {
    return [four(address)]
  }

  owns(address: Address): boolean {
    return this.#ip.owns(four(address))
  }

  isSingle(address: Address): boolean {
    return address !== 0 && address !== broadcastIpv4 && !isMulticastIpv4(four(address)) && !this.#ip.interfaces.some((each) => each.isBroadcast(four(address)))
  }

  addressSum(local: Address, remote: Address): number {
    return addressSum4(four(local), four(remote), ipv4.protocols.tcp)
  }

  reach(remote: Address, local: Address | undefined): Reach | undefined {
    const way = this.#ip.way({ destination: four(remote), source: local === undefined ? undefined : four(local) })
    if (way === undefined) return undefined
    const { interface: by } = way
    // What never leaves this host needs no sum, and is as large as a packet can be.
    if (by === undefined) return { local: way.source, linkMtu: ipv4.largestPacket, pathMtu: ipv4.largestPacket, offload: true }
    return { local: way.source, linkMtu: by.mtu, pathMtu: Math.min(by.mtu, this.#ip.pathMtu.to(four(remote))), offload: by.offload }
  }

  /** Answers a packet with an ICMP error. */
  complain(about: Incoming, complaint: Complaint): void {
    this.#ip.complain(about, complaint)
  }

  send(buffer: Uint8Array, local: Address, remote: Address, owed: Owed | undefined): FailureCode | undefined {
    return this.#ip.send(buffer, { protocol: ipv4.protocols.tcp, source: four(local), destination: four(remote), dontFragment: true, owed })
  }
}
