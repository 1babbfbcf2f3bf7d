/** Raw images, floppy disks among them, and ISO 9660 images, which are raw images that nobody writes. */
import { equal, latin1 } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { checkRange } from './block.ts'
import type { DiskImage, Format, ImageFacts, OpenContext } from './format.ts'
import { readBytes, truncateFile } from './image-file.ts'
import type { ImageFile } from './image-file.ts'
import { RawDisk } from './raw.ts'

/** Floppy disks by their size: 5¼" and 3½", double to extra density. */
const floppies = new Map([360, 720, 1200, 1440, 2880].map((kibibytes) => [kibibytes * 1024, kibibytes < 1000 ? `${kibibytes}K` : `${kibibytes / 1000}M`]))
/** ECMA-119 §8.1: the first volume descriptor, in sector 16. */
const descriptorPosition = 16 * 2048

class RawImage extends RawDisk implements DiskImage {
  readonly #facts: ImageFacts

  constructor(file: ImageFile, readOnly: boolean, facts: Omit<ImageFacts, 'file' | 'sizeBytes'>) {
    super(file, { readOnly })
    this.#facts = { file: file.name, sizeBytes: this.size, ...facts }
  }

  facts(): ImageFacts {
    return this.#facts
  }

  /** Zeros that are there already are not written again, so that a sparse file stays one. */
  zero(offset: number, length: number): void {
    checkRange(this, offset, length)
    const there = new Uint8Array(Math.min(length, 1 << 16))
    const zeros = new Uint8Array(there.length)
    for (let done = 0; done < length; done += there.length) {
      const count = Math.min(there.length, length - done)
      this.read(offset + done, there.subarray(0, count))
      if (!isZero(there.subarray(0, count))) this.write(offset + done, zeros.subarray(0, count))
    }
  }
}

/** Whether there are only zeros. */
export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) return false
  return true
}

export const raw: Format = {
  name: 'raw',
  endings: ['.img', '.raw', '.bin', '.flp', '.ima', '.vfd'],
  about: 'byte n of the file is byte n of the disk',
  recognise: () => false,
  open(file: ImageFile, context: OpenContext): DiskImage {
    const floppy = floppies.get(file.size)
    return new RawImage(file, context.readOnly, { format: 'raw', variant: floppy === undefined ? undefined : `floppy ${floppy}`, notes: [] })
  },
  create(file, plan): void {
    if (plan.backing !== undefined) throw new Malformed('a raw image can’t have a base; qcow2 can')
    truncateFile(file, plan.size)
  },
}

export const iso: Format = {
  name: 'iso',
  endings: ['.iso'],
  about: 'a CD: ISO 9660, read-only; written by images mkiso',
  recognise: (file) => file.size > descriptorPosition + 2048 && equal(readBytes(file, descriptorPosition + 1, 5), latin1('CD001')),
  open: (file) => new RawImage(file, true, { format: 'iso', notes: [] }),
}
