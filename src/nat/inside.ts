/**
 * The seam between NAT and the IP version that a guest speaks: what comes from outside becomes a packet of that version, and what the
 * guest asked for is judged by it. Flows never look into an address.
 */
import type { Endpoint } from '../stack/sockets.ts'
import type { Address } from '../stack/tcp/family.ts'
import type { OutsideComplaint } from './outside.ts'
import type { Verdict } from './policy.ts'

export interface Inside {
  readonly version: 4 | 6
  /** Where a guest's packet to `address` goes. */
  judge(address: Address, port: number): Verdict
  /** As people and the outside read it. */
  format(address: Address): string
  /** Hands a datagram to a guest. @param from as the outside has it. */
  deliver(from: Endpoint, guest: Address, guestPort: number, bytes: Uint8Array): void
  /** Tells a guest what became of a datagram. Its payload stands no more; its headers, which are all that is quoted, are known. */
  complainDatagram(guest: Address, guestPort: number, to: Endpoint, complaint: OutsideComplaint): void
  /** @param from as the outside has it. */
  echoReply(from: string, guest: Address, echo: Echo, payload: Uint8Array, ttl: number): void
  complainEcho(guest: Address, echo: Echo, to: string, complaint: OutsideComplaint): void
}

export interface Echo {
  readonly identifier: number
  readonly sequence: number
}

/** A guest's datagram, or a super-frame of them. */
export interface GuestDatagram {
  readonly source: Address
  readonly sourcePort: number
  readonly destination: Address
  readonly destinationPort: number
  readonly payload: Uint8Array
  /** Hops left to it. */
  readonly ttl: number
  /** Payload bytes of each datagram in a super-frame; 0 for a plain one. */
  readonly segmentSize: number
}

export interface GuestEcho extends Echo {
  readonly source: Address
  readonly destination: Address
  readonly payload: Uint8Array
  readonly ttl: number
}
