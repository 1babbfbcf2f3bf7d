/** VMDK: one sparse file, a compressed stream, or a descriptor with extents beside it. VMware, Virtual Disk Format 1.1. */
import { hex, utf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { BlockDevice } from '../block.ts'
import { type CheckResult, type CreatePlan, type DiskImage, type Format, type ImageFacts, mostComplaints, type OpenContext } from '../format.ts'
import { readBytes, syncFile, truncateFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { checkBlocks, MappedDisk } from '../mapped.ts'
import { RawDisk } from '../raw.ts'
import { type Slice, SlicedDisk } from '../slices.ts'
import { buildDescriptor, type Descriptor, type ExtentLine, isDescriptor, parseDescriptor } from './descriptor.ts'
import { flag, isSparse, parseSparse, sectorBytes, type SparseHeader } from './header.ts'
import { createSparse, openSparse } from './sparse.ts'
import { createStream, StreamReader, StreamWriter } from './stream.ts'

const mostDescriptorBytes = 1 << 20
/** Extents of split disks: 2 GB less one grain, as VMware cuts them. */
const splitBytes = 2_147_418_112

class VmdkImage extends SlicedDisk implements DiskImage {
  readonly clusterBytes: number
  readonly #file: ImageFile
  readonly #owns: boolean
  readonly #kind: string
  readonly #base: DiskImage | undefined

  /** @param parts.owns whether the file is nobody else's to close. */
  constructor(file: ImageFile, slices: readonly Slice[], parts: { readonly readOnly: boolean; readonly owns: boolean; readonly kind: string; readonly base: DiskImage | undefined }) {
    super(slices, parts.readOnly)
    this.#file = file
    this.#owns = parts.owns
    this.#kind = parts.kind
    this.#base = parts.base
    const disk = slices[0].disk
    this.clusterBytes = disk instanceof MappedDisk || disk instanceof StreamReader || disk instanceof StreamWriter ? disk.blockBytes : 65_536
    if (disk instanceof StreamWriter) this.writeCompressed = (offset, from) => disk.write(offset, from)
  }

  declare writeCompressed?: (offset: number, from: Uint8Array) => void

  facts(): ImageFacts {
    return { file: this.#file.name, format: 'vmdk', variant: this.#kind, sizeBytes: this.size, clusterBytes: this.clusterBytes, base: this.#base?.facts(), notes: this.slices.length > 1 ? [`${this.slices.length} extents`] : [] }
  }

  check(): CheckResult {
    this.flush()
    const errors: string[] = []
    for (const { disk } of this.slices) if (disk instanceof MappedDisk) checkBlocks(disk, (what) => errors.length < mostComplaints && errors.push(what))
    return { errors, leaks: 0, repaired: 0 }
  }

  override close(): void {
    try {
      super.close()
    } finally {
      if (this.#owns) this.#file.close()
      this.#base?.close()
    }
  }
}

export const vmdk: Format = {
  name: 'vmdk',
  endings: ['.vmdk'],
  about: 'VMware’s: sparse, flat, split, or a compressed stream',
  variants: ['monolithicSparse', 'monolithicFlat', 'twoGbMaxExtentSparse', 'twoGbMaxExtentFlat', 'streamOptimized'],
  fixedName: () => true,
  recognise(file): boolean {
    const head = readBytes(file, 0, 512)
    return isSparse(head) || isDescriptor(head)
  },
  open(file, context): DiskImage {
    return isSparse(readBytes(file, 0, 4)) ? openWhole(file, context) : openExtents(file, context)
  },
  create,
}

/** One file that has everything. */
function openWhole(file: ImageFile, context: OpenContext): DiskImage {
  const header = parseSparse(file)
  const descriptor = embedded(file, header)
  const base = descriptor?.parent === undefined ? undefined : context.base(file, descriptor.parent, 'vmdk')
  try {
    const disk = openExtent(file, header, context, base === undefined ? undefined : unowned(base, 0))
    return new VmdkImage(file, [{ start: 0, length: disk.size, disk, from: 0 }], { readOnly: disk.readOnly, owns: false, kind: descriptor?.createType ?? 'extent', base })
  } catch (error) {
    base?.close()
    throw error
  }
}

function openExtent(file: ImageFile, header: SparseHeader, context: OpenContext, backing: BlockDevice | undefined): BlockDevice {
  if ((header.flags & flag.compressed) === 0) return openSparse(file, header, context.readOnly, backing)
  if (header.directorySector !== 0) return new StreamReader(file, header, context.codec)
  if (context.readOnly || file.size > header.overheadSectors * sectorBytes) throw new Malformed(`${file.name}: a stream that was not finished`)
  return new StreamWriter(file, header, context.codec)
}

function embedded(file: ImageFile, { descriptorSector, descriptorSectors }: SparseHeader): Descriptor | undefined {
  if (descriptorSector === 0 || descriptorSectors === 0) return undefined
  if (descriptorSectors * sectorBytes > mostDescriptorBytes || !(descriptorSector < 2 ** 32)) throw new Malformed(`${file.name}: a descriptor of ${descriptorSectors} sectors`)
  const bytes = readBytes(file, descriptorSector * sectorBytes, descriptorSectors * sectorBytes)
  return isDescriptor(bytes) ? parseDescriptor(file.name, bytes) : undefined
}

/** A descriptor with its extents. */
function openExtents(file: ImageFile, context: OpenContext): DiskImage {
  if (file.size > mostDescriptorBytes) throw new Malformed(`${file.name}: a descriptor of ${file.size} bytes`)
  const descriptor = parseDescriptor(file.name, readBytes(file, 0, file.size))
  const base = descriptor.parent === undefined ? undefined : context.base(file, descriptor.parent, 'vmdk')
  const slices: Slice[] = []
  try {
    let start = 0
    for (const line of descriptor.extents) {
      slices.push({ start, length: line.sectors * sectorBytes, ...openLine(file, line, context, base === undefined ? undefined : unowned(base, start)) })
      start += line.sectors * sectorBytes
    }
  } catch (error) {
    for (const { disk } of slices) disk?.close?.()
    base?.close()
    throw error
  }
  return new VmdkImage(file, slices, { readOnly: context.readOnly || slices.some(({ disk }) => disk?.readOnly === true), owns: true, kind: descriptor.createType, base })
}

function openLine(file: ImageFile, line: ExtentLine, context: OpenContext, backing: BlockDevice | undefined): Pick<Slice, 'disk' | 'from'> {
  if (line.kind === 'ZERO' || line.access === 'NOACCESS') return { disk: undefined, from: 0 }
  const readOnly = context.readOnly || line.access === 'RDONLY'
  if (line.kind !== 'FLAT' && line.kind !== 'SPARSE') throw new Malformed(`${file.name}: an extent of kind ${line.kind}; Netloom reads SPARSE, FLAT and ZERO`)
  const extent = file.sibling(line.file, readOnly ? 'read' : 'write')
  try {
    if (line.kind === 'FLAT') {
      if (extent.size < (line.startSector + line.sectors) * sectorBytes) throw new Malformed(`${line.file} ends before its ${line.sectors} sectors do`)
      return { disk: new RawDisk(extent, { readOnly }), from: line.startSector * sectorBytes }
    }
    return { disk: openExtent(extent, parseSparse(extent), { ...context, readOnly }, backing), from: 0 }
  } catch (error) {
    extent.close()
    throw error
  }
}

/** A part of the base for one extent, which does not close it. */
const unowned = (base: BlockDevice, from: number): BlockDevice => ({
  size: Math.max(0, base.size - from),
  readOnly: true,
  read: (offset, into) => base.read(offset + from, into),
  write: (offset, bytes) => base.write(offset + from, bytes),
  flush: () => undefined,
})

function create(file: ImageFile, plan: CreatePlan): void {
  if (plan.backing !== undefined) throw new Malformed('Netloom makes no VMDK over another image; qcow2 can lie over any')
  const kind = plan.variant ?? 'monolithicSparse'
  const id = hex(plan.codec.random(4))
  const describe = (extents: readonly string[]): Uint8Array => utf8(buildDescriptor({ createType: kind, id, extents, sizeBytes: plan.size }))
  const sectors = plan.size / sectorBytes
  if (kind === 'monolithicSparse') return createSparse(file, plan.size, describe([`RW ${sectors} SPARSE "${file.name}"`]))
  if (kind === 'streamOptimized') return createStream(file, plan.size, describe([`RW ${sectors} SPARSE "${file.name}"`]))
  const extents = cut(file.name, kind, plan.size)
  for (const extent of extents) {
    const made = file.sibling(extent.name, 'create')
    try {
      if (extent.flat) truncateFile(made, extent.sizeBytes)
      else createSparse(made, extent.sizeBytes, undefined)
      syncFile(made)
    } finally {
      made.close()
    }
  }
  writeFully(file, 0, describe(extents.map(({ name, sizeBytes, flat }) => `RW ${sizeBytes / sectorBytes} ${flat ? 'FLAT' : 'SPARSE'} "${name}"${flat ? ' 0' : ''}`)))
  syncFile(file)
}

function cut(name: string, kind: string, sizeBytes: number): { name: string; sizeBytes: number; flat: boolean }[] {
  const stem = name.replace(/\.vmdk$/i, '')
  const flat = kind !== 'twoGbMaxExtentSparse'
  if (kind === 'monolithicFlat') return [{ name: `${stem}-flat.vmdk`, sizeBytes, flat }]
  return Array.from({ length: Math.ceil(sizeBytes / splitBytes) }, (_, index) => ({
    name: `${stem}-${flat ? 'f' : 's'}${`${index + 1}`.padStart(3, '0')}.vmdk`,
    sizeBytes: Math.min(splitBytes, sizeBytes - index * splitBytes),
    flat,
  }))
}
