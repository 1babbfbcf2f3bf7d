/** Finite state entropy tables. RFC 8878 §4.1. */
import { Malformed } from '../../base/errors.ts'
import type { BackwardBits } from './bits.ts'

export interface FseTable {
  readonly log: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
  readonly base: Uint16Array
}

/** @param counts by symbol; -1 is "less than one". */
export function buildTable(counts: readonly number[], log: number): FseTable {
  const size = 1 << log
  const symbols = new Uint8Array(size)
  const next = counts.map((count) => Math.abs(count))
  let high = size
  for (const [symbol, count] of counts.entries()) if (count === -1) symbols[--high] = symbol
  const step = (size >> 1) + (size >> 3) + 3
  let at = 0
  for (const [symbol, count] of counts.entries()) {
    for (let left = count; left > 0; left--) {
      symbols[at] = symbol
      do at = (at + step) & (size - 1)
      while (at >= high)
    }
  }
  if (at !== 0) throw new Malformed('zstd: shares that do not fill their table')
  const bits = new Uint8Array(size)
  const base = new Uint16Array(size)
  for (let state = 0; state < size; state++) {
    const value = next[symbols[state]]++
    bits[state] = log - (31 - Math.clz32(value))
    base[state] = (value << bits[state]) - size
  }
  return { log, symbols, bits, base }
}

/** A table with one symbol and no bits. */
export const singleTable = (symbol: number): FseTable => ({ log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), base: new Uint16Array(1) })

/** Reads a table's description. @returns the table, and how many bytes it took. @throws {Malformed} */
export function readTable(bytes: Uint8Array, mostLog: number, mostSymbols: number): { table: FseTable; length: number } {
  let position = 0
  const peek = (count: number): number => {
    let value = 0
    for (let at = 0; at < count; at++) value |= (((bytes[(position + at) >> 3] ?? 0) >> ((position + at) & 7)) & 1) << at
    return value
  }
  const log = peek(4) + 5
  position = 4
  if (log > mostLog) throw new Malformed(`zstd: a table of 2^${log} states`)
  const counts: number[] = []
  let left = (1 << log) + 1
  while (left > 1 && counts.length < mostSymbols) {
    const width = 32 - Math.clz32(left)
    // Values below `short` are written with one bit less.
    const short = (1 << width) - 1 - left
    let value = peek(width)
    if ((value & ((1 << (width - 1)) - 1)) < short) {
      value &= (1 << (width - 1)) - 1
      position += width - 1
    } else {
      if (value >= 1 << (width - 1)) value -= short
      position += width
    }
    const count = value - 1
    counts.push(count)
    left -= Math.abs(count)
    if (count !== 0) continue
    for (let run = 3; run === 3 && counts.length <= mostSymbols; ) {
      run = peek(2)
      position += 2
      for (let at = 0; at < run; at++) counts.push(0)
    }
  }
  const length = (position + 7) >> 3
  if (left !== 1 || counts.length > mostSymbols || length > bytes.length) throw new Malformed('zstd: a damaged table of shares')
  return { table: buildTable(counts, log), length }
}

/** One state walking a table. */
export class FseState {
  readonly #table: FseTable
  #state: number

  constructor(table: FseTable, bits: BackwardBits) {
    this.#table = table
    this.#state = bits.take(table.log)
  }

  get symbol(): number {
    return this.#table.symbols[this.#state]
  }

  step(bits: BackwardBits): void {
    this.#state = this.#table.base[this.#state] + bits.take(this.#table.bits[this.#state])
  }
}
