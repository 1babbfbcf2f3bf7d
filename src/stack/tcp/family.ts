/** The seam between TCP and the IP version under it. TCP never looks into an address. */
import type { Complaint, Owed } from '../ip.ts'
import type { FailureCode } from '../protocol.ts'

/** IPv4: an unsigned 32-bit number; IPv6: 16 bytes. */
export type Address = number | Uint8Array

/** One connection's two ends. */
export interface Ends {
  readonly local: Address
  readonly localPort: number
  readonly remote: Address
  readonly remotePort: number
}

/** What is known of the way from one address to another. */
export interface Reach {
  /** Our address to speak from. */
  readonly local: Address
  /** The largest packet that the first link takes, in bytes; our MSS option comes from it. */
  readonly linkMtu: number
  /** The largest packet believed to arrive whole (RFC 1191). */
  readonly pathMtu: number
  /** Whether super-frames and unsummed segments may leave by it. */
  readonly offload: boolean
}

export interface Family {
  readonly version: 4 | 6
  /** Bytes to leave free in front of a segment in a buffer to be sent. */
  readonly headroom: number
  /** Length of the IP header. */
  readonly headerBytes: number
  readonly any: Address
  /** @throws {Malformed} */
  parse(text: string): Address
  format(address: Address): string
  equal(a: Address, b: Address): boolean
  /** The address as 32-bit words, for hashing. */
  words(address: Address): readonly number[]
  owns(address: Address): boolean
  /** Whether a connection may be made with it: no broadcast, no multicast, not the unspecified address (RFC 9293 §3.9.2.3). */
  isSingle(address: Address): boolean
  /** Of the pseudo-header, without the length. */
  addressSum(local: Address, remote: Address): number
  /** @returns undefined when there is no route. */
  reach(remote: Address, local: Address | undefined): Reach | undefined
  /** Sends a segment that stands in `buffer` behind `headroom` bytes; the buffer is gone. */
  send(buffer: Uint8Array, local: Address, remote: Address, owed: Owed | undefined): FailureCode | undefined
}

/** An arriving packet, with what the family has already found out about it. */
export interface Arriving {
  readonly family: Family
  /** Our end. */
  readonly local: Address
  readonly remote: Address
  /** From the TCP header on. */
  readonly bytes: Uint8Array
  /** The checksum is owed and means nothing. */
  readonly trusted: boolean
  /** Payload bytes of each segment in a super-frame; 0 for a plain one. */
  readonly segmentSize: number
  /** Sends an ICMP error about it. */
  complain(complaint: Complaint): void
}
