/** The seam between IPv6 and what travels in it. Addresses are as the host has them: with their zones (zone.ts). */
import type { Parsed } from '../../wire/ipv6.ts'
import type { Message } from '../../wire/icmpv6.ts'
import type { Quoted } from '../../wire/quoted6.ts'
import type { FailureCode } from '../protocol.ts'
import type { Link6 } from './link6.ts'

/** A whole packet (reassembled if need be) for one of our addresses. Its bytes are the receiver's until it returns; its addresses are to keep. */
export interface Incoming6 {
  readonly packet: Parsed
  /** The packet from its IP header on, as it came; of a reassembled one its first fragment. For quoting in ICMPv6 errors. */
  readonly bytes: Uint8Array
  readonly link: Link6
  /** The transport's checksum is still owed (offload): the bytes never left this computer. */
  readonly trusted: boolean
  /** Sent to more than us, by its IP or by its link address. */
  readonly group: boolean
  /** Payload bytes of each segment in a super-frame, 0 for a plain packet. */
  readonly segmentSize: number
}

/** An error about something we sent. */
export interface Failure6 {
  readonly code: FailureCode
  /** Its addresses have their zones. */
  readonly quoted: Quoted
  /** With EMSGSIZE: the path MTU in bytes, else 0. */
  readonly mtu: number
}

export interface Ip6Protocol {
  /** IANA protocol number. */
  readonly number: number
  /** Must not throw on any bytes. */
  receive(incoming: Incoming6): void
  failed(failure: Failure6): void
}

/** What an ICMPv6 error is to say (RFC 4443 §3). */
export interface Complaint6 {
  readonly kind: 'unreachable' | 'time exceeded' | 'packet too big' | 'parameter problem'
  readonly code: number
  /** Of `packet too big`; of `parameter problem` where the wrong octet is. */
  readonly value: number
}

/** Where and how an ICMPv6 message goes. */
export interface Saying {
  readonly destination: Uint8Array
  /** Picked when not given; `::` before an address is ours. */
  readonly source?: Uint8Array | undefined
  readonly hopLimit?: number | undefined
  readonly hardware?: Uint8Array | undefined
  /** Routers on the way are to look at it (RFC 2711): multicast listener reports. */
  readonly routerAlert?: boolean
}

export type Say6 = (by: Link6, message: Message, how: Saying) => void
