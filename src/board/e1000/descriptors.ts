/** What the receiving and the sending ring have in common: where they lie, and how far each side has got. SDM §3.2.6, §3.4. */
import type { GuestMemory } from '../bus.ts'
import type { RingView } from '../nic.ts'

export const descriptorBytes = 16
/** The largest ring that the card has. */
const descriptorsMax = 4096

/** Registers of one ring, by offset. */
export interface RingRegisters {
  readonly low: number
  readonly high: number
  readonly length: number
  readonly head: number
  readonly tail: number
}

export class DescriptorRing {
  readonly name: string
  readonly #registers: Uint32Array
  readonly #at: RingRegisters

  /** @param registers the card's, by word. */
  constructor(name: string, registers: Uint32Array, at: RingRegisters) {
    this.name = name
    this.#registers = registers
    this.#at = at
  }

  get size(): number {
    return Math.min(this.#registers[this.#at.length >> 2] >>> 4, descriptorsMax)
  }

  get head(): number {
    return this.#registers[this.#at.head >> 2]
  }

  get tail(): number {
    return this.#registers[this.#at.tail >> 2]
  }

  /** Descriptors that are the card's: from head to tail. 0 where the driver's numbers lie outside the ring. */
  get lent(): number {
    const { size, head, tail } = this
    return head < size && tail < size ? (tail - head + size) % size : 0
  }

  get view(): RingView {
    const { name, size, head, lent } = this
    return { name, size, ready: size > 0, descriptors: this.#base, available: 0, used: 0, taken: head, given: head, waiting: lent }
  }

  /** The descriptor at head, to be read. @throws {BusError} */
  read(memory: GuestMemory): Uint8Array {
    return memory.window(this.#base + descriptorBytes * this.head, descriptorBytes)
  }

  /** The descriptor at head, to be written back. @throws {BusError} */
  write(memory: GuestMemory): Uint8Array {
    return memory.writable(this.#base + descriptorBytes * this.head, descriptorBytes)
  }

  advance(): void {
    const next = this.head + 1
    this.#registers[this.#at.head >> 2] = next >= this.size ? 0 : next
  }

  get #base(): number {
    return ((this.#registers[this.#at.low >> 2] & ~0xf) >>> 0) + 2 ** 32 * this.#registers[this.#at.high >> 2]
  }
}
