/** What all flows of one NAT stand on. */
import type { Clock } from '../base/time.ts'
import type { Endpoint } from '../stack/sockets.ts'
import type { Host } from '../stack/host.ts'
import type { Ledger } from './ledger.ts'
import type { Outside } from './outside.ts'
import type { StreamFlow } from './stream-flow.ts'

export interface Ground {
  readonly clock: Clock
  /** The gateway. */
  readonly host: Host
  readonly outside: Outside
  readonly ledger: Ledger
  /** Bytes of one stream that may be on their way out (outside.ts). */
  readonly window: number
  /** So much is buffered for all streams together that none is given more to carry. */
  readonly tight: boolean
  /** Calls `relieve` of the stream when it is no longer tight. */
  starve(flow: StreamFlow): void
  /** A connection from outside to the guest's end `to` will come because of a stream. @param seen whom the guest expects it from. */
  expect(number: number, from: string, to: Endpoint, seen: string | undefined): void
  /** The flow is over. */
  forget(number: number): void
}

/** A row of `inspect nat`. A stable contract. */
export type FlowRow = {
  readonly protocol: 'tcp' | 'udp' | 'icmp'
  /** The guest's end. */
  readonly inside: string
  /** Whom it speaks with. */
  readonly outside: string
  /** `in`: by a forwarded port. */
  readonly direction: 'in' | 'out'
  readonly state: string
  /** Bytes of payload from the guest, and to it. */
  readonly sent: number
  readonly received: number
  /** Seconds since anything passed. */
  readonly idle: number
  /** Of a refused one. */
  readonly reason: string
}
