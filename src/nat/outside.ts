/**
 * The seam between NAT and the world it leads to: commands out, events in. Nothing is heard inside a command, and every event enters the
 * lab by its door (house.md, law 6), so that a run can be played back without any outside at all.
 *
 * A flow has a number: NAT's own count up from 1, those that come from outside (forwarded ports) count down from -1.
 * Both directions of a stream live on credit: whoever sends waits while as much as a window is not yet told as taken.
 */
import type { Endpoint } from '../stack/sockets.ts'

const widest = 256 * 1024
const narrowest = 16 * 1024
/** For all streams together, in each direction; only so many streams that each has the narrowest take more. */
const shared = 128 << 20

/** Bytes of one of so many streams that may be under way in each direction before they are told as taken. */
export const windowOf = (streams: number): number => Math.max(narrowest, Math.min(widest, Math.floor(shared / Math.max(1, streams))))

/** The address under which the host's own resolver is reached, whatever and wherever it is. */
export const resolver = 'resolver'

/** Node's code: `ECONNREFUSED`, `EHOSTUNREACH`, `ETIMEDOUT`. */
export type Code = string

export type OutsideEvent =
  /** A dial was answered. */
  | { readonly kind: 'open'; readonly flow: number }
  | { readonly kind: 'data'; readonly flow: number; readonly bytes: Uint8Array }
  /** The other side writes no more. */
  | { readonly kind: 'end'; readonly flow: number }
  /** So many bytes more of what was written are on their way. */
  | { readonly kind: 'room'; readonly flow: number; readonly count: number }
  /** The stream is gone: the last that is heard of it. Without a code both sides had ended. Before `open`: the dial failed. */
  | { readonly kind: 'closed'; readonly flow: number; readonly code: Code | undefined }
  /** The port that was asked for by `expect`, as it is reached from outside; undefined when there is none. */
  | { readonly kind: 'expecting'; readonly flow: number; readonly at: Endpoint | undefined }
  /** Somebody has connected to a forwarded port. `to`: the guest it is for. */
  | { readonly kind: 'inbound'; readonly flow: number; readonly from: Endpoint; readonly to: Endpoint }
  | { readonly kind: 'datagram'; readonly flow: number; readonly from: Endpoint; readonly bytes: Uint8Array }
  /** A datagram came to a forwarded port from `from`, who is the flow from then on. */
  | { readonly kind: 'inbound datagram'; readonly flow: number; readonly from: Endpoint; readonly to: Endpoint; readonly bytes: Uint8Array }
  | { readonly kind: 'echo reply'; readonly flow: number; readonly from: string; readonly sequence: number; readonly bytes: Uint8Array; readonly ttl: number }
  /** What the network or the host said about a datagram or an echo (`sequence`). */
  | { readonly kind: 'complaint'; readonly flow: number; readonly to: Endpoint; readonly sequence: number; readonly complaint: OutsideComplaint }
  /** A datagram flow, or its socket, is gone. */
  | { readonly kind: 'lost'; readonly flow: number; readonly code: Code }

/** An ICMP error of a host on the way, or (without `by`) a refusal of this computer's own. */
export interface OutsideComplaint {
  readonly by: string | undefined
  readonly code: Code
  /** With EMSGSIZE the path's MTU in bytes, else 0. */
  readonly mtu: number
}

/** Implemented in host/nat. */
export interface Outside {
  /** Answered by `open` or `closed`. */
  dial(flow: number, to: Endpoint): void
  /** The bytes are the outside's from then on; answered by `room`. */
  write(flow: number, bytes: Uint8Array): void
  /** The bytes of a `data` event were used up: the outside may have their memory back. */
  spent(bytes: Uint8Array): void
  /** So many bytes more of what came were delivered. */
  took(flow: number, count: number): void
  /**
   * Opens a port on this side's address of a stream, for one connection, which only `from` may make within a minute: it comes as `inbound` for `to`.
   * Answered by `expecting`. The one before it, and that of a stream that is gone, is closed.
   */
  expect(flow: number, from: string, to: Endpoint): void
  /** We write no more. */
  end(flow: number): void
  /** Ends a stream at once, by a reset where the protocol has one; `closed` still follows. */
  reset(flow: number): void
  /** A datagram socket for the flow. */
  bind(flow: number): void
  /** @param ttl hops left to it. */
  send(flow: number, to: Endpoint, bytes: Uint8Array, ttl: number): void
  ping(flow: number, to: string, sequence: number, bytes: Uint8Array, ttl: number): void
  /** Gives a datagram or echo flow back; nothing more is heard of it. */
  release(flow: number): void
}

/** Where nobody is: a lab that is not connected yet, or one that is played back. */
export const nowhere: Outside = { dial: () => {}, write: () => {}, spent: () => {}, took: () => {}, expect: () => {}, end: () => {}, reset: () => {}, bind: () => {}, send: () => {}, ping: () => {}, release: () => {} }
