/** The card's statistics registers, which reading clears (SDM §13.7), and what the lab counts of it. */
import type { NicCounters } from '../nic.ts'
import { crcBytes, register } from './registers.ts'

const zero: NicCounters = { receivedFrames: 0, receivedBytes: 0, receiveDrops: 0, sentFrames: 0, sentBytes: 0, sendDrops: 0 }
/** Counters of 64 bits; reading the upper half clears both. */
const wide: readonly number[] = [register.octetsReceived, register.octetsSent, register.totalOctetsReceived, register.totalOctetsSent]

export class Statistics {
  readonly #registers: Uint32Array
  #counters: { -readonly [Name in keyof NicCounters]: number } = { ...zero }

  /** @param registers the card's, by word. */
  constructor(registers: Uint32Array) {
    this.#registers = registers
  }

  get counters(): NicCounters {
    return { ...this.#counters }
  }

  set counters(counters: NicCounters) {
    this.#counters = { ...counters }
  }

  read(at: number): number {
    const value = this.#registers[at >> 2]
    if (wide.includes(at)) return value
    this.#registers[at >> 2] = 0
    if (wide.includes(at - 4)) this.#registers[(at >> 2) - 1] = 0
    return value
  }

  received(frame: Uint8Array): void {
    this.#counters.receivedFrames++
    this.#counters.receivedBytes += frame.length
    this.#count(register.goodReceived, register.totalReceived)
    if (frame[0] & 1) this.#count(frame[0] === 0xff ? register.broadcastReceived : register.multicastReceived)
    for (const at of [register.octetsReceived, register.totalOctetsReceived]) this.#add(at, frame.length + crcBytes)
  }

  sent(frame: Uint8Array): void {
    this.#counters.sentFrames++
    this.#counters.sentBytes += frame.length
    this.#count(register.goodSent, register.totalSent)
    for (const at of [register.octetsSent, register.totalOctetsSent]) this.#add(at, frame.length + crcBytes)
  }

  /** Frames that there was no room for. */
  missed(count: number): void {
    this.#counters.receiveDrops += count
    this.#registers[register.missed >> 2] += count
  }

  /** A frame that no cable could carry. */
  unsent(): void {
    this.#counters.sendDrops++
  }

  #count(...places: readonly number[]): void {
    for (const at of places) this.#registers[at >> 2]++
  }

  #add(at: number, bytes: number): void {
    const low = this.#registers[at >> 2] + bytes
    this.#registers[at >> 2] = low
    if (low > 0xffff_ffff) this.#registers[(at >> 2) + 1]++
  }
}
