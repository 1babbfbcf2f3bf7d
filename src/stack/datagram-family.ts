/** The seam between UDP and the IP version under it. UDP never looks into an address. */
import type { Address } from './tcp/family.ts'
import type { FailureCode } from './protocol.ts'
import type { Parsed } from '../wire/udp.ts'

/** Where a datagram goes, and how. */
export interface Sending {
  /** Our address to send from; undefined: picked by the route. */
  readonly source: Address | undefined
  readonly destination: Address
  /** The interface to leave by, by name. */
  readonly interface: string | undefined
  readonly hardware: Uint8Array | undefined
  readonly dontFragment: boolean | undefined
}

export interface DatagramFamily {
  readonly version: 4 | 6
  /** Bytes to leave free in front of a datagram in a buffer to be sent. */
  readonly headroom: number
  readonly any: Address
  readonly largestPayload: number
  /** Whether a checksum of zero says that there is none (RFC 768); over IPv6 it says that the datagram is wrong (RFC 8200 §8.1). */
  readonly mayLackChecksum: boolean
  /** @throws {Malformed} */
  parse(text: string): Address
  format(address: Address): string
  equal(a: Address, b: Address): boolean
  /** Whether a socket may have it: one of ours, or one that datagrams for us are sent to. */
  mayBind(address: Address): boolean
  /** Of the pseudo-header, without the length. */
  addressSum(source: Address, destination: Address): number
  /** Our address that it would leave from. @returns undefined when there is no route. */
  sourceOf(sending: Sending): Address | undefined
  /** Sends a datagram that stands in `buffer` behind `headroom` bytes; the buffer is gone. */
  send(buffer: Uint8Array, sending: Sending): FailureCode | undefined
  /** Listens to a group on an interface, the first when undefined. @returns Node's code where that can't be. */
  join(group: Address, interface_: string | undefined): string | undefined
  leave(group: Address, interface_: string | undefined): void
}

/** An arriving datagram, with what the family has already found out about it. */
export interface ArrivingDatagram {
  readonly family: DatagramFamily
  readonly source: Address
  /** Ours, or a group's. */
  readonly destination: Address
  /** From the UDP header on. */
  readonly bytes: Uint8Array
  /** The checksum is owed and means nothing. */
  readonly trusted: boolean
  readonly group: boolean
  /** Payload bytes of each datagram in a super-frame; 0 for a plain one. */
  readonly segmentSize: number
  /** The name of the one it came in on. */
  readonly interface: string
  /** Nobody here listens at its port: somebody else may have it, else it is refused. */
  stranger(datagram: Parsed): boolean
  refuse(): void
}
