/** The log of a VHDX: what its last writer had promised and not yet done. MS-VHDX §2.3. */
import { concat, equal, fromLatin1, u32le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { readBytes } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { little } from '../number.ts'
import { crc32c } from './crc32c.ts'
import { isZeroGuid } from './guid.ts'
import type { Header } from './header.ts'

const sectorBytes = 4096
const entryHeaderBytes = 64
const descriptorBytes = 32
const mostLogBytes = 64 << 20

/** Bytes to be put at a place; no bytes: so many zeros. */
export interface Patch {
  readonly position: number
  readonly length: number
  readonly bytes: Uint8Array | undefined
}

export interface Replay {
  readonly patches: readonly Patch[]
  /** The file is at least that long afterwards. */
  readonly fileBytes: number
}

interface Entry {
  readonly start: number
  readonly length: number
  readonly tail: number
  readonly sequence: number
  readonly replay: Replay
}

/** @returns what is still to be done; undefined where the image was closed in order. @throws {Malformed} where the log can't be replayed. */
export function readLog(file: ImageFile, header: Header): Replay | undefined {
  if (isZeroGuid(header.logId)) return undefined
  const { logBytes, logPosition } = header
  if (logBytes === 0 || logBytes % (1 << 20) !== 0 || logBytes > mostLogBytes || logPosition < 1 << 20 || logPosition + logBytes > file.size) throw new Malformed(`${file.name}: a log of ${logBytes} bytes at ${logPosition}`)
  const log = readBytes(file, logPosition, logBytes)
  const active = activeSequence(log, header)
  if (active === undefined) throw new Malformed(`${file.name}: it was not closed in order, and nothing in its log is whole`)
  return { patches: active.flatMap((entry) => [...entry.replay.patches]), fileBytes: Math.max(...active.map((entry) => entry.replay.fileBytes)) }
}

/** §2.3.3: the chain of whole entries with the highest number, back to the tail that its last one names. */
function activeSequence(log: Uint8Array, header: Header): Entry[] | undefined {
  const entries = new Map<number, Entry>()
  for (let start = 0; start < log.length; start += sectorBytes) {
    const entry = readEntry(log, start, header)
    if (entry !== undefined) entries.set(start, entry)
  }
  for (const head of [...entries.values()].sort((a, b) => b.sequence - a.sequence)) {
    const chain: Entry[] = []
    for (let next = entries.get(head.tail); next !== undefined && chain.length <= entries.size; next = entries.get((next.start + next.length) % log.length)) {
      if (chain.length > 0 && next.sequence !== (chain.at(-1) as Entry).sequence + 1) break
      chain.push(next)
      if (next === head) return chain
    }
  }
  return undefined
}

function readEntry(log: Uint8Array, start: number, header: Header): Entry | undefined {
  const at = (offset: number, length: number): Uint8Array => wrapped(log, start + offset, length)
  const head = at(0, entryHeaderBytes)
  if (fromLatin1(head.subarray(0, 4)) !== 'loge' || !equal(head.subarray(32, 48), header.logId)) return undefined
  const [length, tail, sequence, count] = [u32le(head, 8), u32le(head, 12), little(head, 16), u32le(head, 24)]
  if (length === 0 || length % sectorBytes !== 0 || length > log.length || tail >= log.length || tail % sectorBytes !== 0 || sequence === 0) return undefined
  const descriptorSectors = Math.ceil((entryHeaderBytes + count * descriptorBytes) / sectorBytes)
  if (count > log.length / descriptorBytes || descriptorSectors * sectorBytes > length) return undefined
  const whole = at(0, length)
  if (crc32c(whole, 4) !== u32le(whole, 4)) return undefined
  const patches: Patch[] = []
  let data = descriptorSectors * sectorBytes
  for (let from = entryHeaderBytes; from < entryHeaderBytes + count * descriptorBytes; from += descriptorBytes) {
    const kind = fromLatin1(whole.subarray(from, from + 4))
    const position = little(whole, from + 16)
    if (little(whole, from + 24) !== sequence || position % sectorBytes !== 0 || position > 2 ** 46) return undefined
    if (kind === 'zero') patches.push({ position, length: little(whole, from + 8), bytes: undefined })
    else if (kind === 'desc' && data + sectorBytes <= length) {
      const sector = whole.subarray(data, data + sectorBytes)
      if (fromLatin1(sector.subarray(0, 4)) !== 'data' || u32le(sector, 4) * 2 ** 32 + u32le(sector, 4092) !== sequence) return undefined
      // The first eight bytes and the last four of the page stand in the descriptor.
      patches.push({ position, length: sectorBytes, bytes: concat(whole.subarray(from + 8, from + 16), sector.subarray(8, 4092), whole.subarray(from + 4, from + 8)) })
      data += sectorBytes
    } else return undefined
  }
  return { start, length, tail, sequence, replay: { patches, fileBytes: Math.max(little(whole, 48), little(whole, 56)) } }
}

/** The log is a ring. */
function wrapped(log: Uint8Array, start: number, length: number): Uint8Array {
  const first = log.subarray(start, Math.min(start + length, log.length))
  return first.length === length ? first : concat(first, log.subarray(0, length - first.length))
}
