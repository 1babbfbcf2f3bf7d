/**
 * One UDP mapping: an endpoint of a guest, and one socket of the host's for all whom it speaks with ("a NAT MUST have an
 * 'Endpoint-Independent Mapping' behavior", RFC 4787 REQ-1). Heard is who was spoken to: filtering depends on the address (REQ-8).
 */
import type { Instant } from '../base/time.ts'
import type { Endpoint } from '../stack/sockets.ts'
import type { FlowRow, Ground } from './ground.ts'
import type { OutsideEvent } from './outside.ts'
import { parseIpv4 } from '../wire/address.ts'
import { addressSum4 } from '../wire/checksum.ts'
import { serverPort } from '../wire/dns.ts'
import * as ipv4 from '../wire/ipv4.ts'
import * as quoted from '../wire/quoted.ts'
import * as udp from '../wire/udp.ts'
import { headroom } from '../stack/ip.ts'
import { complaintOf } from './complaints.ts'
import { reasonOf } from './ledger.ts'
import { datagramIdle, mostPeers, questionIdle } from './limits.ts'
import { tell } from './tell.ts'

const protocol = ipv4.protocols.udp

export class DatagramFlow {
  readonly number: number
  readonly inside: Endpoint
  readonly direction = 'out'
  lastAt: Instant
  readonly #ground: Ground
  readonly #guest: number
  /** Addresses outside that were spoken to, as the outside has them. */
  readonly #peers = new Set<string>()
  #last = ''
  #questions = true
  #sent = 0
  #received = 0

  constructor(number: number, inside: Endpoint, ground: Ground) {
    this.number = number
    this.inside = inside
    this.#guest = parseIpv4(inside.address)
    this.#ground = ground
    this.lastAt = ground.clock.now
    ground.outside.bind(number)
  }

  get row(): FlowRow {
    const idle = Math.floor((this.#ground.clock.now - this.lastAt) / 1e9)
    const outside = this.#peers.size > 1 ? `${this.#last} and ${this.#peers.size - 1} more` : this.#last
    return { protocol: 'udp', inside: `${this.inside.address}:${this.inside.port}`, outside, direction: 'out', state: 'open', sent: this.#sent, received: this.#received, idle, reason: '' }
  }

  /** From the guest. @param to as the outside has it; the bytes are copied. */
  send(to: Endpoint, payload: Uint8Array, ttl: number): void {
    // 'The NAT mapping Refresh Direction MUST have a "NAT Outbound refresh behavior" of "True"' (REQ-6); what comes in could be anybody's, and refreshes nothing.
    this.lastAt = this.#ground.clock.now
    this.#sent += payload.length
    this.#last = `${to.address}:${to.port}`
    if (to.port !== serverPort) this.#questions = false
    if (!this.#peers.has(to.address)) {
      if (this.#peers.size >= mostPeers) this.#peers.delete(this.#peers.values().next().value as string)
      this.#peers.add(to.address)
    }
    this.#ground.outside.send(this.number, to, payload.slice(), ttl)
  }

  hear(event: Extract<OutsideEvent, { kind: 'datagram' | 'complaint' | 'lost' }>): void {
    if (event.kind === 'datagram') this.#deliver(event.from, event.bytes)
    else if (event.kind === 'complaint') this.#complain(event)
    else {
      this.#ground.ledger.refuse('udp', this.inside.address, this.#last, reasonOf(event.code))
      this.#ground.forget(this.number)
    }
  }

  expired(now: Instant): boolean {
    return now - this.lastAt > (this.#questions ? questionIdle : datagramIdle)
  }

  cut(): void {
    this.#ground.outside.release(this.number)
    this.#ground.forget(this.number)
  }

  #deliver({ address, port }: Endpoint, bytes: Uint8Array): void {
    if (!this.#peers.has(address)) return
    this.#received += bytes.length
    const source = this.#ground.policy.seenAs(address)
    const buffer = new Uint8Array(headroom + udp.headerBytes + bytes.length)
    buffer.set(bytes, headroom + udp.headerBytes)
    udp.write(buffer, headroom, { sourcePort: port, destinationPort: this.inside.port }, bytes.length, addressSum4(source, this.#guest, protocol))
    this.#ground.host.ip.send(buffer, { protocol, source, destination: this.#guest })
  }

  /** The guest's datagram stands no more; its headers, which are all that is quoted, are known. */
  #complain({ to, complaint }: Extract<OutsideEvent, { kind: 'complaint' }>): void {
    this.#ground.ledger.refuse('udp', this.inside.address, `${to.address}:${to.port}`, reasonOf(complaint.code))
    const message = complaintOf(complaint)
    if (message === undefined) return
    const destination = this.#ground.policy.seenAs(to.address)
    const payload = udp.build({ sourcePort: this.inside.port, destinationPort: to.port, payload: new Uint8Array(0) }, addressSum4(this.#guest, destination, protocol))
    tell(this.#ground.host, message, quoted.build({ source: this.#guest, destination, protocol, payload }), complaint.by === undefined ? undefined : this.#ground.policy.seenAs(complaint.by))
  }
}
