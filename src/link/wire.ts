/** A wire: two ports, and what comes in at one goes out at the other. For links point to point, where a switch would only look on. */
import { assert } from '../base/errors.ts'
import type { Backend, Medium, Port } from './port.ts'

export class Wire implements Backend {
  readonly name: string
  readonly medium: Medium
  #ports: readonly Port[] = []

  constructor(name: string, medium: Medium = 'ethernet') {
    this.name = name
    this.medium = medium
  }

  /** @throws {AssertionError} for a third port, or one of another medium. */
  plug(port: Port): void {
    assert(port.medium === this.medium, `${port.name} can't be plugged into ${this.name}: it carries ${port.medium}, not ${this.medium}`)
    assert(this.#ports.length < 2, `wire ${this.name} has two ends; ${port.name} would be a third`)
    this.#ports = [...this.#ports, port]
    port.listen({ receive: (frame) => this.#ports.find((other) => other !== port)?.send(frame) })
  }

  unplug(port: Port): void {
    if (!this.#ports.includes(port)) return
    port.listen(undefined)
    this.#ports = this.#ports.filter((other) => other !== port)
  }
}
