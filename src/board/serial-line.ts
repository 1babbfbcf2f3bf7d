/** A serial port as the other side of its line sees it: characters, modem lines, breaks. PC16550D datasheet. */
import type { Duration } from '../base/time.ts'
import type { LineSettings, LineView } from '../link/modem.ts'
import type { Chardev } from './bus.ts'

/** `max`: a character takes no time. `latch`: what the guest sets, 115,200 bit/s until it does. A number: bits a second, whatever the guest sets. */
export type SerialRate = 'max' | 'latch' | number

export interface SerialConfig {
  readonly rate: SerialRate
  /** The inputs follow somebody's outputs; else they are up for good. */
  readonly wired: boolean
}

/** As it is today without a word in the lab file. */
export const plainConsole: SerialConfig = { rate: 'max', wired: false }

export interface SerialLine extends Chardev, LineView {
  /** How long a bit takes at this port; 0: no time. */
  readonly bitTime: number
  /** Sets the inputs: bits of `modemInputs`. */
  drive(inputs: number): void
  /** The other side breaks the line: one character of it. */
  break(): void
  /** A character from another port, which took its time on the line already. @param bitTime of the sender, in nanoseconds; 0: none. */
  receive(byte: number, bitTime: number): void
  /** Told of every change of the outputs. */
  listenOutputs(hear: (outputs: number) => void): void
}

/** Start, data, parity and stop bits of a line control register (§8.1). */
export function bitsOf(lcr: number): number {
  const data = 5 + (lcr & 3)
  const stop = (lcr & 4) === 0 ? 1 : data === 5 ? 1.5 : 2
  return 1 + data + ((lcr >> 3) & 1) + stop
}

/** @param rateBps of the line. */
export function settingsOf(lcr: number, rateBps: number): LineSettings {
  const dataBits = 5 + (lcr & 3)
  const parity = (lcr & 8) === 0 ? 'none' : (['odd', 'even', 'mark', 'space'] as const)[(lcr >> 4) & 3]
  return { rateBps, dataBits, parity, stopBits: (lcr & 4) === 0 ? 1 : dataBits === 5 ? 1.5 : 2 }
}

/** So many bits of a line. */
export const bitSpan = (bits: number, bitTime: number): Duration => Math.round(bits * bitTime) as Duration
