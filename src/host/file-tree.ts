/**
 * A folder of the host as a FileTree: one root, and no way out of it.
 *
 * Theory of operation. A path is never given to the host whole. Each component is opened by itself, below the descriptor of the folder
 * before it and without following links (`/proc/self/fd/FD/NAME`, O_PATH | O_NOFOLLOW), and is looked at through that descriptor; what a
 * symbolic link says is walked by the same steps, and may not climb over the root. Whoever renames or replaces things meanwhile changes
 * what is found, never where: the walk holds objects, not names. A file is opened through the descriptor that was looked at, so a FIFO or
 * a device is never opened at all. Where there is no /proc the same walk goes by names, and the file opened last must be the one that was looked at.
 */
import { closeSync, constants, existsSync, fstatSync, ftruncateSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, realpathSync, type Stats, writeSync } from 'node:fs'
import { join } from 'node:path'
import { FileError, type FileInfo, type FileTree, type OpenFile } from '../stack/files.ts'
import { HostError } from './host-error.ts'

export interface HostFileTreeOptions {
  /** Files may be written and made; false when left out. */
  readonly write?: boolean
  /** Walk by descriptors; where the host has /proc when left out. */
  readonly byDescriptor?: boolean
}

/** Linux's O_PATH, the same on every machine that Node runs on; Node has no name for it. */
const O_PATH = 0o10000000
const longestName = 255
const longestPath = 4096
/** As many as Linux follows. */
const mostLinks = 40

/** A thing found on the walk: how to get at it, what it is, and the descriptor that holds it, if any. */
interface Step {
  readonly at: string
  readonly stats: Stats
  readonly fd: number | undefined
}

export class HostFileTree implements FileTree {
  readonly #root: Step
  /** Without links, so that absolute links into it are known. */
  readonly #rootPath: string
  readonly #write: boolean
  readonly #byDescriptor: boolean

  /** @param root an absolute path; links on the way to it are followed once, here. @throws {HostError} when it is no folder. */
  constructor(root: string, options: HostFileTreeOptions = {}) {
    this.#write = options.write ?? false
    this.#byDescriptor = options.byDescriptor ?? (process.platform === 'linux' && existsSync('/proc/self/fd'))
    try {
      this.#rootPath = realpathSync(root)
      this.#root = this.#step(this.#rootPath)
    } catch (error) {
      const { code = 'EIO', message } = error as NodeJS.ErrnoException
      throw new HostError(code, code === 'ENOENT' ? `there is no folder ${root}` : `the folder ${root} can't be served: ${message}`, `make it: mkdir -p ${root}`, error)
    }
    if (!this.#root.stats.isDirectory()) throw new HostError('ENOTDIR', `${root} is not a folder`, 'name the folder that it is in')
  }

  /** `write`: a file that is there. `create`: one that is not; EEXIST otherwise. */
  open(name: string, mode: 'read' | 'write' | 'create'): OpenFile {
    if (mode !== 'read' && !this.#write) throw new FileError('EROFS', `${name} can't be written: this folder is served read-only`)
    const parts = partsOf(name)
    return guarded(name, () => (mode === 'create' ? this.#create(parts, name) : this.#walk(parts, name, (step) => this.#openStep(step, mode, name))))
  }

  stat(name: string): FileInfo {
    const parts = partsOf(name)
    return guarded(name, () => this.#walk(parts, name, (step) => infoOf(step.stats)))
  }

  list(name: string): readonly string[] {
    const parts = partsOf(name)
    return guarded(name, () =>
      this.#walk(parts, name, (step) => {
        if (!step.stats.isDirectory()) throw new FileError('ENOTDIR', `${name} is not a folder`)
        return readdirSync(step.at).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      }),
    )
  }

  /** Gives the root's descriptor back; the tree can't be used any more. */
  close(): void {
    drop(this.#root)
  }

  #openStep(step: Step, mode: 'read' | 'write', name: string): OpenFile {
    if (step.stats.isDirectory()) throw new FileError('EISDIR', `${name} is a folder`)
    if (!step.stats.isFile()) throw new FileError('EACCES', `${name} is no ordinary file`)
    const access = mode === 'read' ? constants.O_RDONLY : constants.O_RDWR
    // Through /proc the last component is the host's own link to the very file that was looked at.
    const flags = access | nonBlocking | (step.fd === undefined ? noFollow : 0)
    const fd = openSync(step.at, flags)
    const opened = fstatSync(fd)
    if (opened.isFile() && opened.ino === step.stats.ino && opened.dev === step.stats.dev) return new HostFile(fd)
    closeSync(fd)
    throw new FileError('ENOENT', `${name} was replaced just now`)
  }

  #create(parts: readonly string[], name: string): OpenFile {
    const last = parts.at(-1)
    if (last === undefined) throw new FileError('EISDIR', `${name} is a folder`)
    return this.#walk(parts.slice(0, -1), name, (step) => {
      if (!step.stats.isDirectory()) throw new FileError('ENOTDIR', `there is no folder for ${name}`)
      return new HostFile(openSync(`${step.at}/${last}`, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | noFollow | nonBlocking, 0o644))
    })
  }

  /** Finds what `parts` lead to and hands it to `use`; every descriptor taken on the way is given back. */
  #walk<Found>(parts: readonly string[], name: string, use: (step: Step) => Found): Found {
    const folders: Step[] = [this.#root]
    const todo = [...parts].reverse()
    let links = 0
    try {
      for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
        const here = folders[folders.length - 1]
        if (!here.stats.isDirectory()) throw new FileError('ENOTDIR', `${name} leads through a file`)
        if (part === '..') {
          if (folders.length === 1) throw outside(name)
          drop(folders.pop() as Step)
          continue
        }
        const next = this.#step(`${here.at}/${part}`)
        if (!next.stats.isSymbolicLink()) {
          folders.push(next)
          continue
        }
        drop(next)
        if (++links > mostLinks) throw new FileError('EACCES', `${name} leads through more than ${mostLinks} symbolic links`)
        const target = this.#inside(readlinkSync(`${here.at}/${part}`), name)
        if (target.absolute) for (const folder of folders.splice(1)) drop(folder)
        todo.push(...target.parts.reverse())
        if (todo.length > longestPath) throw new FileError('ENAMETOOLONG', `${name} becomes too long by its symbolic links`)
      }
      return use(folders[folders.length - 1])
    } finally {
      for (const folder of folders.slice(1)) drop(folder)
    }
  }

  #step(path: string): Step {
    if (!this.#byDescriptor) return { at: path, stats: lstatSync(path), fd: undefined }
    const fd = openSync(path, O_PATH | noFollow)
    return { at: `/proc/self/fd/${fd}`, stats: fstatSync(fd), fd }
  }

  /** Where a link's text leads: from its folder, or from the root when it is absolute and names something in it. */
  #inside(target: string, name: string): { absolute: boolean; parts: string[] } {
    if (!target.startsWith('/')) return { absolute: false, parts: split(target) }
    if (target !== this.#rootPath && !target.startsWith(join(this.#rootPath, '/'))) throw outside(name)
    return { absolute: true, parts: split(target.slice(this.#rootPath.length)) }
  }
}

/** Absent on Windows, where there are no FIFOs in folders and no links that a walk by names would follow. */
const nonBlocking = constants.O_NONBLOCK ?? 0
const noFollow = constants.O_NOFOLLOW ?? 0

class HostFile implements OpenFile {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  get info(): FileInfo {
    return infoOf(fstatSync(this.#fd))
  }

  read(offset: number, length: number): Uint8Array {
    return guarded('file', () => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, fstatSync(this.#fd).size - offset)))
      let have = 0
      while (have < bytes.length) {
        const count = readSync(this.#fd, bytes, have, bytes.length - have, offset + have)
        if (count === 0) break
        have += count
      }
      return bytes.subarray(0, have)
    })
  }

  write(offset: number, bytes: Uint8Array): void {
    guarded('file', () => {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done)
    })
  }

  truncate(length: number): void {
    guarded('file', () => ftruncateSync(this.#fd, length))
  }

  close(): void {
    closeSync(this.#fd)
  }
}

function drop(step: Step): void {
  if (step.fd !== undefined) closeSync(step.fd)
}

function infoOf(stats: Stats): FileInfo {
  return { kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other', size: stats.size, modified: Math.floor(stats.mtimeMs / 1000) }
}

const split = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.')

/** @throws {FileError} for a name that no file under the root can have. */
function partsOf(name: string): string[] {
  const parts = split(name)
  const foreign = process.platform === 'win32' && /[\\:]/.test(name)
  if (foreign || name.includes('\0') || parts.includes('..')) throw outside(name)
  const tooLong = name.length > longestPath || parts.some((part) => Buffer.byteLength(part) > longestName)
  if (tooLong) throw new FileError('ENAMETOOLONG', `the name ${JSON.stringify(name.slice(0, 40))}… is too long`)
  return parts
}

const outside = (name: string): FileError => new FileError('EACCES', `${JSON.stringify(name)} leaves the root`)

/** The host's refusals in the seam's terms; its messages, which name paths outside, stay here. */
function guarded<Result>(name: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof FileError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    // ENXIO, ELOOP, EINVAL: it was replaced by something else between two looks.
    const told = code === 'EPERM' || code === 'ELOOP' ? 'EACCES' : code === 'ENXIO' || code === 'EINVAL' ? 'ENOENT' : code
    throw new FileError(told, told === 'ENOENT' ? `there is no ${name}` : `${name}: the host says ${code}`)
  }
}
