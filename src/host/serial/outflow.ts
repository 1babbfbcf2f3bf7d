/** What waits for a slow reader of a serial port: bounded, with a policy for when it is full. */
import type { SerialPlan } from '../../lab/serial/serial-plan.ts'

export interface OutflowTraits extends Pick<SerialPlan, 'bufferBytes' | 'full'> {
  /** @returns false when nothing more is taken until `ready` is called. */
  readonly write: (bytes: Uint8Array) => boolean
  /** The guest is to wait, or may go on. */
  readonly hold: (held: boolean) => void
}

/** A guest that prints without asking its port (by its firmware) is not held by it; beyond so many buffers the oldest is lost all the same. */
const overfull = 4

export class Outflow {
  readonly #traits: OutflowTraits
  #chunks: Uint8Array[] = []
  #length = 0
  #blocked = false
  #held = false
  #dropped = 0

  constructor(traits: OutflowTraits) {
    this.#traits = traits
  }

  /** Bytes that were lost. */
  get dropped(): number {
    return this.#dropped
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#length
  }

  /** Keeps a copy where it has to wait. */
  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes.slice())
    this.#length += bytes.length
    this.#pump()
    const { bufferBytes, full } = this.#traits
    const limit = full === 'block' ? bufferBytes * overfull : bufferBytes
    while (this.#length > limit) this.#drop(this.#length - limit)
    if (full === 'block' && this.#length >= bufferBytes) this.#hold(true)
  }

  /** The reader takes again. */
  ready(): void {
    this.#blocked = false
    this.#pump()
  }

  /** The reader is gone: what waits is lost, and nobody waits for it. */
  close(): void {
    this.#chunks = []
    this.#length = 0
    this.#hold(false)
  }

  #pump(): void {
    while (!this.#blocked && this.#chunks.length > 0) {
      const bytes = this.#chunks.shift() as Uint8Array
      this.#length -= bytes.length
      if (!this.#traits.write(bytes)) this.#blocked = true
    }
    if (this.#length <= this.#traits.bufferBytes >> 1) this.#hold(false)
  }

  #drop(count: number): void {
    const [first] = this.#chunks
    const lost = Math.min(count, first.length)
    if (lost === first.length) this.#chunks.shift()
    else this.#chunks[0] = first.subarray(lost)
    this.#length -= lost
    this.#dropped += lost
  }

  #hold(held: boolean): void {
    if (held === this.#held) return
    this.#held = held
    this.#traits.hold(held)
  }
}
