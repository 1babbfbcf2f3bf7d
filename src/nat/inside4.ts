/** Guests that speak IPv4. RFC 5508 has what they are told of errors. */
import type { Host } from '../stack/host.ts'
import type { Endpoint } from '../stack/sockets.ts'
import type { Address } from '../stack/tcp/family.ts'
import type { Echo, Inside } from './inside.ts'
import type { OutsideComplaint } from './outside.ts'
import type { Policy, Verdict } from './policy.ts'
import { formatIpv4 } from '../wire/address.ts'
import { addressSum4 } from '../wire/checksum.ts'
import * as icmp from '../wire/icmp.ts'
import * as ipv4 from '../wire/ipv4.ts'
import * as quoted from '../wire/quoted.ts'
import * as udp from '../wire/udp.ts'
import { headroom } from '../stack/ip.ts'
import { complaintOf } from './complaints.ts'
import { tell } from './tell.ts'

const four = (address: Address): number => address as number

export class Inside4 implements Inside {
  readonly version = 4
  readonly #host: Host
  readonly #policy: Policy

  constructor(host: Host, policy: Policy) {
    this.#host = host
    this.#policy = policy
  }

  judge(address: Address, port: number): Verdict {
    return this.#policy.judge(four(address), port)
  }

  format(address: Address): string {
    return formatIpv4(four(address))
  }

  deliver({ address, port }: Endpoint, guest: Address, guestPort: number, bytes: Uint8Array): void {
    const protocol = ipv4.protocols.udp
    const source = this.#policy.seenAs(address)
    const buffer = new Uint8Array(headroom + udp.headerBytes + bytes.length)
    buffer.set(bytes, headroom + udp.headerBytes)
    udp.write(buffer, headroom, { sourcePort: port, destinationPort: guestPort }, bytes.length, addressSum4(source, four(guest), protocol))
    this.#host.ip.send(buffer, { protocol, source, destination: four(guest) })
  }

  complainDatagram(guest: Address, guestPort: number, to: Endpoint, complaint: OutsideComplaint): void {
    const protocol = ipv4.protocols.udp
    const destination = this.#policy.seenAs(to.address)
    const payload = udp.build({ sourcePort: guestPort, destinationPort: to.port, payload: new Uint8Array(0) }, addressSum4(four(guest), destination, protocol))
    this.#tell(quoted.build({ source: four(guest), destination, protocol, payload }), complaint)
  }

  echoReply(from: string, guest: Address, { identifier, sequence }: Echo, payload: Uint8Array, ttl: number): void {
    this.#host.icmp.send({ kind: 'echo reply', identifier, sequence, payload }, { destination: four(guest), source: this.#policy.seenAs(from), ttl })
  }

  complainEcho(guest: Address, { identifier, sequence }: Echo, to: string, complaint: OutsideComplaint): void {
    const payload = icmp.build({ kind: 'echo', identifier, sequence, payload: new Uint8Array(0) })
    this.#tell(quoted.build({ source: four(guest), destination: this.#policy.seenAs(to), protocol: ipv4.protocols.icmp, payload }), complaint)
  }

  #tell(about: Uint8Array, complaint: OutsideComplaint): void {
    const message = complaintOf(complaint)
    if (message !== undefined) tell(this.#host, message, about, complaint.by === undefined ? undefined : this.#policy.seenAs(complaint.by))
  }
}
