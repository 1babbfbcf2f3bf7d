/** A serial port as the other side of its line sees it: characters, modem lines, breaks. Bits stand where the PC16550D's registers have them. */
import type { Duration } from '../base/time.ts'
import type { Chardev } from './bus.ts'

/** What the other side raises: inputs of the modem status register (§8.8), and that it takes no more for now. */
export const modemInputs = { cts: 0x10, dsr: 0x20, ri: 0x40, dcd: 0x80, hold: 0x100 } as const
/** What the port raises: outputs of the modem control register (§8.6), a break that lasts (line control register, bit 6, §8.1), and that its queue takes no more. */
export const modemOutputs = { dtr: 0x01, rts: 0x02, break: 0x40, full: 0x80 } as const
/** Somebody is at the other end, and ready. */
export const modemUp = modemInputs.cts | modemInputs.dsr | modemInputs.dcd

/** `max`: a character takes no time. `latch`: what the guest sets, 115,200 bit/s until it does. A number: bits a second, whatever the guest sets. */
export type SerialRate = 'max' | 'latch' | number

export interface SerialConfig {
  readonly rate: SerialRate
  /** The inputs follow somebody's outputs; else they are up for good. */
  readonly wired: boolean
}

/** As it is today without a word in the lab file. */
export const plainConsole: SerialConfig = { rate: 'max', wired: false }

export interface LineSettings {
  /** Bits a second; of `max`, what the guest has set. */
  readonly rateBps: number
  /** 5 to 8. */
  readonly dataBits: number
  readonly parity: 'none' | 'odd' | 'even' | 'mark' | 'space'
  /** 1.5 stands with 5 data bits only. */
  readonly stopBits: 1 | 1.5 | 2
}

export interface SerialLine extends Chardev {
  readonly settings: LineSettings
  /** How long a bit takes at this port; 0: no time. */
  readonly bitTime: number
  /** DTR, RTS and break, as they are. */
  readonly outputs: number
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
