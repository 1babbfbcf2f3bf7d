/** The seam between IPv4 and what travels in it: ICMP, UDP, and in its own folder TCP. */
import type { Parsed } from '../wire/ipv4.ts'
import type { Quoted } from '../wire/quoted.ts'
import type { Interface } from './interface.ts'

/** A whole packet (reassembled if need be) for one of our addresses. Its bytes are the receiver's until it returns. */
export interface Incoming {
  readonly packet: Parsed
  /** The packet from its IP header on, as it came; of a reassembled one its first fragment. For quoting in ICMP errors. */
  readonly bytes: Uint8Array
  readonly interface: Interface
  /** The transport's checksum is still owed (offload) and its field means nothing: the bytes never left this computer. */
  readonly trusted: boolean
  /** Sent to more than us, by its IP or by its link address: no error may answer it (RFC 1122 §3.2.2). */
  readonly group: boolean
  /** Payload bytes of each datagram in a super-frame, 0 for a plain packet. */
  readonly segmentSize: number
}

/** Node's codes for what an ICMP error or a failed ARP means to a socket. */
export type FailureCode = 'ECONNREFUSED' | 'EHOSTUNREACH' | 'ENETUNREACH' | 'EMSGSIZE' | 'EPROTO'

/** An error about something we sent. */
export interface Failure {
  readonly code: FailureCode
  readonly quoted: Quoted
  /** With EMSGSIZE: the path MTU in bytes, else 0. */
  readonly mtu: number
}

export interface IpProtocol {
  /** IANA protocol number. */
  readonly number: number
  /** Must not throw on any bytes. */
  receive(incoming: Incoming): void
  failed(failure: Failure): void
}
