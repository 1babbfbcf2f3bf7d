/** The file behind a disk image, as the formats see it: bytes by position, and the way to the files beside it. */
import { DiskError } from './block.ts'

/** `create`: a file that is not there yet. */
export type Access = 'read' | 'write' | 'create'

/** A file of the host's, read and written at positions. What it throws are DiskErrors, or Node's errors with their `code`. */
export interface ImageFile {
  /** How the user knows it. */
  readonly name: string
  /** Equal for the same file, however it was named. */
  readonly identity: string
  /** In bytes, now. */
  readonly size: number
  readonly writable: boolean
  /** Reads up to `into.length` bytes. @returns how many; fewer at the end of the file, and perhaps before. */
  read(position: number, into: Uint8Array): number
  /** Writes past the end leave zeros between. @returns how many bytes were written, at least one. */
  write(position: number, from: Uint8Array): number
  /** Cuts the file, or lengthens it with zeros. */
  truncate(sizeBytes: number): void
  /** What was written before is on stable storage when this returns. After a failure every later write fails too. */
  sync(): void
  /**
   * The file that this one names: a base, an extent, a data file. Names are relative to this file's folder.
   * @throws {DiskError} EPERM where it lies outside the first image's folder and nobody listed it.
   */
  sibling(name: string, access: Access): ImageFile
  close(): void
}

/** Fills `into`; what lies behind the end of the file is zeros. @throws {DiskError} */
export function readFully(file: Pick<ImageFile, 'read'>, position: number, into: Uint8Array): void {
  guard(() => {
    for (let done = 0; done < into.length; ) {
      const count = file.read(position + done, done === 0 ? into : into.subarray(done))
      if (count === 0) return void into.fill(0, done)
      done += count
    }
  })
}

/** @throws {DiskError} */
export function writeFully(file: Pick<ImageFile, 'write'>, position: number, from: Uint8Array): void {
  guard(() => {
    for (let done = 0; done < from.length; ) {
      const count = file.write(position + done, done === 0 ? from : from.subarray(done))
      if (count <= 0) throw new DiskError('EIO', `nothing written at ${position + done}`)
      done += count
    }
  })
}

/** @returns `length` bytes, with zeros behind the end of the file. Bound `length` before the call. @throws {DiskError} */
export function readBytes(file: ImageFile, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  readFully(file, position, bytes)
  return bytes
}

/** @throws {DiskError} */
export const syncFile = (file: Pick<ImageFile, 'sync'>): void => guard(() => file.sync())

/** @throws {DiskError} */
export const truncateFile = (file: Pick<ImageFile, 'truncate'>, sizeBytes: number): void => guard(() => file.truncate(sizeBytes))

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
