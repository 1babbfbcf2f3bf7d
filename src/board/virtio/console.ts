/** virtio-console, one port: a line without a rate. virtio 1.2 §5.3. Linux calls it hvc0. */
import { concat } from '../../base/bytes.ts'
import type { Plain } from '../../base/state.ts'
import type { Chardev, Width } from '../bus.ts'
import { gather, scatter } from './chain.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'

/** §5.3.3. */
export const consoleFeatures = { emergencyWrite: 2 } as const

const [receiveQueue, transmitQueue] = [0, 1]
const queueMax = 64
/** Bytes that wait until the driver lends room. */
const waitingMax = 4096
/** What one buffer of the driver may say; more of it is not looked at. */
const sayMax = 1 << 16
/** emerg_wr, by which a guest may print before it has set anything up (§5.3.4). */
const emergencyAt = 8

export class VirtioConsole implements VirtioDevice {
  readonly name: string
  readonly deviceId = 3
  readonly features = [consoleFeatures.emergencyWrite]
  readonly queues = [{ name: 'receive', max: queueMax }, { name: 'transmit', max: queueMax }]
  /** cols, rows and max_nr_ports mean nothing without their features; emerg_wr reads as zero. */
  readonly config = new Uint8Array(12)
  /** The other end: what the guest prints is heard, what is written reaches the guest. */
  readonly line: Chardev
  #host: VirtioHost | undefined
  #waiting: Uint8Array = new Uint8Array(0)
  #hear: (bytes: Uint8Array) => void = () => undefined

  constructor(name: string) {
    this.name = name
    const room = (): number => waitingMax - this.#waiting.length
    this.line = {
      get room() {
        return room()
      },
      write: (bytes) => this.#type(bytes),
      listen: (hear) => void (this.#hear = hear),
    }
  }

  /** The guest's driver is there. */
  get open(): boolean {
    return this.#host?.running ?? false
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  notify(index: number): void {
    if (index === receiveQueue) return this.#deliver()
    const host = this.#host
    host?.queues[transmitQueue].drain((chain) => {
      const bytes = gather(host.memory, chain.readable, 0, Math.min(chain.readableBytes, sayMax))
      if (bytes.length > 0) this.#hear(bytes)
      return 0
    })
  }

  writeConfig(offset: number, _width: Width, value: number): void {
    if (offset === emergencyAt) this.#hear(Uint8Array.of(value & 0xff))
  }

  reset(): void {
    this.#waiting = new Uint8Array(0)
  }

  save(): Plain {
    return this.#waiting.slice()
  }

  load(state: Plain): void {
    this.#waiting = (state as Uint8Array).slice()
  }

  #type(bytes: Uint8Array): void {
    this.#waiting = concat(this.#waiting, bytes.subarray(0, waitingMax - this.#waiting.length))
    this.#host?.attempt(() => this.#deliver())
  }

  #deliver(): void {
    const host = this.#host
    if (host === undefined || !host.running) return
    const queue = host.queues[receiveQueue]
    for (let left = queue.size; left > 0 && this.#waiting.length > 0; left--) {
      const chain = queue.pop()
      if (chain === undefined) break
      const written = scatter(host.memory, chain.writable, 0, this.#waiting)
      this.#waiting = this.#waiting.slice(written)
      queue.push(chain.head, written)
    }
    queue.signal()
  }
}
