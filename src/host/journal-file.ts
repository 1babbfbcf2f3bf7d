/** A journal on the host's disk: appended to by single writes, which outlive the process however it ends; replaced by a rename. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import type { JournalFile } from '../stack/files.ts'
import { HostError } from './host-error.ts'

/** A journal that long was not written by us. */
const longest = 64 << 20

export class HostJournalFile implements JournalFile {
  readonly content: Uint8Array
  readonly #path: string
  #fd: number

  /** Made when it isn't there. @throws {HostError} */
  constructor(path: string) {
    this.#path = path
    try {
      this.#fd = openSync(path, 'a+', 0o644)
      this.content = readFileSync(this.#fd)
    } catch (error) {
      const { code = 'EIO', message } = error as NodeJS.ErrnoException
      throw new HostError(code, `the journal ${path} can't be kept: ${message}`, code === 'ENOENT' ? 'make the folder it is in' : 'name another file, or leave the key out', error)
    }
    if (this.content.length > longest) throw new HostError('EFBIG', `the journal ${path} has ${this.content.length} bytes; ${longest} is the most`, 'name another file')
  }

  append(bytes: Uint8Array): void {
    writeAll(this.#fd, bytes)
  }

  replace(bytes: Uint8Array): void {
    const fresh = `${this.#path}.new`
    const fd = openSync(fresh, 'w', 0o644)
    writeAll(fd, bytes)
    fsyncSync(fd)
    closeSync(fd)
    renameSync(fresh, this.#path)
    closeSync(this.#fd)
    this.#fd = openSync(this.#path, 'a+', 0o644)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
}
