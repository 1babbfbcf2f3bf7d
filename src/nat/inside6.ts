/** Guests that speak IPv6, as RFC 5508 has it for IPv4; which error says what RFC 7915 §4.2. */
import type { Endpoint } from '../stack/sockets.ts'
import type { Stack6 } from '../stack/ip6/stack6.ts'
import type { Address } from '../stack/tcp/family.ts'
import type { Echo, Inside } from './inside.ts'
import type { OutsideComplaint } from './outside.ts'
import type { Policy6 } from './policy6.ts'
import type { Verdict } from './policy.ts'
import { formatIpv6 } from '../wire/address.ts'
import { addressSum6 } from '../wire/checksum.ts'
import * as icmpv6 from '../wire/icmpv6.ts'
import * as quoted6 from '../wire/quoted6.ts'
import * as udp from '../wire/udp.ts'
import { errorOf, icmp6Number } from '../stack/ip6/icmp6.ts'
import { headroom6 } from '../stack/ip6/ip6.ts'
import { translated } from '../stack/tcp/family6.ts'
import { complaintOf } from './complaints.ts'

const six = (address: Address): Uint8Array => address as Uint8Array
const udpNumber = 17

export class Inside6 implements Inside {
  readonly version = 6
  readonly #six: Stack6
  readonly #policy: Policy6

  constructor(stack: Stack6, policy: Policy6) {
    this.#six = stack
    this.#policy = policy
  }

  judge(address: Address, port: number): Verdict {
    return this.#policy.judge(six(address), port)
  }

  format(address: Address): string {
    return formatIpv6(six(address))
  }

  deliver({ address, port }: Endpoint, guest: Address, guestPort: number, bytes: Uint8Array): void {
    const source = this.#policy.seenAs(address)
    const buffer = new Uint8Array(headroom6 + udp.headerBytes + bytes.length)
    buffer.set(bytes, headroom6 + udp.headerBytes)
    udp.write(buffer, headroom6, { sourcePort: port, destinationPort: guestPort }, bytes.length, addressSum6(source, six(guest), udpNumber))
    this.#six.ip.send(buffer, { protocol: udpNumber, source, destination: six(guest) })
  }

  complainDatagram(guest: Address, guestPort: number, to: Endpoint, complaint: OutsideComplaint): void {
    const destination = this.#policy.seenAs(to.address)
    const payload = udp.build({ sourcePort: guestPort, destinationPort: to.port, payload: new Uint8Array(0) }, addressSum6(six(guest), destination, udpNumber))
    this.#tell(six(guest), quoted6.build({ source: six(guest), destination, protocol: udpNumber, payload }), complaint)
  }

  echoReply(from: string, guest: Address, { identifier, sequence }: Echo, payload: Uint8Array, ttl: number): void {
    this.#six.icmp.send({ kind: 'echo reply', identifier, sequence, payload }, { destination: six(guest), source: this.#policy.seenAs(from), hopLimit: ttl })
  }

  complainEcho(guest: Address, { identifier, sequence }: Echo, to: string, complaint: OutsideComplaint): void {
    const destination = this.#policy.seenAs(to)
    const payload = icmpv6.build({ kind: 'echo', identifier, sequence, payload: new Uint8Array(0) }, addressSum6(six(guest), destination, icmp6Number))
    this.#tell(six(guest), quoted6.build({ source: six(guest), destination, protocol: icmp6Number, payload }), complaint)
  }

  #tell(guest: Uint8Array, about: Uint8Array, complaint: OutsideComplaint): void {
    const said = complaintOf(complaint)
    if (said === undefined) return
    const { kind, code, value } = translated(said)
    this.#six.icmp.send(errorOf(kind, code, value, about), { destination: guest, source: complaint.by === undefined ? undefined : this.#policy.seenAs(complaint.by) })
  }
}
