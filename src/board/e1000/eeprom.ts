/** The card's EEPROM: 64 words on a Microwire, read bit by bit (SDM §5.3, §5.6; the chip is a 93C46) or by EERD (§13.4.4). */
import { putU16le, u16le } from '../../base/bytes.ts'
import type { Stateful } from '../../base/state.ts'

const words = 64
/** All 64 words sum up to this (§5.6.35). */
const sumOfAll = 0xbaba
/** EECD (§13.4.3). */
const eecd = { clock: 1, select: 2, dataIn: 4, dataOut: 8, request: 0x40, grant: 0x80, present: 0x100 } as const
const driven = eecd.clock | eecd.select | eecd.dataIn | 0x30 | eecd.request
/** Start bit, two bits of operation, six of address. */
const commandBits = 9
const readOperation = 0b110

/** `out` counts the bits that were clocked out of the chip; -1: it is being told what to read. */
export type EepromState = { readonly eecd: number; readonly heard: number; readonly bits: number; readonly address: number; readonly out: number }

export class Eeprom implements Stateful<EepromState> {
  readonly #bytes: Uint8Array
  #eecd = 0
  #heard = 0
  #bits = 0
  #address = 0
  #out = -1

  /** @param mac the address that drivers find, six bytes. */
  constructor(mac: Uint8Array) {
    this.#bytes = contents(mac)
  }

  word(address: number): number {
    return u16le(this.#bytes, 2 * (address % words))
  }

  /** EECD as the driver reads it: access is granted whenever it is asked for. */
  get lines(): number {
    const out = this.#out < 0 || this.#bit() ? eecd.dataOut : 0
    return this.#eecd | eecd.present | out | (this.#eecd & eecd.request ? eecd.grant : 0)
  }

  set lines(value: number) {
    const before = this.#eecd
    this.#eecd = value & driven
    if ((value & eecd.select) === 0 || (before & eecd.select) === 0) this.#listen()
    // Bits are taken and given as the clock rises.
    else if (value & eecd.clock & ~before) this.#clock((value & eecd.dataIn) !== 0)
  }

  reset(): void {
    this.#eecd = 0
    this.#listen()
  }

  save(): EepromState {
    return { eecd: this.#eecd, heard: this.#heard, bits: this.#bits, address: this.#address, out: this.#out }
  }

  load(state: EepromState): void {
    this.#eecd = state.eecd
    this.#heard = state.heard
    this.#bits = state.bits
    this.#address = state.address
    this.#out = state.out
  }

  #listen(): void {
    this.#heard = this.#bits = 0
    this.#out = -1
  }

  #clock(bit: boolean): void {
    if (this.#out >= 0) {
      this.#out++
      return
    }
    // Zeros before the start bit mean nothing.
    if (this.#bits === 0 && !bit) return
    this.#heard = (this.#heard << 1) | Number(bit)
    if (++this.#bits < commandBits) return
    const { operation, address } = { operation: this.#heard >>> 6, address: this.#heard % words }
    this.#listen()
    if (operation !== readOperation) return
    this.#address = address
    this.#out = 0
  }

  /** A zero comes before the word's first bit; words follow each other as long as the clock goes. */
  #bit(): boolean {
    if (this.#out === 0) return false
    const index = this.#out - 1
    return ((this.word(this.#address + (index >>> 4)) >>> (15 - (index & 15))) & 1) !== 0
  }
}

/** §5.6, table 5-2; words that are not here are all ones, as in an empty chip. */
function contents(mac: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 * words).fill(0xff)
  bytes.set(mac)
  const known: Readonly<Record<number, number>> = { 0x03: 0x0000, 0x0a: 0x4408, 0x0b: 0x001e, 0x0c: 0x8086, 0x0d: 0x100e, 0x0e: 0x8086, 0x0f: 0x3040, 0x3f: 0 }
  for (const [word, value] of Object.entries(known)) putU16le(bytes, 2 * Number(word), value)
  let sum = 0
  for (let word = 0; word < words; word++) sum += u16le(bytes, 2 * word)
  putU16le(bytes, 2 * (words - 1), (sumOfAll - sum) & 0xffff)
  return bytes
}
