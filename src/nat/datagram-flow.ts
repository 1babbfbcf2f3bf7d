/**
 * One UDP mapping: an endpoint of a guest, and one socket of the host's for all whom it speaks with ("a NAT MUST have an
 * 'Endpoint-Independent Mapping' behavior", RFC 4787 REQ-1). Heard is who was spoken to: filtering depends on the address (REQ-8).
 */
import type { Instant } from '../base/time.ts'
import type { Endpoint } from '../stack/sockets.ts'
import type { FlowRow, Ground } from './ground.ts'
import type { OutsideEvent } from './outside.ts'
import type { Address } from '../stack/tcp/family.ts'
import type { Inside } from './inside.ts'
import { serverPort } from '../wire/dns.ts'
import { end, reasonOf } from './ledger.ts'
import { datagramIdle, mostPeers, questionIdle } from './limits.ts'

export class DatagramFlow {
  readonly number: number
  readonly inside: Endpoint
  readonly direction = 'out'
  lastAt: Instant
  readonly #ground: Ground
  readonly #inside: Inside
  readonly #guest: Address
  /** Addresses outside that were spoken to, as the outside has them. */
  readonly #peers = new Set<string>()
  #last = ''
  #questions = true
  #sent = 0
  #received = 0

  /** @param guest its address, and `port` its end. */
  constructor(number: number, guest: Address, port: number, inside: Inside, ground: Ground) {
    this.number = number
    this.inside = { address: inside.format(guest), port }
    this.#inside = inside
    this.#guest = guest
    this.#ground = ground
    this.lastAt = ground.clock.now
    ground.outside.bind(number)
  }

  get row(): FlowRow {
    const idle = Math.floor((this.#ground.clock.now - this.lastAt) / 1e9)
    const outside = this.#peers.size > 1 ? `${this.#last} and ${this.#peers.size - 1} more` : this.#last
    return { protocol: 'udp', inside: end(this.inside), outside, direction: 'out', state: 'open', sent: this.#sent, received: this.#received, idle, reason: '' }
  }

  /** From the guest. @param to as the outside has it; the bytes are copied. */
  send(to: Endpoint, payload: Uint8Array, ttl: number): void {
    // 'The NAT mapping Refresh Direction MUST have a "NAT Outbound refresh behavior" of "True"' (REQ-6); what comes in could be anybody's, and refreshes nothing.
    this.lastAt = this.#ground.clock.now
    this.#sent += payload.length
    this.#last = end(to)
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

  #deliver(from: Endpoint, bytes: Uint8Array): void {
    if (!this.#peers.has(from.address)) return
    this.#received += bytes.length
    this.#inside.deliver(from, this.#guest, this.inside.port, bytes)
  }

  #complain({ to, complaint }: Extract<OutsideEvent, { kind: 'complaint' }>): void {
    this.#ground.ledger.refuse('udp', this.inside.address, end(to), reasonOf(complaint.code))
    this.#inside.complainDatagram(this.#guest, this.inside.port, to, complaint)
  }
}
