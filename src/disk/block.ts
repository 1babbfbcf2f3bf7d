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
}
