/** A serial port and a virtio console as one console: both are heard, and what is typed goes to the virtio console as soon as the guest has a driver for it. */
import type { SerialLine } from './serial-line.ts'
import type { VirtioConsole } from './virtio/console.ts'

export class JoinedConsole implements SerialLine {
  readonly #line: SerialLine
  readonly #virtio: VirtioConsole

  constructor(line: SerialLine, virtio: VirtioConsole) {
    this.#line = line
    this.#virtio = virtio
  }

  get room(): number {
    return this.#virtio.open ? this.#virtio.line.room : this.#line.room
  }

  get settings(): SerialLine['settings'] {
    return this.#line.settings
  }

  get bitTime(): number {
    return this.#line.bitTime
  }

  get outputs(): number {
    return this.#line.outputs
  }

  write(bytes: Uint8Array): void {
    if (this.#virtio.open) this.#virtio.line.write(bytes)
    else this.#line.write(bytes)
  }

  listen(hear: (bytes: Uint8Array) => void): void {
    this.#line.listen(hear)
    this.#virtio.line.listen(hear)
  }

  drive(inputs: number): void {
    this.#line.drive(inputs)
  }

  break(): void {
    this.#line.break()
  }

  receive(byte: number, bitTime: number): void {
    this.#line.receive(byte, bitTime)
  }

  listenOutputs(hear: (outputs: number) => void): void {
    this.#line.listenOutputs(hear)
  }
}
