/** The seam to files that service points serve: one root, names relative to it, no way out of it. */

export interface FileInfo {
  readonly kind: 'file' | 'folder' | 'other'
  /** In bytes. */
  readonly size: number
  /** Seconds since 1970, of the host's file: content, not the lab's time. */
  readonly modified: number
}

export interface OpenFile {
  readonly info: FileInfo
  /** Up to `length` bytes from `offset`; fewer only at the end. */
  read(offset: number, length: number): Uint8Array
  write(offset: number, bytes: Uint8Array): void
  truncate(length: number): void
  close(): void
}

/** What a FileTree throws, with Node's code: `ENOENT`, `EACCES`, `EISDIR`, `ENOTDIR`, `EROFS`, `ENAMETOOLONG`, `EEXIST`. */
export class FileError extends Error {
  override readonly name = 'FileError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** A file that only grows, and what a service writes to it is there after the process was killed at any instant; its last piece may be cut short. */
export interface JournalFile {
  /** What it held when it was opened. */
  readonly content: Uint8Array
  append(bytes: Uint8Array): void
  /** Puts `bytes` in place of all it held: either the old or the new is there, never a part. */
  replace(bytes: Uint8Array): void
  close(): void
}

/**
 * Files under one root. A name is `/`-separated; a leading slash, `.` and empty parts are passed over; `..`, NUL and symbolic links
 * that leave the root throw FileError EACCES. Synchronous: a service point thinks in zero virtual time.
 */
export interface FileTree {
  /** @throws {FileError} */
  open(name: string, mode: 'read' | 'write' | 'create'): OpenFile
  /** @throws {FileError} */
  stat(name: string): FileInfo
  /** Names in a folder, sorted by code unit. @throws {FileError} */
  list(name: string): readonly string[]
}
