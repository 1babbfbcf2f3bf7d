/** Forwarding of IPv6 between a host's interfaces. RFC 8200; what no router passes on: RFC 4291 §2.5.6, RFC 4443 §3 has the errors. Routers don't cut. Redirects are not sent. */
import type { Offload } from '../../link/port.ts'
import type { ForwardCounters } from '../forward.ts'
import type { Complaint6, Incoming6 } from './protocol6.ts'
import type { Stack6 } from './stack6.ts'
import { timeExceeded } from '../../wire/icmp.ts'
import { unreachable } from '../../wire/icmpv6.ts'
import { isAnyIpv6, isLinkLocalIpv6, isLoopbackIpv6, isMulticastIpv6 } from '../../wire/ipv6-address.ts'
import { linkHeadroom } from '../interface.ts'

/** Makes a router of a host that speaks IPv6, if it isn't one already. */
export function forward6(six: Stack6): void {
  if (six.ip.transit === undefined) six.ip.transit = new Forward6(six).take
}

export class Forward6 {
  readonly counters: ForwardCounters = { forwarded: 0, returned: 0, dropped: 0 }
  readonly #six: Stack6

  constructor(six: Stack6) {
    this.#six = six
  }

  /** What the host hears that is for none of its addresses. */
  readonly take = (incoming: Incoming6): true => {
    const { packet } = incoming
    if (!mayPass(packet.source) || !mayPass(packet.destination)) {
      // "Beyond scope of source address" is said of link-local sources alone, and those can't be answered from elsewhere.
      this.counters.dropped++
      return true
    }
    if (packet.hopLimit <= 1) return this.#return(incoming, { kind: 'time exceeded', code: timeExceeded.transit, value: 0 })
    const way = this.#six.ip.hasRoute(packet.destination) ? this.#six.ip.way({ destination: packet.destination }) : undefined
    if (way?.link === undefined) return this.#return(incoming, { kind: 'unreachable', code: unreachable.noRoute, value: 0 })
    return this.#pass(incoming, way.link, way.nextHop)
  }

  #pass(incoming: Incoming6, out: Incoming6['link'], nextHop: Uint8Array): true {
    const { bytes, segmentSize } = incoming
    const offload = owed(incoming)
    const largest = segmentSize > 0 ? (offload?.headerLength ?? 0) - linkHeadroom + segmentSize : bytes.length
    // "An intermediate node … MUST NOT fragment" is RFC 8200 §4.5; the sender is told how much there is room for.
    if (largest > out.mtu) return this.#return(incoming, { kind: 'packet too big', code: 0, value: out.mtu })
    const buffer = new Uint8Array(linkHeadroom + bytes.length)
    buffer.set(bytes, linkHeadroom)
    buffer[linkHeadroom + 7]--
    this.counters.forwarded++
    out.send(buffer, nextHop, undefined, offload)
    return true
  }

  #return(incoming: Incoming6, complaint: Complaint6): true {
    this.counters.returned++
    this.#six.ip.complain(incoming, complaint)
    return true
  }
}

/** What the packet's sender left to the port; its offsets count from the start of a buffer with headroom. */
function owed({ packet, bytes, trusted, segmentSize }: Incoming6): Offload | undefined {
  const tcp = packet.protocol === 6
  if (!trusted || (!tcp && packet.protocol !== 17)) return undefined
  const start = linkHeadroom + bytes.length - packet.payload.length
  const transport = tcp ? ((packet.payload[12] ?? 0) >>> 4) * 4 : 8
  return { checksum: { start, offset: tcp ? 16 : 6 }, segmentation: segmentSize === 0 ? 'none' : tcp ? 'tcp6' : 'udp', segmentSize, headerLength: segmentSize === 0 ? 0 : start + transport }
}

const mayPass = (address: Uint8Array): boolean => !isMulticastIpv6(address) && !isLinkLocalIpv6(address) && !isLoopbackIpv6(address) && !isAnyIpv6(address)
