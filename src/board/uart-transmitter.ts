/**
 * The sending half of a 16550: holding register or FIFO, and the shift register behind it. PC16550D §8.4 (bits 5 and 6), §8.5.
 * Where a character takes no time it is sent in the instant it is written, unless the other side holds the line.
 */
import type { Alarm, Duration, Scheduler } from '../base/time.ts'
import { dueOf, rearm } from './model.ts'

export type TransmitterState = { readonly fifo: Uint8Array; readonly shifting: number | null; readonly held: boolean; readonly due: number | null }

export interface TransmitterTraits {
  /** Of one character, now. */
  readonly charTime: () => Duration
  /** Characters that the holding register or the FIFO takes. */
  readonly depth: () => number
  /** A character has left. */
  readonly send: (byte: number) => void
  /** The last waiting character has gone into the shift register. */
  readonly emptied: () => void
}

export class UartTransmitter {
  readonly #traits: TransmitterTraits
  readonly #scheduler: Scheduler
  readonly #alarm: Alarm
  #fifo: number[] = []
  #shifting: number | undefined
  #held = false

  constructor(scheduler: Scheduler, name: string, traits: TransmitterTraits) {
    this.#traits = traits
    this.#scheduler = scheduler
    this.#alarm = scheduler.alarm(`${name}.transmit`, () => this.#sent())
  }

  /** The holding register, or the FIFO, is empty. */
  get holdingEmpty(): boolean {
    return this.#fifo.length === 0
  }

  get idle(): boolean {
    return this.holdingEmpty && this.#shifting === undefined
  }

  /** What is in the shift register goes on. */
  hold(held: boolean): void {
    this.#held = held
    this.#shift()
  }

  write(byte: number): void {
    if (this.#fifo.length >= this.#traits.depth()) {
      // Without FIFOs the holding register is overwritten; a full FIFO takes no more.
      if (this.#traits.depth() > 1) return
      this.#fifo.pop()
    }
    this.#fifo.push(byte)
    this.#shift()
  }

  /** FCR bit 2: the shift register is not cleared (§8.5). */
  clear(): void {
    const waited = this.#fifo.length > 0
    this.#fifo = []
    if (waited) this.#traits.emptied()
  }

  reset(): void {
    this.#fifo = []
    this.#shifting = undefined
    this.#alarm.disarm()
  }

  save(): TransmitterState {
    return { fifo: Uint8Array.from(this.#fifo), shifting: this.#shifting ?? null, held: this.#held, due: dueOf(this.#alarm) }
  }

  load(state: TransmitterState): void {
    this.#fifo = [...state.fifo]
    this.#shifting = state.shifting ?? undefined
    this.#held = state.held
    rearm(this.#alarm, this.#scheduler, state.due)
  }

  #shift(): void {
    while (!this.#held && this.#shifting === undefined && this.#fifo.length > 0) {
      const byte = this.#fifo.shift() as number
      const span = this.#traits.charTime()
      if (span === 0) this.#traits.send(byte)
      else {
        this.#shifting = byte
        this.#alarm.arm(span)
      }
      if (this.#fifo.length === 0) this.#traits.emptied()
    }
  }

  #sent(): void {
    const byte = this.#shifting as number
    this.#shifting = undefined
    this.#traits.send(byte)
    this.#shift()
  }
}
