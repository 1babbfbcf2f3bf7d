/** The sequences of a Zstandard block: so many literals, then so many bytes from so far back. RFC 8878 §3.1.1.3.2 and §3.1.1.4. */
import { Malformed } from '../../base/errors.ts'
import { BackwardBits } from './bits.ts'
import { buildTable, FseState, type FseTable, readTable, singleTable } from './fse.ts'

/** The tables of the last block, and the last three distances. */
export interface SequenceState {
  readonly tables: (FseTable | undefined)[]
  readonly distances: [number, number, number]
}

export const freshState = (): SequenceState => ({ tables: [undefined, undefined, undefined], distances: [1, 4, 8] })

/** Literal lengths, distances, match lengths: in this order everywhere. */
const kinds = [
  { mostLog: 9, symbols: 36, usual: buildTable([4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1], 6) },
  { mostLog: 8, symbols: 32, usual: buildTable([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5) },
  { mostLog: 9, symbols: 53, usual: buildTable([1, 4, 3, 2, 2, 2, 2, 2, 2, ...Array.from({ length: 37 }, () => 1), -1, -1, -1, -1, -1, -1, -1], 6) },
] as const

/** Extra bits by code, from the first code that has any; the values follow on each other. */
const literalBits = [...Array.from({ length: 16 }, () => 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
const matchBits = [...Array.from({ length: 32 }, () => 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
const literalBase = running(literalBits, 0)
const matchBase = running(matchBits, 3)

function running(bits: readonly number[], first: number): number[] {
  let next = first
  return bits.map((width) => {
    const base = next
    next += 2 ** width
    return base
  })
}

/** Where the output goes. */
export interface Output {
  readonly bytes: Uint8Array
  length: number
}

/** Applies what follows the literals in a block. @throws {Malformed} */
export function applySequences(section: Uint8Array, literals: Uint8Array, state: SequenceState, output: Output): void {
  const { count, at } = countOf(section)
  let taken = 0
  if (count > 0) {
    const modes = section[at] ?? 0
    let from = at + 1
    for (const [index, kind] of kinds.entries()) {
      const read = tableOf(section.subarray(from), (modes >> (6 - index * 2)) & 3, kind, state.tables[index])
      state.tables[index] = read.table
      from += read.length
    }
    taken = replay(new BackwardBits(section.subarray(from)), count, literals, state, output)
  }
  append(output, literals.subarray(taken))
}

function countOf(section: Uint8Array): { count: number; at: number } {
  const head = section[0] ?? 0
  if (head < 128) return { count: head, at: 1 }
  if (head < 255) return { count: ((head - 128) << 8) + (section[1] ?? 0), at: 2 }
  return { count: (section[1] ?? 0) + ((section[2] ?? 0) << 8) + 0x7f00, at: 3 }
}

function tableOf(bytes: Uint8Array, mode: number, kind: (typeof kinds)[number], known: FseTable | undefined): { table: FseTable; length: number } {
  if (mode === 0) return { table: kind.usual, length: 0 }
  if (mode === 2) return readTable(bytes, kind.mostLog, kind.symbols)
  if (mode === 1) {
    if (!(bytes[0] < kind.symbols)) throw new Malformed('zstd: a code that there is not')
    return { table: singleTable(bytes[0]), length: 1 }
  }
  if (known === undefined) throw new Malformed('zstd: a table is to be repeated before there was one')
  return { table: known, length: 0 }
}

/** @returns how many literals were used. */
function replay(bits: BackwardBits, count: number, literals: Uint8Array, state: SequenceState, output: Output): number {
  const [literal, distance, match] = state.tables.map((table) => new FseState(table as FseTable, bits))
  let taken = 0
  for (let left = count; left > 0; left--) {
    const code = distance.symbol
    const value = 2 ** code + bits.takeLong(code)
    const length = matchBase[match.symbol] + bits.take(matchBits[match.symbol])
    const run = literalBase[literal.symbol] + bits.take(literalBits[literal.symbol])
    if (left > 1) {
      literal.step(bits)
      match.step(bits)
      distance.step(bits)
    }
    if (bits.left < 0 || taken + run > literals.length) throw new Malformed('zstd: sequences longer than their block')
    append(output, literals.subarray(taken, taken + run))
    taken += run
    copy(output, distanceOf(value, run, state.distances), length)
  }
  if (bits.left !== 0) throw new Malformed('zstd: sequences that do not end where they should')
  return taken
}

/** §3.1.1.5: 1 to 3 name one of the last distances, shifted by one after no literals. */
function distanceOf(value: number, run: number, last: [number, number, number]): number {
  const index = value > 3 ? 3 : value - 1 + (run === 0 ? 1 : 0)
  if (index === 0) return last[0]
  const distance = value > 3 ? value - 3 : index === 3 ? last[0] - 1 : last[index]
  if (index > 1) last[2] = last[1]
  last[1] = last[0]
  last[0] = distance
  return distance
}

function append(output: Output, bytes: Uint8Array): void {
  if (output.length + bytes.length > output.bytes.length) throw new Malformed('zstd: more than was to be unpacked')
  output.bytes.set(bytes, output.length)
  output.length += bytes.length
}

function copy(output: Output, distance: number, length: number): void {
  const { bytes } = output
  const to = output.length
  if (distance < 1 || distance > to || to + length > bytes.length) throw new Malformed('zstd: a match outside of what was unpacked')
  if (distance >= length) bytes.copyWithin(to, to - distance, to - distance + length)
  else for (let at = 0; at < length; at++) bytes[to + at] = bytes[to + at - distance]
  output.length = to + length
}
