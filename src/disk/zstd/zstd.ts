/** Zstandard, unpacking only. RFC 8878. Frames without a dictionary; the checksum is passed over. */
import { u32le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { type HuffmanTable, mostBlockBytes, readLiterals } from './literals.ts'
import { applySequences, freshState, type Output, type SequenceState } from './sequences.ts'

const magic = 0xfd2f_b528

/** Unpacks the frames at the start of `bytes` until `mostBytes` are there or the frames end. @throws {Malformed} */
export function unzstd(bytes: Uint8Array, mostBytes: number): Uint8Array {
  const output: Output = { bytes: new Uint8Array(mostBytes), length: 0 }
  let at = 0
  do at = frame(bytes, at, output)
  while (output.length < mostBytes && at + 4 <= bytes.length && u32le(bytes, at) === magic)
  return output.bytes.subarray(0, output.length)
}

/** @returns where the frame ends. */
function frame(bytes: Uint8Array, start: number, output: Output): number {
  if (start + 6 > bytes.length || u32le(bytes, start) !== magic) throw new Malformed('zstd: not a frame')
  const descriptor = bytes[start + 4]
  const single = (descriptor & 0x20) !== 0
  if ((descriptor & 0x08) !== 0) throw new Malformed('zstd: a reserved bit is set')
  if ((descriptor & 3) !== 0) throw new Malformed('zstd: the frame wants a dictionary')
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]
  let at = start + 5 + (single ? 0 : 1) + sizeBytes
  const state: { literals: HuffmanTable | undefined; sequences: SequenceState } = { literals: undefined, sequences: freshState() }
  for (let last = false; !last; ) {
    if (at + 3 > bytes.length) throw new Malformed('zstd: cut short')
    const header = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16)
    last = (header & 1) !== 0
    at = block(bytes, at + 3, (header >> 1) & 3, header >> 3, state, output)
  }
  return at + ((descriptor & 4) !== 0 ? 4 : 0)
}

/** @returns where the block ends. */
function block(bytes: Uint8Array, at: number, type: number, size: number, state: { literals: HuffmanTable | undefined; sequences: SequenceState }, output: Output): number {
  const end = at + (type === 1 ? 1 : size)
  if (type === 3 || end > bytes.length || (type === 2 && (size > mostBlockBytes || size === 0))) throw new Malformed('zstd: a block cut short')
  const content = bytes.subarray(at, end)
  if (type === 2) {
    const literals = readLiterals(content, state.literals)
    state.literals = literals.table
    applySequences(content.subarray(literals.length), literals.bytes, state.sequences, output)
    return end
  }
  if (output.length + size > output.bytes.length) throw new Malformed('zstd: more than was to be unpacked')
  if (type === 0) output.bytes.set(content, output.length)
  else output.bytes.fill(content[0], output.length, output.length + size)
  output.length += size
  return end
}
