/**
 * The receiving half of a 16550: buffer register or FIFO with each character's errors, and before it a bounded queue of what the outside has
 * sent. PC16550D §8.4, §8.5. The queue waits while the FIFO is full, as a line with flow control does; another port's characters don't wait, and overrun.
 */
import type { Alarm, Duration, Scheduler } from '../base/time.ts'
import { dueOf, rearm } from './model.ts'

/** LSR's bits of a character: overrun, framing error, break. */
export const characterErrors = { overrun: 0x02, framing: 0x08, break: 0x10 } as const
/** Errors stand above the character's eight bits. */
const errorShift = 8
/** Characters that wait outside the FIFO. */
export const queueBytes = 4096

export type ReceiverState = { readonly errors: Uint8Array; readonly queueErrors: Uint8Array; readonly due: number | null }

export interface ReceiverTraits {
  /** Of one character; 0: none. */
  readonly charTime: () => Duration
  readonly depth: () => number
  /** In loop-back the receiver is cut off from the line (§8.6). */
  readonly cutOff: () => boolean
  /** The FIFO has gained or lost a character. */
  readonly touched: () => void
  /** Bits for LSR: an overrun, or the errors of the character that is now in front. */
  readonly status: (bits: number) => void
  /** Characters have come in by themselves. */
  readonly arrived: () => void
}

export class UartReceiver {
  readonly #traits: ReceiverTraits
  readonly #scheduler: Scheduler
  readonly #alarm: Alarm
  #fifo: number[] = []
  #queue: number[] = []

  constructor(scheduler: Scheduler, name: string, traits: ReceiverTraits) {
    this.#traits = traits
    this.#scheduler = scheduler
    this.#alarm = scheduler.alarm(`${name}.receive`, () => this.#next())
  }

  get count(): number {
    return this.#fifo.length
  }

  get room(): number {
    return queueBytes - this.#queue.length
  }

  /** Some character in the FIFO has an error (LSR bit 7). */
  get flawed(): boolean {
    return this.#fifo.some((one) => one > 0xff)
  }

  /** From outside; what there is no room for is lost. */
  enqueue(bytes: ArrayLike<number>): void {
    const taken = Math.min(bytes.length, this.room)
    for (let at = 0; at < taken; at++) this.#queue.push(bytes[at])
    this.refill()
  }

  /** A break comes in its turn. */
  enqueueBreak(): void {
    if (this.room > 0) this.#queue.push((characterErrors.break | characterErrors.framing) << errorShift)
    this.refill()
  }

  /** Straight off the line, or looped back. @param errors bits of LSR. */
  take(byte: number, errors = 0): void {
    if (this.#fifo.length >= this.#traits.depth()) {
      this.#traits.status(characterErrors.overrun)
      // Without FIFOs the byte in the receiver buffer is overwritten; with them the one in the shift register is lost (§8.4, bit 1).
      if (this.#traits.depth() === 1) this.#fifo[0] = byte
      return
    }
    this.#push(byte | (errors << errorShift))
    this.#traits.touched()
  }

  /** The character in front, or 0. */
  read(): number {
    const byte = this.#fifo.shift() ?? 0
    this.#reveal()
    this.#traits.touched()
    this.refill()
    return byte & 0xff
  }

  /** Empties the FIFO, not the queue. */
  clear(): void {
    this.#fifo = []
  }

  /** Moves on what waits, at once or at the line's pace. */
  refill(): void {
    if (this.#traits.cutOff() || this.#queue.length === 0) return
    const span = this.#traits.charTime()
    if (span > 0) {
      if (this.#alarm.due === undefined && this.#fifo.length < this.#traits.depth()) this.#alarm.arm(span)
      return
    }
    const count = Math.min(this.#traits.depth() - this.#fifo.length, this.#queue.length)
    if (count <= 0) return
    for (const one of this.#queue.splice(0, count)) this.#push(one)
    this.#traits.touched()
  }

  reset(): void {
    this.#fifo = []
    this.#queue = []
    this.#alarm.disarm()
  }

  /** The characters alone, as `load` takes them. */
  get contents(): { readonly fifo: Uint8Array; readonly queue: Uint8Array } {
    return { fifo: Uint8Array.from(this.#fifo), queue: Uint8Array.from(this.#queue) }
  }

  save(): ReceiverState {
    const errors = (list: readonly number[]): Uint8Array => Uint8Array.from(list, (one) => one >> errorShift)
    return { errors: errors(this.#fifo), queueErrors: errors(this.#queue), due: dueOf(this.#alarm) }
  }

  load({ fifo, queue }: UartReceiver['contents'], state: ReceiverState): void {
    const joined = (bytes: Uint8Array, errors: Uint8Array): number[] => Array.from(bytes, (byte, at) => byte | ((errors[at] ?? 0) << errorShift))
    this.#fifo = joined(fifo, state.errors)
    this.#queue = joined(queue, state.queueErrors)
    rearm(this.#alarm, this.#scheduler, state.due)
  }

  #push(one: number): void {
    this.#fifo.push(one)
    if (this.#fifo.length === 1) this.#reveal()
  }

  /** Errors are told when their character comes to the front (§8.4). */
  #reveal(): void {
    const [front] = this.#fifo
    if (front === undefined || front <= 0xff) return
    this.#traits.status(front >> errorShift)
    this.#fifo[0] = front & 0xff
  }

  #next(): void {
    if (this.#traits.cutOff() || this.#fifo.length >= this.#traits.depth()) return
    const one = this.#queue.shift()
    if (one === undefined) return
    this.#push(one)
    this.#traits.touched()
    this.refill()
    this.#traits.arrived()
  }
}
