/** A hub: what comes in goes out everywhere else. IEEE 802.3-2018 clause 9 calls it a repeater. */
import { assert } from '../base/errors.ts'
import { copyFrame } from './frame.ts'
import type { Backend, Frame, Medium, Port } from './port.ts'

export class Hub implements Backend {
  readonly name: string
  readonly medium: Medium
  readonly #ports = new Set<Port>()

  constructor(name: string, medium: Medium = 'ethernet') {
    this.name = name
    this.medium = medium
  }

  /** @throws {AssertionError} for a port of another medium. */
  plug(port: Port): void {
    assert(port.medium === this.medium, `${port.name} can't be plugged into ${this.name}: it carries ${port.medium}, not ${this.medium}`)
    this.#ports.add(port)
    port.listen({ receive: (frame) => this.#repeat(port, frame) })
  }

  unplug(port: Port): void {
    if (this.#ports.delete(port)) port.listen(undefined)
  }

  #repeat(from: Port, frame: Frame): void {
    let last: Port | undefined
    for (const port of this.#ports) {
      if (port === from) continue
      // Whoever gets a frame owns its bytes, so all but the last get a copy.
      last?.send(copyFrame(frame))
      last = port
    }
    last?.send(frame)
  }
}
