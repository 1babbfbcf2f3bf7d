/**
 * A host file as an ImageFile, and the rule of what an image may name.
 *
 * An image's base, extent or data file is opened only if it lies, with all links followed, in the folder of the image that the user named or below it,
 * or if the user listed it. The question is asked of the file that was opened, not of its name, so that nobody changes the answer in between.
 */
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, readlinkSync, readSync, realpathSync, type Stats, writeSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { DiskError } from '../disk/block.ts'
import type { Access, ImageFile } from '../disk/image-file.ts'
import { HostError } from './host-error.ts'

export interface OpenFileOptions {
  readonly writable: boolean
  /** Makes the file, which must not be there yet. */
  readonly create?: boolean
  /** Files and folders elsewhere that the image may name, as absolute paths. */
  readonly listed?: readonly string[]
}

/** What may be opened: these, and everything under them. The image's own folder first; all without links. */
type Fence = readonly string[]

/** Files that are open for writing in this process: two writers would destroy each other's tables. */
const written = new Map<string, string>()

/** @throws {HostError} when the file can't be opened. */
export function openImageFile(path: string, options: OpenFileOptions): ImageFile {
  try {
    const listed = (options.listed ?? []).map((one) => realOrSame(resolve(one)))
    const real = options.create === true ? resolve(path) : realpathSync(path)
    return new HostImageFile(real, basename(path), options.writable, options.create ?? false, [realpathSync(dirname(real)), ...listed])
  } catch (error) {
    if (error instanceof DiskError) throw new HostError(error.code, error.message, hints[error.code])
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    throw new HostError(code, sentence(path, code, error as Error), code === 'ENOENT' ? `make one: netloom images create ${path} 64M` : hints[code])
  }
}

const hints: Readonly<Record<string, string>> = {
  EACCES: 'check its permissions, or write read_only: true',
  EROFS: 'write read_only: true',
  EEXIST: 'choose another name, or say --yes to write over it',
  EBUSY: 'give every node an overlay of its own: { file: …, overlay: ./NODE.qcow2 }',
}

function sentence(path: string, code: string, error: Error): string {
  if (code === 'ENOENT') return `there is no disk image ${path}`
  if (code === 'EEXIST') return `${path} is there already`
  return `cannot open the disk image ${path}: ${error.message}`
}

class HostImageFile implements ImageFile {
  readonly name: string
  readonly identity: string
  readonly writable: boolean
  readonly #path: string
  readonly #fence: Fence
  readonly #descriptor: number
  #size: number
  #failed = false
  #closed = false

  /** @param path absolute, without links. @throws {DiskError} or Node's error. */
  constructor(path: string, name: string, writable: boolean, create: boolean, fence: Fence) {
    this.name = name
    this.writable = writable
    this.#path = path
    this.#fence = fence
    // Without O_NONBLOCK, opening a FIFO would wait for its other end.
    const flags = (writable ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NONBLOCK | (create ? constants.O_CREAT | constants.O_EXCL : 0)
    this.#descriptor = openSync(path, flags, 0o666)
    try {
      const stats = fstatSync(this.#descriptor)
      if (!stats.isFile()) throw new DiskError('EINVAL', `${path} is not a regular file`)
      this.#size = stats.size
      this.identity = `${stats.dev}:${stats.ino}`
      this.#claim(stats)
    } catch (error) {
      closeSync(this.#descriptor)
      throw error
    }
  }

  get size(): number {
    return this.#size
  }

  read(position: number, into: Uint8Array): number {
    return readSync(this.#descriptor, into, 0, into.length, position)
  }

  write(position: number, from: Uint8Array): number {
    if (this.#failed) throw new DiskError('EIO', `${this.name}: what was written before could not be made stable`)
    const count = writeSync(this.#descriptor, from, 0, from.length, position)
    if (position + count > this.#size) this.#size = position + count
    return count
  }

  truncate(sizeBytes: number): void {
    if (this.#failed) throw new DiskError('EIO', `${this.name}: what was written before could not be made stable`)
    ftruncateSync(this.#descriptor, sizeBytes)
    this.#size = sizeBytes
  }

  sync(): void {
    if (this.#failed) throw new DiskError('EIO', `${this.name}: what was written before could not be made stable`)
    try {
      fsyncSync(this.#descriptor)
    } catch (error) {
      // The host may have dropped what it could not write; a second fsync would say that all is well.
      this.#failed = true
      throw error
    }
  }

  sibling(name: string, access: Access): ImageFile {
    if (name.includes('\0') || name.length > 4096) throw new DiskError('EINVAL', `${this.name} names a file in an impossible way`)
    if (/^[a-z][a-z0-9+.-]+:/i.test(name)) throw new DiskError('EPERM', `${this.name} names ${name}; only files can be named`)
    const path = resolve(dirname(this.#path), name)
    try {
      const real = access === 'create' ? join(realpathSync(dirname(path)), basename(path)) : realpathSync(path)
      this.#refuseOutside(real, name)
      const opened = new HostImageFile(real, name, access !== 'read', access === 'create', this.#fence)
      try {
        this.#refuseOutside(opened.#whereItIs(), name)
      } catch (error) {
        opened.close()
        throw error
      }
      return opened
    } catch (error) {
      const { code = 'EIO', message } = error as NodeJS.ErrnoException
      if (error instanceof DiskError) throw error
      throw new DiskError(code, code === 'ENOENT' ? `${this.name} names ${name}, which is not there` : `${this.name} names ${name}: ${message}`)
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.writable) written.delete(this.identity)
    closeSync(this.#descriptor)
  }

  /** The path of what is open, where the host can say it. */
  #whereItIs(): string {
    return process.platform === 'linux' ? readlinkSync(`/proc/self/fd/${this.#descriptor}`) : this.#path
  }

  #refuseOutside(path: string, name: string): void {
    if (this.#fence.some((allowed) => path === allowed || path.startsWith(allowed.endsWith(sep) ? allowed : allowed + sep))) return
    throw new DiskError('EPERM', `${this.name} names ${name}, which lies outside ${this.#fence[0]}; if you mean it, list it: uses: [${path}], or --uses`)
  }

  #claim(stats: Stats): void {
    if (!this.writable) return
    const id = `${stats.dev}:${stats.ino}`
    if (written.has(id)) throw new DiskError('EBUSY', `${this.name} is open for writing already, as ${written.get(id)}`)
    written.set(id, this.name)
  }
}

/** How an image in `folder` names a file: relative where it can. */
export function nameFrom(folder: string, path: string): string {
  const name = relative(realOrSame(folder), realOrSame(path))
  return name.startsWith(`..${sep}..${sep}..`) ? realOrSame(path) : name
}

function realOrSame(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
