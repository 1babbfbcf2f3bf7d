/** A pcapng file that grows while a lab runs. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { HostError } from './host-error.ts'

export class CaptureFile {
  readonly path: string
  readonly #descriptor: number

  /** @throws {HostError} */
  constructor(path: string) {
    this.path = path
    try {
      this.#descriptor = openSync(path, 'w')
    } catch (error) {
      const { code = 'EIO', message } = error as NodeJS.ErrnoException
      throw new HostError(code, `cannot write the capture ${path}: ${message}`, 'name another file: --capture FILE', error)
    }
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}
