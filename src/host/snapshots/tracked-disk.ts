/** A disk that remembers which of its blocks were written, so that they can be saved and written again. */
import type { BlockDevice } from '../../disk/block.ts'
import { writeZeros } from '../../disk/block.ts'

export type DiskBlocks = readonly { readonly offset: number; readonly bytes: Uint8Array }[]

/** Small enough for a file system's scattered writes, large enough that a full disk's list stays short. */
const blockBytes = 1 << 16

export class TrackedDisk implements BlockDevice {
  readonly size: number
  readonly readOnly: boolean
  readonly #disk: BlockDevice
  readonly #written = new Set<number>()

  constructor(disk: BlockDevice) {
    this.#disk = disk
    this.size = disk.size
    this.readOnly = disk.readOnly
  }

  /** Whether anything was written. */
  get dirty(): boolean {
    return this.#written.size > 0
  }

  read(offset: number, into: Uint8Array): void {
    this.#disk.read(offset, into)
  }

  write(offset: number, from: Uint8Array): void {
    this.#mark(offset, from.length)
    this.#disk.write(offset, from)
  }

  zero(offset: number, length: number): void {
    this.#mark(offset, length)
    writeZeros(this.#disk, offset, length)
  }

  flush(): void {
    this.#disk.flush()
  }

  close(): void {
    this.#disk.close?.()
  }

  /** What was written, as it is now; in the order of the disk. */
  save(): DiskBlocks {
    return [...this.#written].sort((a, b) => a - b).map((block) => {
      const offset = block * blockBytes
      const bytes = new Uint8Array(Math.min(blockBytes, this.size - offset))
      this.#disk.read(offset, bytes)
      return { offset, bytes }
    })
  }

  load(blocks: DiskBlocks): void {
    for (const { offset, bytes } of blocks) this.write(offset, bytes)
  }

  #mark(offset: number, length: number): void {
    if (length <= 0 || offset < 0 || offset + length > this.size) return
    for (let block = Math.floor(offset / blockBytes); block * blockBytes < offset + length; block++) this.#written.add(block)
  }
}
