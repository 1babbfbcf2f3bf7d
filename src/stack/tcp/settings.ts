/** What may be set of a host's TCP, and what it counts. */

export interface Settings {
  /** Bytes that a connection takes in before they are read; its window. Default 4 MiB. */
  readonly receiveBuffer: number
  /** `write()` says false when so many bytes wait unacknowledged, at least; up to `sendBufferMax` where the path holds more. Default 256 KiB and 8 MiB. */
  readonly sendBuffer: number
  readonly sendBufferMax: number
  /** Half-open connections of one listener (RFC 4987 §3.2). Default 511, as Node's backlog. */
  readonly backlog: number
  /** Connections in TIME-WAIT; the oldest makes room. Default 16,384. */
  readonly timeWaits: number
  /** Connections in all; a SYN beyond them gets no answer. Default 65,536. */
  readonly connections: number
  /** Bytes buffered for all connections. Default 256 MiB. */
  readonly memoryBytes: number
  /** The largest super-frame, in bytes with its headers; at most 65,535. */
  readonly superFrame: number
}

export const defaults: Settings = {
  receiveBuffer: 4 * 1024 * 1024,
  sendBuffer: 256 * 1024,
  sendBufferMax: 8 * 1024 * 1024,
  backlog: 511,
  timeWaits: 16_384,
  connections: 65_536,
  memoryBytes: 256 * 1024 * 1024,
  superFrame: 65_535,
}

export class Counters {
  segmentsReceived = 0
  segmentsSent = 0
  malformed = 0
  /** Segments for which no connection or listener was there. */
  strays = 0
  resetsSent = 0
  challenges = 0
  retransmissions = 0
  timeouts = 0
  probes = 0
  recoveries = 0
  /** Reductions that turned out to be for nothing. */
  undone = 0
  outOfOrder = 0
  duplicates = 0
  /** Segments older than their timestamps allow (RFC 7323 §5). */
  paws = 0
  /** SYNs that found the backlog full. */
  backlogFull = 0
}
