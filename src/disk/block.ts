/** The seam to a disk: bytes by offset. Synchronous: how long a transfer takes is the board's business, told in virtual time. */

/** A disk that failed the way a real one does; the guest sees an I/O error. `code` is the host's, e.g. `ENOSPC`. */
export class DiskError extends Error {
  override readonly name = 'DiskError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface BlockDevice {
  /** In bytes; a multiple of 512. */
  readonly size: number
  readonly readOnly: boolean
  /** Fills `into` from `offset`. @throws {DiskError} */
  read(offset: number, into: Uint8Array): void
  /** @throws {DiskError} */
  write(offset: number, from: Uint8Array): void
  /** What was written before is on stable storage when this returns. @throws {DiskError} */
  flush(): void
  /** The range reads as zeros afterwards and takes no room where the format can say so; left out by disks that can only write zeros. @throws {DiskError} */
  zero?(offset: number, length: number): void
  /** Flushes what a format still holds and gives its files back; left out where there is nothing to give back. @throws {DiskError} */
  close?(): void
}

/** @throws {DiskError} unless the range lies within the disk. */
export function checkRange(disk: BlockDevice, offset: number, length: number): void {
  if (!(offset >= 0 && offset + length <= disk.size)) throw new DiskError('EINVAL', `${length} bytes at ${offset} of ${disk.size}`)
}

/** @throws {DiskError} where the disk is read-only. */
export function refuseWrite(disk: BlockDevice): void {
  if (disk.readOnly) throw new DiskError('EROFS', 'the disk is read-only')
}

/** Cuts a range at the borders of blocks: `within` a block from the offset `from` of the range, `length` bytes. */
export function eachPart(offset: number, length: number, blockBytes: number, visit: (index: number, within: number, from: number, length: number) => void): void {
  for (let done = 0; done < length; ) {
    const index = Math.floor((offset + done) / blockBytes)
    const within = offset + done - index * blockBytes
    const part = Math.min(blockBytes - within, length - done)
    visit(index, within, done, part)
    done += part
  }
}

const chunkBytes = 1 << 16

/** Zeros by `zero` where the disk has it, else by writing them. @throws {DiskError} */
export function writeZeros(disk: BlockDevice, offset: number, length: number): void {
  if (disk.zero !== undefined) return disk.zero(offset, length)
  const zeros = new Uint8Array(Math.min(length, chunkBytes))
  for (let done = 0; done < length; done += zeros.length) disk.write(offset + done, zeros.subarray(0, Math.min(zeros.length, length - done)))
}
