/** The far side of the stack's only interface: packets that it sends are kept until they are asked for, those it is to hear come from the driver. */
import type { Clock, Instant } from '../../base/time.ts'
import type { Frame, FrameSink, Medium, Port } from '../../link/port.ts'

/** Packets kept at most; what is sent beyond is lost, and counted. */
const mostKept = 65_536

export interface SentPacket {
  readonly time: Instant
  readonly bytes: Uint8Array
}

export class PacketTap implements Port {
  readonly name = 'tap'
  readonly medium: Medium
  readonly frameMax: number
  /** Since the stack was made: sent, and of those lost for want of room here. */
  readonly counters = { sent: 0, lost: 0 }
  readonly #clock: Clock
  #kept: SentPacket[] = []
  #sink: FrameSink | undefined

  constructor(clock: Clock, medium: Medium, frameMax: number) {
    this.#clock = clock
    this.medium = medium
    this.frameMax = frameMax
  }

  send({ bytes }: Frame): void {
    this.counters.sent++
    if (this.#kept.length >= mostKept) this.counters.lost++
    else this.#kept.push({ time: this.#clock.now, bytes: bytes.slice() })
  }

  listen(sink: FrameSink | undefined): void {
    this.#sink = sink
  }

  /** The stack hears it now. The bytes are the stack's from then on. */
  hear(bytes: Uint8Array): void {
    this.#sink?.receive({ bytes, offload: undefined })
  }

  /** All that was sent since the last call. */
  take(): SentPacket[] {
    const kept = this.#kept
    this.#kept = []
    return kept
  }
}
