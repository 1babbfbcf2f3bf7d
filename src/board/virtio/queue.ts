/**
 * Split virtqueue, the device's side. virtio 1.2 §2.7.
 * Everything in the three areas is the guest's and may be nonsense: an index, flag or address that makes no sense throws Malformed
 * (or BusError, from memory), which the transport turns into DEVICE_NEEDS_RESET. Walks are bounded by the queue's size.
 */
import { putU16le, putU32le, u16le, u32le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { BusError, type GuestMemory } from '../bus.ts'
import type { RingView } from '../nic.ts'
import type { Chain, Segment } from './chain.ts'

const descriptorBytes = 16
const flag = { next: 1, write: 2, indirect: 4 } as const
/** In the available ring's flags: the driver wants no interrupt (§2.7.7). */
const noInterrupt = 1

export type QueueState = {
  readonly size: number
  readonly ready: boolean
  readonly descriptors: number
  readonly available: number
  readonly used: number
  readonly taken: number
  readonly given: number
  readonly signalled: number
}

/** What the driver agreed to that changes the rings' meaning. */
export interface QueueFeatures {
  readonly indirect: boolean
  readonly eventIndex: boolean
}

export class Queue {
  readonly name: string
  /** Largest size that the driver may choose; a power of two. */
  readonly max: number
  readonly #memory: GuestMemory
  readonly #interrupt: () => void
  size = 0
  ready = false
  /** Guest-physical addresses of the descriptor table, the available ring and the used ring. */
  descriptors = 0
  available = 0
  used = 0
  features: QueueFeatures = { indirect: false, eventIndex: false }
  /** Chains taken so far, modulo 2^16: our place in the available ring. */
  #taken = 0
  /** Chains given back so far, modulo 2^16: the used index. */
  #given = 0
  /** The used index at which the driver was last considered for an interrupt. */
  #signalled = 0

  constructor(name: string, max: number, memory: GuestMemory, interrupt: () => void) {
    this.name = name
    this.max = max
    this.#memory = memory
    this.#interrupt = interrupt
  }

  reset(): void {
    this.size = this.descriptors = this.available = this.used = 0
    this.#taken = this.#given = this.#signalled = 0
    this.ready = false
    this.features = { indirect: false, eventIndex: false }
  }

  /** How many chains the driver has made available and we have not taken. @throws {Malformed} */
  get waiting(): number {
    if (!this.ready) return 0
    const waiting = (u16le(this.#memory.window(this.available + 2, 2), 0) - this.#taken) & 0xffff
    if (waiting > this.size) throw new Malformed(`${this.name}: ${waiting} chains available in a queue of ${this.size}`)
    return waiting
  }

  /** Takes the next chain; undefined when there is none. @throws {Malformed} @throws {BusError} */
  pop(): Chain | undefined {
    const { waiting } = this
    if (waiting <= 1) this.#askForNotification(waiting)
    if (waiting === 0) return undefined
    const slot = this.available + 4 + 2 * (this.#taken & (this.size - 1))
    const head = u16le(this.#memory.window(slot, 2), 0)
    const chain = this.#walk(head)
    this.#taken = (this.#taken + 1) & 0xffff
    return chain
  }

  /**
   * Serves what is available and signals. `serve` returns how many bytes it wrote. Bounded by the queue's size: a used ring laid over
   * the available ring would otherwise refill itself for ever.
   * @throws {Malformed} @throws {BusError}
   */
  drain(serve: (chain: Chain) => number): void {
    for (let left = this.size; left > 0; left--) {
      const chain = this.pop()
      if (chain === undefined) break
      this.push(chain.head, serve(chain))
    }
    this.signal()
  }

  /** Puts the last `count` chains back, as if they had not been taken. */
  unpop(count: number): void {
    this.#taken = (this.#taken - count) & 0xffff
  }

  /** Gives a chain back, `written` bytes of it filled. The driver hears of it from `signal`. @throws {BusError} */
  push(head: number, written: number): void {
    const slot = this.#memory.writable(this.used + 4 + 8 * (this.#given & (this.size - 1)), 8)
    putU32le(slot, 0, head)
    putU32le(slot, 4, written)
    this.#given = (this.#given + 1) & 0xffff
    putU16le(this.#memory.writable(this.used + 2, 2), 0, this.#given)
  }

  /** Interrupts for what was given back since the last call, if the driver wants it (§2.7.7). */
  signal(): void {
    const before = this.#signalled
    const given = this.#given
    if (before === given) return
    this.#signalled = given
    if (this.features.eventIndex) {
      const event = u16le(this.#memory.window(this.available + 4 + 2 * this.size, 2), 0)
      if (((given - event - 1) & 0xffff) < ((given - before) & 0xffff)) this.#interrupt()
    } else if ((u16le(this.#memory.window(this.available, 2), 0) & noInterrupt) === 0) this.#interrupt()
  }

  get view(): RingView {
    const { name, size, ready, descriptors, available, used } = this
    return { name, size, ready, descriptors, available, used, taken: this.#taken, given: this.#given, waiting: this.#lent() }
  }

  save(): QueueState {
    const { size, ready, descriptors, available, used } = this
    return { size, ready, descriptors, available, used, taken: this.#taken, given: this.#given, signalled: this.#signalled }
  }

  load(state: QueueState, features: QueueFeatures): void {
    this.size = state.size
    this.ready = state.ready
    this.descriptors = state.descriptors
    this.available = state.available
    this.used = state.used
    this.features = features
    this.#taken = state.taken
    this.#given = state.given
    this.#signalled = state.signalled
  }

  #lent(): number | undefined {
    try {
      return this.waiting
    } catch (error) {
      if (error instanceof Malformed || error instanceof BusError) return undefined
      throw error
    }
  }

  /** §2.7.10: avail_event is where in the ring the next notification is wanted: after the `waiting` chains that are there already. */
  #askForNotification(waiting: number): void {
    if (!this.ready || !this.features.eventIndex) return
    putU16le(this.#memory.writable(this.used + 4 + 8 * this.size, 2), 0, this.#taken + waiting)
  }

  #walk(head: number): Chain {
    const walk = new Walk(this.name, this.size)
    let table = this.#memory.window(this.descriptors, this.size * descriptorBytes)
    let entries = this.size
    let nested = false
    for (let index = head; ; ) {
      if (index >= entries) throw new Malformed(`${this.name}: descriptor ${index} of ${entries}`)
      const at = index * descriptorBytes
      const address = u32le(table, at) + u32le(table, at + 4) * 2 ** 32
      const length = u32le(table, at + 8)
      const flags = u16le(table, at + 12)
      if (flags & flag.indirect) {
        this.#checkIndirect(flags, length, nested)
        table = this.#memory.window(address, length)
        entries = length / descriptorBytes
        nested = true
        index = 0
        continue
      }
      walk.add(address, length, (flags & flag.write) !== 0)
      if ((flags & flag.next) === 0) return walk.chain(head)
      index = u16le(table, at + 14)
    }
  }

  /** §2.7.5.3.1. */
  #checkIndirect(flags: number, length: number, nested: boolean): void {
    if (!this.features.indirect) throw new Malformed(`${this.name}: indirect descriptor without VIRTIO_F_INDIRECT_DESC`)
    if (nested) throw new Malformed(`${this.name}: indirect descriptor inside an indirect table`)
    if (flags & flag.next) throw new Malformed(`${this.name}: indirect descriptor with NEXT`)
    if (length === 0 || length % descriptorBytes !== 0) throw new Malformed(`${this.name}: indirect table of ${length} bytes`)
  }
}

/** Collects a chain's segments and keeps its rules: no more than the queue's size, all readable before all writable (§2.7.4.2). */
class Walk {
  readonly #name: string
  readonly #limit: number
  readonly #readable: Segment[] = []
  readonly #writable: Segment[] = []
  #readableBytes = 0
  #writableBytes = 0

  constructor(name: string, limit: number) {
    this.#name = name
    this.#limit = limit
  }

  add(address: number, length: number, writable: boolean): void {
    if (this.#readable.length + this.#writable.length >= this.#limit) throw new Malformed(`${this.#name}: chain of more than ${this.#limit} descriptors`)
    if (writable) {
      this.#writable.push({ address, length })
      this.#writableBytes += length
    } else if (this.#writable.length > 0) throw new Malformed(`${this.#name}: readable descriptor after a writable one`)
    else {
      this.#readable.push({ address, length })
      this.#readableBytes += length
    }
  }

  chain(head: number): Chain {
    return {
      head,
      readable: this.#readable,
      readableBytes: this.#readableBytes,
      writable: this.#writable,
      writableBytes: this.#writableBytes,
    }
  }
}
