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

export interface Nic {
  /** `nic0`, in the order of the machine's configuration. */
  readonly name: string
  readonly mac: Uint8Array
  readonly counters: NicCounters
  /** Plugs one end of a cable in: the guest sees the link come up. A cable that was there is pulled first. */
  plug(port: Port): void
  /** Pulls the cable: the guest sees the link go down, and what it sends is dropped and counted. */
  unplug(): void
}
