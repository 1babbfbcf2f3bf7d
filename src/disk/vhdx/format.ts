/**
 * VHDX, Hyper-V's newer disk: dynamic and fixed. Microsoft, MS-VHDX.
 *
 * What another writer left in the log is replayed: into the file when it may be written, else in memory. Netloom's own changes of the block table don't
 * go through the log: an entry is eight bytes in one sector and points to a block that is stable already, so there is no half of it to be repaired.
 */
import { concat, fromLatin1, latin1 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { type CheckResult, type CreatePlan, type DiskImage, type Format, type ImageFacts, mostComplaints, type OpenContext } from '../format.ts'
import { readBytes, syncFile, truncateFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { checkBlocks, MappedDisk } from '../mapped.ts'
import { putLittle, roundUp } from '../number.ts'
import { state, tableEntries, VhdxTable } from './blocks.ts'
import { buildHeader, buildMetadata, buildRegions, type Header, type Metadata, readHeader, readMetadata, readRegions, type Region, signature, writeHeader } from './header.ts'
import { readLog, type Replay } from './log.ts'
import { PatchedFile } from './patched-file.ts'

const megabyte = 1 << 20
const utf16 = (text: string): Uint8Array => Uint8Array.from({ length: text.length * 2 }, (_, at) => (at % 2 === 0 ? text.charCodeAt(at / 2) & 0xff : text.charCodeAt((at - 1) / 2) >> 8))

class VhdxImage extends MappedDisk implements DiskImage {
  readonly clusterBytes: number
  readonly #replayed: number

  constructor(file: ImageFile, parts: { readonly metadata: Metadata; readonly region: Region; readonly readOnly: boolean; readonly replayed: number; readonly beforeWriting: () => void }) {
    const { metadata, region, readOnly, beforeWriting } = parts
    super({ file, size: metadata.size, readOnly, blockBytes: metadata.blockBytes, table: new VhdxTable(file, region, metadata), alignBytes: megabyte, beforeWriting })
    this.clusterBytes = metadata.blockBytes
    this.#replayed = parts.replayed
  }

  facts(): ImageFacts {
    return { file: this.file.name, format: 'vhdx', sizeBytes: this.size, clusterBytes: this.clusterBytes, notes: this.#replayed === 0 ? [] : [`was not closed in order: ${this.#replayed} changes of its log were replayed`] }
  }

  check(): CheckResult {
    this.flush()
    const errors: string[] = []
    checkBlocks(this, (what) => errors.length < mostComplaints && errors.push(what))
    return { errors, leaks: 0, repaired: 0 }
  }
}

export const vhdx: Format = {
  name: 'vhdx',
  endings: ['.vhdx'],
  about: 'Hyper-V’s',
  variants: ['dynamic', 'fixed'],
  recognise: (file) => fromLatin1(readBytes(file, 0, 8)) === signature,
  open,
  create,
}

function open(given: ImageFile, { readOnly, codec }: OpenContext): DiskImage {
  if (fromLatin1(readBytes(given, 0, 8)) !== signature) throw new Malformed(`${given.name} is no VHDX`)
  const writing = !readOnly && given.writable
  let header = readHeader(given)
  const replay = readLog(given, header)
  let file = given
  if (replay !== undefined) {
    if (writing) header = perform(given, header, replay)
    else file = new PatchedFile(given, replay)
  }
  const regions = readRegions(file)
  const metadata = readMetadata(file, regions.metadata)
  const needed = tableEntries(metadata) * 8
  if (needed > regions.blocks.bytes || regions.blocks.position + needed > roundUp(file.size, megabyte)) throw new Malformed(`${file.name}: its block table of ${regions.blocks.bytes} bytes is too small`)
  return new VhdxImage(file, {
    metadata,
    region: regions.blocks,
    readOnly: !writing,
    replayed: replay?.patches.length ?? 0,
    // §2.2.2: both identifiers change before the first change of the file.
    beforeWriting: () => (header = writeHeader(file, header, { fileId: codec.random(16), dataId: codec.random(16) })),
  })
}

/** Does what the log promised, and only then says that nothing is left to do. */
function perform(file: ImageFile, header: Header, { patches, fileBytes }: Replay): Header {
  if (fileBytes > file.size) {
    if (fileBytes > 2 ** 46) throw new Malformed(`${file.name}: its log wants the file to have ${fileBytes} bytes`)
    truncateFile(file, fileBytes)
  }
  for (const { position, length, bytes } of patches) {
    if (position + length > file.size) throw new Malformed(`${file.name}: its log writes behind the end of the file`)
    const zeros = new Uint8Array(bytes === undefined ? Math.min(length, megabyte) : 0)
    if (bytes !== undefined) writeFully(file, position, bytes)
    else for (let done = 0; done < length; done += zeros.length) writeFully(file, position + done, zeros.subarray(0, Math.min(zeros.length, length - done)))
  }
  syncFile(file)
  return writeHeader(file, header, { logId: new Uint8Array(16) })
}

/** 1 MiB of headers, 1 MiB of log, 1 MiB of metadata, the block table, the blocks. */
function create(file: ImageFile, plan: CreatePlan): void {
  if (plan.backing !== undefined) throw new Malformed('Netloom makes no VHDX over another image; qcow2 can lie over any')
  const blockBytes = plan.clusterBytes ?? (plan.size > 2 ** 40 ? 64 : plan.size > 2 ** 36 ? 32 : 8) * megabyte
  if (blockBytes < megabyte || blockBytes > 256 * megabyte || (blockBytes & (blockBytes - 1)) !== 0 || plan.size > 2 ** 46) throw new Malformed(`a VHDX of ${plan.size} bytes in blocks of ${blockBytes}; they have 1M to 256M`)
  const fixed = plan.variant === 'fixed'
  const metadata: Metadata = { blockBytes, size: plan.size, sectorBytes: 512 }
  const blocks = { position: 3 * megabyte, bytes: roundUp(tableEntries(metadata) * 8, megabyte) }
  const where = { position: 2 * megabyte, bytes: megabyte }
  const start = blocks.position + blocks.bytes
  const header: Header = { position: 65_536, sequence: 1, fileId: plan.codec.random(16), dataId: plan.codec.random(16), logId: new Uint8Array(16), logBytes: megabyte, logPosition: megabyte }
  const regions = buildRegions(blocks, where)
  const count = Math.ceil(plan.size / blockBytes)
  truncateFile(file, fixed ? start + count * blockBytes : start)
  for (const [position, bytes] of [[65_536, buildHeader(header)], [131_072, buildHeader({ ...header, sequence: 2 })], [196_608, regions], [262_144, regions], [where.position, buildMetadata({ ...metadata, fixed, id: plan.codec.random(16) })]] as const) writeFully(file, position, bytes)
  if (fixed) {
    const table = new Uint8Array(tableEntries(metadata) * 8)
    const ratio = (2 ** 23 * 512) / blockBytes
    for (let block = 0; block < count; block++) putLittle(table, (block + Math.floor(block / ratio)) * 8, start + block * blockBytes + state.present)
    writeFully(file, blocks.position, table)
  }
  syncFile(file)
  // What makes it a VHDX comes last.
  writeFully(file, 0, concat(latin1(signature), utf16('Netloom')))
  syncFile(file)
}
