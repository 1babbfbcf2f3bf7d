/** qcow2 among the formats: opened with its base and its data file. QEMU, docs/interop/qcow2.txt. */
import { Malformed } from '../../base/errors.ts'
import type { CheckResult, DiskImage, Format, ImageFacts, OpenContext, Snapshots } from '../format.ts'
import { readBytes } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { checkQcow2, prepareForWriting } from './count.ts'
import { createQcow2 } from './create.ts'
import { type Header, incompatible, isQcow2, lazyRefcounts, parseHeader } from './header.ts'
import { Qcow2Disk, type Qcow2Parts } from './qcow2.ts'
import { Qcow2Snapshots } from './snapshots.ts'

class Qcow2Image extends Qcow2Disk implements DiskImage {
  readonly clusterBytes: number
  readonly snapshots: Snapshots
  readonly #base: DiskImage | undefined

  constructor(parts: Qcow2Parts & { readonly backing: DiskImage | undefined }) {
    super(parts)
    this.clusterBytes = parts.header.clusterBytes
    this.snapshots = new Qcow2Snapshots(this)
    this.#base = parts.backing
  }

  check(repair: boolean): CheckResult {
    return checkQcow2(this, repair)
  }

  facts(): ImageFacts {
    const { version, clusterBytes, backing, compression, compatible, dataFile, snapshots } = this.header
    const notes = [
      compression === 'zstd' ? 'compressed clusters are zstd' : undefined,
      (compatible & lazyRefcounts) !== 0 ? 'lazy refcounts' : undefined,
      (this.header.incompatible & incompatible.dirty) !== 0 ? 'was not closed: its refcounts are mended when it is opened for writing' : undefined,
      dataFile === undefined ? undefined : `content in ${dataFile}`,
      snapshots === 0 ? undefined : `${snapshots} snapshot${snapshots === 1 ? '' : 's'}`,
    ].filter((note) => note !== undefined)
    return { file: this.file.name, format: 'qcow2', variant: `v${version}`, sizeBytes: this.size, clusterBytes, backing, base: this.#base?.facts(), notes }
  }
}

export const qcow2: Format = {
  name: 'qcow2',
  endings: ['.qcow2', '.qcow', '.q2'],
  about: 'QEMU’s own: grows as it fills, with bases and snapshots',
  variants: ['v3', 'v2', 'lazy'],
  recognise: (file) => isQcow2(readBytes(file, 0, 8)),
  open,
  create: createQcow2,
}

function open(file: ImageFile, context: OpenContext): DiskImage {
  const header = parseHeader(file)
  if (header.l1Position + header.l1Entries * 8 > Math.max(file.size, header.clusterBytes) || header.refcountTablePosition + header.refcountTableClusters * header.clusterBytes > file.size + header.clusterBytes) {
    throw new Malformed(`${file.name} ends before its tables do`)
  }
  const backing = header.backing === undefined ? undefined : context.base(file, header.backing, header.backingFormat)
  try {
    return build(file, header, backing, context)
  } catch (error) {
    backing?.close()
    throw error
  }
}

function build(file: ImageFile, header: Header, backing: DiskImage | undefined, context: OpenContext): DiskImage {
  const readOnly = context.readOnly || !file.writable
  const dataFile = (header.incompatible & incompatible.dataFile) === 0 ? undefined : file.sibling(header.dataFile as string, readOnly ? 'read' : 'write')
  try {
    const image = new Qcow2Image({ file, header, codec: context.codec, dataFile, backing, readOnly })
    if (!readOnly) prepareForWriting(image)
    return image
  } catch (error) {
    dataFile?.close()
    throw error
  }
}
