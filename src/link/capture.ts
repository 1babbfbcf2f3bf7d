/** A port that is listened in on: the same port, and everything through it, both ways, in a recorder. */
import type { Clock } from '../base/time.ts'
import type { Frame, FrameSink, Medium, Port } from './port.ts'
import type { Recorder } from './recorder.ts'

/** Adds an interface with the port's name (or `name`) to the recorder. @param clock of the port's own island. */
export function capture(port: Port, recorder: Recorder, clock: Clock, name: string = port.name): Port {
  return new CapturedPort(port, recorder, clock, recorder.interface(name, port.medium))
}

class CapturedPort implements Port {
  readonly name: string
  readonly medium: Medium
  readonly frameMax: number
  readonly #port: Port
  readonly #recorder: Recorder
  readonly #clock: Clock
  readonly #number: number

  constructor(port: Port, recorder: Recorder, clock: Clock, number: number) {
    this.name = port.name
    this.medium = port.medium
    this.frameMax = port.frameMax
    this.#port = port
    this.#recorder = recorder
    this.#clock = clock
    this.#number = number
  }

  send(frame: Frame): void {
    this.#recorder.record(this.#number, this.#clock.now, 'out', frame)
    this.#port.send(frame)
  }

  listen(sink: FrameSink | undefined): void {
    if (sink === undefined) {
      this.#port.listen(undefined)
      return
    }
    const receive = (frame: Frame): void => {
      this.#recorder.record(this.#number, this.#clock.now, 'in', frame)
      sink.receive(frame)
    }
    this.#port.listen({ receive })
  }
}
