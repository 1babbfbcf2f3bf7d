/** The seam to a network card: what a lab may do with one, whatever the guest sees. */
import type { Port } from '../link/port.ts'

export type NicCounters = {
  readonly receivedFrames: number
  readonly receivedBytes: number
  /** Frames that the guest left no room for. */
  readonly receiveDrops: number
  readonly sentFrames: number
  readonly sentBytes: number
  /** Frames from the guest that no cable could carry: malformed, too long, or nothing plugged in. */
  readonly sendDrops: number
}

/** One of a card's rings, for people. Addresses are guest-physical; counts are modulo 2^16. */
export interface RingView {
  readonly name: string
  readonly size: number
  readonly ready: boolean
  readonly descriptors: number
  readonly available: number
  readonly used: number
  /** Chains that the card has taken, and given back. */
  readonly taken: number
  readonly given: number
  /** Chains that the driver has lent and the card has not taken; undefined when the ring makes no sense. */
  readonly waiting: number | undefined
}

export interface Nic {
  /** `nic0`, in the order of the machine's configuration. */
  readonly name: string
  readonly mac: Uint8Array
  readonly counters: NicCounters
  /** Where they are of a kind that can be told so. */
  readonly rings?: readonly RingView[]
  /** Plugs one end of a cable in: the guest sees the link come up. A cable that was there is pulled first. */
  plug(port: Port): void
  /** Pulls the cable: the guest sees the link go down, and what it sends is dropped and counted. */
  unplug(): void
}
