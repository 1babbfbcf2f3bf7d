/** Disks side by side as one, and a part of a disk as a disk: what images of several files are made of. */
import { type BlockDevice, checkRange, DiskError, refuseWrite, writeZeros } from './block.ts'

export interface Slice {
  /** Bytes of the whole from here on … */
  readonly start: number
  readonly length: number
  /** … are this disk's from `from` on; undefined: zeros that can't be written. */
  readonly disk: BlockDevice | undefined
  readonly from: number
}

export class SlicedDisk implements BlockDevice {
  readonly size: number
  readonly readOnly: boolean
  readonly slices: readonly Slice[]

  /** @param slices in order and without gaps, from 0 on. */
  constructor(slices: readonly Slice[], readOnly: boolean) {
    this.slices = slices
    this.readOnly = readOnly
    this.size = slices.reduce((sum, slice) => sum + slice.length, 0)
  }

  read(offset: number, into: Uint8Array): void {
    checkRange(this, offset, into.length)
    this.#each(offset, into.length, ({ disk }, at, from, length) => {
      const part = into.subarray(from, from + length)
      if (disk === undefined) part.fill(0)
      else readShort(disk, at, part)
    })
  }

  write(offset: number, from: Uint8Array): void {
    refuseWrite(this)
    checkRange(this, offset, from.length)
    this.#each(offset, from.length, ({ disk }, at, start, length) => {
      if (disk === undefined) throw new DiskError('EIO', 'this part of the disk can’t be written')
      disk.write(at, from.subarray(start, start + length))
    })
  }

  zero(offset: number, length: number): void {
    refuseWrite(this)
    checkRange(this, offset, length)
    this.#each(offset, length, ({ disk }, at, _from, count) => disk !== undefined && writeZeros(disk, at, count))
  }

  flush(): void {
    for (const { disk } of this.slices) disk?.flush()
  }

  close(): void {
    const failures: unknown[] = []
    for (const { disk } of this.slices) {
      try {
        disk?.close?.()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  #each(offset: number, length: number, visit: (slice: Slice, at: number, from: number, length: number) => void): void {
    for (const slice of this.slices) {
      const start = Math.max(offset, slice.start)
      const end = Math.min(offset + length, slice.start + slice.length)
      if (start < end) visit(slice, slice.from + start - slice.start, start - offset, end - start)
    }
  }
}

/** Zeros behind the disk's end. */
function readShort(disk: BlockDevice, offset: number, into: Uint8Array): void {
  const there = Math.max(0, Math.min(into.length, disk.size - offset))
  if (there > 0) disk.read(offset, into.subarray(0, there))
  into.fill(0, there)
}
