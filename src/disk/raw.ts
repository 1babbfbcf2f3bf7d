/** A raw disk image: byte n of the file is byte n of the disk. A file that ends within a sector reads on as zeros. */
import type { BlockDevice } from './block.ts'
import { DiskError } from './block.ts'

/** A file of the host's, read and written at positions. What it throws are Node's errors, with their `code`. */
export interface PositionedFile {
  /** In bytes, when it was opened. */
  readonly size: number
  readonly writable: boolean
  /** Reads up to `into.length` bytes. @returns how many; fewer at the end of the file, and perhaps before. */
  read(position: number, into: Uint8Array): number
  /** @returns how many bytes were written, at least one. */
  write(position: number, from: Uint8Array): number
  sync(): void
}

const sectorBytes = 512

export class RawDisk implements BlockDevice {
  readonly size: number
  readonly readOnly: boolean
  readonly #file: PositionedFile

  constructor(file: PositionedFile, options: { readonly readOnly?: boolean } = {}) {
    this.#file = file
    this.size = Math.ceil(file.size / sectorBytes) * sectorBytes
    this.readOnly = (options.readOnly ?? false) || !file.writable
  }

  read(offset: number, into: Uint8Array): void {
    this.#check(offset, into.length)
    guard(() => {
      for (let done = 0; done < into.length; ) {
        const count = this.#file.read(offset + done, into.subarray(done))
        // The end of the file: it may lie within the last sector, or the file was cut since.
        if (count === 0) return void into.fill(0, done)
        done += count
      }
    })
  }

  write(offset: number, from: Uint8Array): void {
    if (this.readOnly) throw new DiskError('EROFS', 'the disk is read-only')
    this.#check(offset, from.length)
    guard(() => {
      for (let done = 0; done < from.length; ) {
        const count = this.#file.write(offset + done, from.subarray(done))
        if (count <= 0) throw new DiskError('EIO', `nothing written at ${offset + done}`)
        done += count
      }
    })
  }

  flush(): void {
    if (!this.readOnly) guard(() => this.#file.sync())
  }

  #check(offset: number, length: number): void {
    if (!(offset >= 0 && offset + length <= this.size)) throw new DiskError('EINVAL', `${length} bytes at ${offset} of ${this.size}`)
  }
}

/** The host's errors as the disk's: the guest then sees an I/O error, and the lab goes on. */
function guard(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (error instanceof DiskError) throw error
    const { code, message } = error as Error & { code?: string }
    if (code === undefined) throw error
    throw new DiskError(code, message)
  }
}
