/**
 * Forwarding between a host's interfaces: what makes it a router. RFC 1812 §5.2 and §5.3; ICMP errors as §4.3 has them.
 *
 * Source routes are not obeyed and redirects not sent; options travel on as they stand.
 */
import { putU16be } from '../base/bytes.ts'
import type { Offload } from '../link/port.ts'
import { isMulticastIpv4 } from '../wire/address.ts'
import { checksum } from '../wire/checksum.ts'
import { timeExceeded, unreachable } from '../wire/icmp.ts'
import * as ipv4 from '../wire/ipv4.ts'
import type { Host } from './host.ts'
import { linkHeadroom } from './interface.ts'
import type { Interface } from './interface.ts'
import type { Incoming } from './protocol.ts'

export interface ForwardCounters {
  forwarded: number
  /** Time to live at its end, no route, too big with don't-fragment set: told to the sender. */
  returned: number
  /** What no router passes on: link-local, multicast, class E (RFC 1812 §5.3.7, RFC 3927 §2.7). */
  dropped: number
}

/** Makes a router of `host`, if it isn't one already. */
export function forward(host: Host): void {
  if (host.ip.transit === undefined) host.ip.transit = new Forward(host).take
}

export class Forward {
  readonly counters: ForwardCounters = { forwarded: 0, returned: 0, dropped: 0 }
  readonly #host: Host

  constructor(host: Host) {
    this.#host = host
  }

  /** What `host` hears that is for none of its addresses. */
  readonly take = (incoming: Incoming): true => {
    const { packet } = incoming
    if (!mayPass(packet.source) || !mayPass(packet.destination)) {
      this.counters.dropped++
      return true
    }
    if (packet.ttl <= 1) return this.#return(incoming, { kind: 'time exceeded', code: timeExceeded.transit, mtu: 0 })
    const route = this.#host.ip.routes.find(packet.destination)
    if (route === undefined) return this.#return(incoming, { kind: 'unreachable', code: unreachable.network, mtu: 0 })
    // A directed broadcast of a network behind us is not spread (RFC 2644).
    if (route.interface.isBroadcast(packet.destination)) {
      this.counters.dropped++
      return true
    }
    return this.#pass(incoming, route.interface, route.via ?? packet.destination)
  }

  #pass(incoming: Incoming, out: Interface, nextHop: number): true {
    const { packet, bytes } = incoming
    const offload = owed(incoming)
    const header = bytes.length - packet.payload.length
    const largest = incoming.segmentSize > 0 ? (offload?.headerLength ?? 0) - linkHeadroom + incoming.segmentSize : bytes.length
    if (largest <= out.mtu) {
      const buffer = new Uint8Array(linkHeadroom + bytes.length)
      buffer.set(bytes, linkHeadroom)
      age(buffer, header)
      this.counters.forwarded++
      out.send(buffer, nextHop, undefined, offload)
      return true
    }
    if (packet.dontFragment || offload !== undefined) return this.#return(incoming, { kind: 'unreachable', code: unreachable.fragmentationNeeded, mtu: out.mtu })
    this.#cut(incoming, out, nextHop)
    return true
  }

  /** RFC 791 §2.3. Of the options the first fragment keeps all, the others those with the copied bit (§3.1). */
  #cut({ packet }: Incoming, out: Interface, nextHop: number): void {
    for (let at = 0; at < packet.payload.length; ) {
      const draft = { ...packet, ttl: packet.ttl - 1, options: at === 0 ? packet.options : copied(packet.options) }
      const header = ipv4.headerLengthOf(draft)
      const part = packet.payload.subarray(at, at + ((out.mtu - header) & ~7))
      const buffer = new Uint8Array(linkHeadroom + header + part.length)
      ipv4.write(buffer, linkHeadroom, { ...draft, fragmentOffset: packet.fragmentOffset + at, moreFragments: packet.moreFragments || at + part.length < packet.payload.length }, part.length)
      buffer.set(part, linkHeadroom + header)
      out.send(buffer, nextHop)
      at += part.length
    }
    this.counters.forwarded++
  }

  #return(incoming: Incoming, complaint: Parameters<Host['ip']['complain']>[1]): true {
    this.counters.returned++
    this.#host.ip.complain(incoming, complaint)
    return true
  }
}

/** One hop less to live (RFC 1812 §5.3.1), and the header's sum with it. */
function age(buffer: Uint8Array, header: number): void {
  buffer[linkHeadroom + 8]--
  putU16be(buffer, linkHeadroom + 10, 0)
  putU16be(buffer, linkHeadroom + 10, checksum(buffer, linkHeadroom, linkHeadroom + header))
}

/** What the packet's sender left to the port; its offsets count from the start of a buffer with headroom. */
function owed({ packet, bytes, trusted, segmentSize }: Incoming): Offload | undefined {
  if (!trusted) return undefined
  const header = bytes.length - packet.payload.length
  const tcp = packet.protocol === ipv4.protocols.tcp
  if (!tcp && packet.protocol !== ipv4.protocols.udp) return undefined
  const start = linkHeadroom + header
  const transport = tcp ? ((packet.payload[12] ?? 0) >>> 4) * 4 : 8
  return { checksum: { start, offset: tcp ? 16 : 6 }, segmentation: segmentSize === 0 ? 'none' : tcp ? 'tcp4' : 'udp', segmentSize, headerLength: segmentSize === 0 ? 0 : start + transport }
}

/** The options that every fragment carries, padded by the writer. */
function copied(options: Uint8Array): Uint8Array {
  const kept: number[] = []
  for (let at = 0; at < options.length && options[at] !== 0; ) {
    const length = options[at] === 1 ? 1 : (options[at + 1] ?? 0)
    if (length < 1 || at + length > options.length) break
    if ((options[at] & 0x80) !== 0) kept.push(...options.subarray(at, at + length))
    at += length
  }
  return Uint8Array.from(kept)
}

function mayPass(address: number): boolean {
  return address >>> 24 !== 0 && address >>> 24 !== 127 && address >>> 16 !== 0xa9fe && address >>> 28 !== 0xf && !isMulticastIpv4(address)
}
