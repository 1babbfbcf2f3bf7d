/** The way out through a port that can't take what is owed to a frame: sums are filled in and super-frames cut before they leave. */
import type { Frame, FrameSink, Medium, Port } from './port.ts'
import { settleFrame } from './settle.ts'
import type { Takes } from './settle.ts'

/** A wrapper around `port` that hands it only what it takes. What comes in passes as it is. */
export class Egress implements Port {
  readonly name: string
  readonly medium: Medium
  readonly frameMax: number
  readonly #port: Port
  readonly #takes: Takes
  /** Frames whose offload made no sense. */
  dropped = 0

  constructor(port: Port, takes: Takes) {
    this.name = port.name
    this.medium = port.medium
    this.frameMax = port.frameMax
    this.#port = port
    this.#takes = takes
  }

  send(frame: Frame): void {
    const settled = settleFrame(frame, this.#takes, this.medium)
    if (settled === undefined) this.dropped++
    else for (const each of settled) this.#port.send(each)
  }

  listen(sink: FrameSink | undefined): void {
    this.#port.listen(sink)
  }
}
