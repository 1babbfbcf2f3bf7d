/** Parallels disks: one expanding file, or a bundle whose description is opened. */
import { Malformed } from '../../base/errors.ts'
import type { BlockDevice } from '../block.ts'
import { type CheckResult, type DiskImage, type Format, type ImageFacts, mostComplaints, type OpenContext } from '../format.ts'
import { readBytes } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { checkBlocks, MappedDisk } from '../mapped.ts'
import { RawDisk } from '../raw.ts'
import { type Slice, SlicedDisk } from '../slices.ts'
import { isBundle, parseBundle, type Storage } from './bundle.ts'
import { createExpandable, isExpandable, openExpandable } from './expandable.ts'

class ParallelsImage extends SlicedDisk implements DiskImage {
  readonly #file: ImageFile
  readonly #bundle: boolean

  constructor(file: ImageFile, slices: readonly Slice[], readOnly: boolean, bundle: boolean) {
    super(slices, readOnly)
    this.#file = file
    this.#bundle = bundle
  }

  facts(): ImageFacts {
    const [{ disk }] = this.slices
    return { file: this.#file.name, format: 'parallels', variant: this.#bundle ? 'bundle' : 'expanding', sizeBytes: this.size, clusterBytes: disk instanceof MappedDisk ? disk.blockBytes : undefined, notes: this.#bundle ? [`${this.slices.length} storage file${this.slices.length === 1 ? '' : 's'}`] : [] }
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
      this.#file.close()
    }
  }
}

export const parallels: Format = {
  name: 'parallels',
  endings: ['.hdd', '.hds', '.xml'],
  about: 'Parallels Desktop’s, bare or as a bundle',
  recognise(file): boolean {
    const head = readBytes(file, 0, 512)
    return isExpandable(head) || isBundle(head)
  },
  open,
  create(file, plan): void {
    if (plan.backing !== undefined) throw new Malformed('Netloom makes no Parallels disk over another image; qcow2 can lie over any')
    createExpandable(file, plan)
  },
}

function open(file: ImageFile, { readOnly }: OpenContext): DiskImage {
  if (!isBundle(readBytes(file, 0, 512))) {
    const disk = openExpandable(file, readOnly)
    return new ParallelsImage(file, [{ start: 0, length: disk.size, disk, from: 0 }], disk.readOnly, false)
  }
  const bundle = parseBundle(file)
  const slices: Slice[] = []
  try {
    for (const storage of bundle.storages) {
      const start = storage.startSector * 512
      slices.push({ start, length: Math.min(storage.endSector, bundle.sectors) * 512 - start, disk: stack(file, storage, readOnly), from: 0 })
    }
  } catch (error) {
    for (const { disk } of slices) disk?.close?.()
    throw error
  }
  return new ParallelsImage(file, slices, readOnly, true)
}

/** The layers of one stretch, the newest on top. */
function stack(file: ImageFile, storage: Storage, readOnly: boolean): BlockDevice {
  let below: BlockDevice | undefined
  for (const [index, layer] of [...storage.layers.entries()].reverse()) {
    const top = index === 0 && !readOnly
    const opened = file.sibling(layer.file, top ? 'write' : 'read')
    try {
      below = layer.plain ? new RawDisk(opened, { readOnly: !top }) : openExpandable(opened, !top, below)
    } catch (error) {
      opened.close()
      below?.close?.()
      throw error
    }
  }
  return below as BlockDevice
}
