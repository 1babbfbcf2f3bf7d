/** Guest RAM as devices see it, over the core's own memory. */
import type { Core } from '../cpu/core.ts'
import type { GuestMemory } from './bus.ts'
import { BusError } from './bus.ts'

export class Ram implements GuestMemory {
  readonly #core: Pick<Core, 'ram' | 'wrote'>
  readonly #base: number
  readonly #size: number

  /** @param base guest-physical address of RAM's first byte. */
  constructor(core: Pick<Core, 'ram' | 'wrote'>, base: number) {
    this.#core = core
    this.#base = base
    this.#size = core.ram.length
  }

  window(address: number, length: number): Uint8Array {
    const offset = this.#offset(address, length)
    return this.#core.ram.subarray(offset, offset + length)
  }

  writable(address: number, length: number): Uint8Array {
    const offset = this.#offset(address, length)
    this.#core.wrote(offset, length)
    return this.#core.ram.subarray(offset, offset + length)
  }

  #offset(address: number, length: number): number {
    const offset = address - this.#base
    // Written so that NaN and anything beyond 2^53 fail too.
    if (!(offset >= 0 && length >= 0 && offset + length <= this.#size)) {
      throw new BusError(`0x${address.toString(16)}+${length} is not in RAM`)
    }
    return offset
  }
}
