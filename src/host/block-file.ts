/** A raw disk image in a host file. */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { type BlockDevice, DiskError } from '../disk/block.ts'
import { HostError } from './host-error.ts'

const sector = 512

export class BlockFile implements BlockDevice {
  readonly size: number
  readonly readOnly: boolean
  readonly #descriptor: number

  /** @throws {HostError} when the file can't be opened, or isn't a whole number of sectors. */
  constructor(path: string, readOnly: boolean) {
    this.readOnly = readOnly
    try {
      this.#descriptor = openSync(path, readOnly ? 'r' : 'r+')
    } catch (error) {
      const { code = 'EIO' } = error as NodeJS.ErrnoException
      throw new HostError(code, `cannot open the disk ${path}: ${(error as Error).message}`, code === 'ENOENT' ? `make one: truncate -s 64M ${path}` : 'check its permissions, or write read_only: true')
    }
    const stat = fstatSync(this.#descriptor)
    this.size = stat.size
    const odd = !stat.isFile() ? 'is not a regular file' : this.size % sector !== 0 ? `is ${this.size} bytes long, not a multiple of ${sector}` : undefined
    if (odd === undefined) return
    closeSync(this.#descriptor)
    throw new HostError('EIMAGE', `the disk ${path} ${odd}`, `truncate -s %${sector} ${path}`)
  }

  read(offset: number, into: Uint8Array): void {
    this.#check(offset, into.length)
    for (let at = 0; at < into.length; ) {
      const count = this.#attempt(() => readSync(this.#descriptor, into, at, into.length - at, offset + at))
      if (count === 0) throw new DiskError('EIO', 'the image file is shorter than it was')
      at += count
    }
  }

  write(offset: number, from: Uint8Array): void {
    if (this.readOnly) throw new DiskError('EROFS', 'the disk is read-only')
    this.#check(offset, from.length)
    for (let at = 0; at < from.length; ) at += this.#attempt(() => writeSync(this.#descriptor, from, at, from.length - at, offset + at))
  }

  flush(): void {
    if (!this.readOnly) this.#attempt(() => fsyncSync(this.#descriptor))
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #check(offset: number, length: number): void {
    if (offset < 0 || offset + length > this.size) throw new DiskError('EINVAL', `${length} bytes at ${offset} lie outside a disk of ${this.size}`)
  }

  #attempt<Value>(work: () => Value): Value {
    try {
      return work()
    } catch (error) {
      throw new DiskError((error as NodeJS.ErrnoException).code ?? 'EIO', (error as Error).message)
    }
  }
}
