/** Guest RAM as devices see it, over the core's own memory. */
import type { Stateful } from '../base/state.ts'
import type { Core } from '../cpu/core.ts'
import type { GuestMemory } from './bus.ts'
import { BusError } from './bus.ts'

/** The blocks that hold anything but zeros, by their offset. */
export type RamState = readonly { readonly offset: number; readonly bytes: Uint8Array }[]

const blockBytes = 0x1_0000

export class Ram implements GuestMemory, Stateful<RamState> {
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

  save(): RamState {
    const { ram } = this.#core
    const offsets = Array.from({ length: Math.ceil(ram.length / blockBytes) }, (_, block) => block * blockBytes)
    return offsets.map((offset) => ({ offset, bytes: ram.subarray(offset, offset + blockBytes) })).filter(({ bytes }) => !blank(bytes)).map(({ offset, bytes }) => ({ offset, bytes: bytes.slice() }))
  }

  /** @param blank it holds zeros, and need not be filled with them: that would take as much of the host's memory as the guest has. */
  load(state: RamState, blank = false): void {
    const { ram } = this.#core
    this.#core.wrote(0, ram.length)
    if (!blank) ram.fill(0)
    for (const { offset, bytes } of state) ram.set(bytes, offset)
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

/** Whether whole words of 32 bits, as which they must lie, are all zeros. As floating point, a -0 or a NaN would not be told from them. */
export function blank(bytes: Uint8Array): boolean {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
  for (let at = 0; at < words.length; at++) if (words[at] !== 0) return false
  return true
}
