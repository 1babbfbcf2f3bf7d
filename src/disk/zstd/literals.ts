/** The literals of a Zstandard block: plain, repeated, or Huffman-coded. RFC 8878 §3.1.1.3.1 and §4.2. */
import { u16le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { BackwardBits } from './bits.ts'
import { FseState, readTable } from './fse.ts'

/** What a block may regenerate at most. */
export const mostBlockBytes = 128 << 10
const mostBits = 11

/** A decoding table: the next `log` bits are its index. */
export interface HuffmanTable {
  readonly log: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
}

export interface Literals {
  readonly bytes: Uint8Array
  /** How much of the block they took. */
  readonly length: number
  readonly table: HuffmanTable | undefined
}

/** @param known the last block's table. @throws {Malformed} */
export function readLiterals(block: Uint8Array, known: HuffmanTable | undefined): Literals {
  const type = block[0] & 3
  const format = (block[0] >> 2) & 3
  if (type < 2) return plain(block, type, format, known)
  const headerBytes = format < 2 ? 3 : format + 2
  const width = format < 2 ? 10 : format === 2 ? 14 : 18
  let header = 0
  for (let at = headerBytes - 1; at >= 0; at--) header = header * 256 + (block[at] ?? 0)
  header = Math.floor(header / 16)
  const size = header % 2 ** width
  const packed = Math.floor(header / 2 ** width)
  const end = headerBytes + packed
  if (end > block.length || size > mostBlockBytes) throw new Malformed('zstd: literals longer than their block')
  const content = block.subarray(headerBytes, end)
  const { table, length } = type === 2 ? readTree(content) : { table: known, length: 0 }
  if (table === undefined) throw new Malformed('zstd: literals without a table')
  return { bytes: decode(content.subarray(length), table, size, format === 0 ? 1 : 4), length: end, table }
}

function plain(block: Uint8Array, type: number, format: number, table: HuffmanTable | undefined): Literals {
  const headerBytes = (format & 1) === 0 ? 1 : format === 1 ? 2 : 3
  if (headerBytes > block.length) throw new Malformed('zstd: a block cut short')
  const size = headerBytes === 1 ? block[0] >> 3 : (block[0] >> 4) | (block[1] << 4) | (headerBytes === 3 ? block[2] << 12 : 0)
  const end = headerBytes + (type === 0 ? size : 1)
  if (size > mostBlockBytes || end > block.length) throw new Malformed('zstd: literals longer than their block')
  return { bytes: type === 0 ? block.subarray(headerBytes, end) : new Uint8Array(size).fill(block[headerBytes]), length: end, table }
}

function decode(streams: Uint8Array, table: HuffmanTable, size: number, count: 1 | 4): Uint8Array {
  const into = new Uint8Array(size)
  if (count === 1) {
    decodeStream(streams, table, into)
    return into
  }
  if (streams.length < 6) throw new Malformed('zstd: four streams cut short')
  const part = (size + 3) >> 2
  let from = 6
  for (let stream = 0; stream < 4; stream++) {
    const end = stream === 3 ? streams.length : from + u16le(streams, stream * 2)
    if (end > streams.length || part * stream > size) throw new Malformed('zstd: a stream leaves its block')
    decodeStream(streams.subarray(from, end), table, into.subarray(part * stream, Math.min(part * (stream + 1), size)))
    from = end
  }
  return into
}

function decodeStream(stream: Uint8Array, table: HuffmanTable, into: Uint8Array): void {
  const bits = new BackwardBits(stream)
  const { log, symbols, bits: widths } = table
  for (let at = 0; at < into.length; at++) {
    const index = bits.peek(log)
    into[at] = symbols[index]
    bits.left -= widths[index]
  }
  if (bits.left !== 0) throw new Malformed('zstd: a stream that does not end where it should')
}

function readTree(bytes: Uint8Array): { table: HuffmanTable; length: number } {
  const head = bytes[0] ?? 0
  const length = 1 + (head < 128 ? head : (head - 126) >> 1)
  if (length > bytes.length || head === 0) throw new Malformed('zstd: a Huffman tree cut short')
  const content = bytes.subarray(1, length)
  const weights = head < 128 ? packedWeights(content) : Array.from({ length: head - 127 }, (_, at) => (at % 2 === 0 ? content[at >> 1] >> 4 : content[at >> 1] & 15))
  return { table: treeOf(weights), length }
}

/** §4.2.1.2: two states take turns until the bits end. */
function packedWeights(content: Uint8Array): number[] {
  const { table, length } = readTable(content, 6, 256)
  const bits = new BackwardBits(content.subarray(length))
  const states = [new FseState(table, bits), new FseState(table, bits)]
  const weights: number[] = []
  for (let turn = 0; weights.length < 255; turn ^= 1) {
    weights.push(states[turn].symbol)
    states[turn].step(bits)
    if (bits.left >= 0) continue
    weights.push(states[turn ^ 1].symbol)
    return weights
  }
  throw new Malformed('zstd: more than 255 weights')
}

function treeOf(given: readonly number[]): HuffmanTable {
  const total = given.reduce((sum, weight) => sum + (weight === 0 ? 0 : 2 ** (weight - 1)), 0)
  const log = total === 0 ? 0 : 32 - Math.clz32(total)
  const rest = 2 ** log - total
  if (total === 0 || log > mostBits || (rest & (rest - 1)) !== 0 || given.length > 255) throw new Malformed('zstd: weights that make no tree')
  const weights = [...given, 32 - Math.clz32(rest)]
  const symbols = new Uint8Array(2 ** log)
  const bits = new Uint8Array(2 ** log)
  let at = 0
  for (let weight = 1; weight <= log; weight++) {
    for (const [symbol, own] of weights.entries()) {
      if (own !== weight) continue
      const end = at + 2 ** (weight - 1)
      symbols.fill(symbol, at, end)
      bits.fill(log + 1 - weight, at, end)
      at = end
    }
  }
  return { log, symbols, bits }
}
