/** UDP over our IPv4. RFC 1122 §4.1. */
import type { Ip } from './ip.ts'
import type { FailureCode } from './protocol.ts'
import type { Address } from './tcp/family.ts'
import type { DatagramFamily, Sending } from './datagram-family.ts'
import { formatIpv4, parseIpv4 } from '../wire/address.ts'
import { addressSum4 } from '../wire/checksum.ts'
import * as ipv4 from '../wire/ipv4.ts'
import * as udp from '../wire/udp.ts'
import { headroom } from './ip.ts'

const four = (address: Address): number => address as number

export class DatagramFamily4 implements DatagramFamily {
  readonly version = 4
  readonly headroom = headroom
  readonly any = 0
  readonly largestPayload = ipv4.largestPacket - ipv4.headerBytes - udp.headerBytes
  readonly mayLackChecksum = true
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

  mayBind(address: Address): boolean {
    return this.#ip.owns(four(address)) || this.#ip.interfaces.some((each) => each.isBroadcast(four(address)))
  }

  addressSum(source: Address, destination: Address): number {
    return addressSum4(four(source), four(destination), ipv4.protocols.udp)
  }

  sourceOf(sending: Sending): number | undefined {
    return this.#ip.way(this.#outgoing(sending))?.source
  }

  send(buffer: Uint8Array, sending: Sending): FailureCode | undefined {
    const { hardware, dontFragment } = sending
    return this.#ip.send(buffer, { protocol: ipv4.protocols.udp, hardware, dontFragment, ...this.#outgoing(sending) })
  }

  /** There is no IGMP here. */
  join(): string {
    return 'EAFNOSUPPORT'
  }

  leave(): void {}

  #outgoing({ source, destination, interface: name }: Sending): { source: number | undefined; destination: number; interface: Ip['interfaces'][number] | undefined } {
    return { source: source === undefined ? undefined : four(source), destination: four(destination), interface: name === undefined ? undefined : this.#ip.interfaces.find((each) => each.name === name) }
  }
}
