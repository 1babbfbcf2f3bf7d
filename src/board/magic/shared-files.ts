/** The folder that a machine shares with its guest by magic instructions, and the files that the guest has open in it. */
import type { Plain, Stateful } from '../../base/state.ts'
import { errorNumber, errors } from './calls.ts'

/** What a folder is asked for: the part of stack/files.ts' FileTree that is needed here. Names can't lead out of it. */
export interface SharedFolder {
  /** @throws {Error} with Node's `code`. */
  open(name: string, mode: 'read' | 'write' | 'create'): SharedFile
}

export interface SharedFile {
  readonly info: { readonly kind: string; readonly size: number }
  read(offset: number, length: number): Uint8Array
  write(offset: number, bytes: Uint8Array): void
  truncate(length: number): void
  close(): void
}

export type OpenMode = 'read' | 'write' | 'append' | 'update'

interface Open {
  readonly name: string
  readonly mode: OpenMode
  readonly file: SharedFile
  /** The next byte to read or write. */
  at: number
  size: number
}

/** Files that a guest may have open at once, and the longest it may write. */
const openMax = 32
const sizeMax = 2 ** 40

/** Every verb returns 0 or more, or a negated error number. */
export class SharedFiles implements Stateful<Plain> {
  readonly #folder: SharedFolder | undefined
  readonly #open = new Map<number, Open>()

  /** @param folder undefined: nothing is shared, and every name is refused. */
  constructor(folder: SharedFolder | undefined) {
    this.#folder = folder
  }

  /** `write` begins an empty file, `append` goes on at its end, `update` reads and writes one that is there. @returns a handle from 0 on. */
  open(name: string, mode: OpenMode): number {
    if (this.#folder === undefined) return -errors['EACCES']
    const handle = Array.from({ length: openMax }, (_, index) => index).find((index) => !this.#open.has(index))
    if (handle === undefined) return -errors['EMFILE']
    return guarded(() => {
      const file = this.#find(name, mode)
      if (file.info.kind !== 'file') {
        file.close()
        return -(file.info.kind === 'folder' ? errors['EISDIR'] : errors['EACCES'])
      }
      if (mode === 'write') file.truncate(0)
      const size = mode === 'write' ? 0 : file.info.size
      this.#open.set(handle, { name, mode, file, at: mode === 'append' ? size : 0, size })
      return handle
    })
  }

  /** Up to `length` bytes from where the file stands; none at the end. @returns them, or an error number. */
  read(handle: number, length: number): Uint8Array | number {
    const open = this.#open.get(handle)
    if (open === undefined || open.mode === 'write' || open.mode === 'append') return -errors['EBADF']
    try {
      const bytes = open.file.read(open.at, length)
      open.at += bytes.length
      return bytes
    } catch (error) {
      return -errorNumber(error)
    }
  }

  write(handle: number, bytes: Uint8Array): number {
    const open = this.#open.get(handle)
    if (open === undefined || open.mode === 'read') return -errors['EBADF']
    if (open.at + bytes.length > sizeMax) return -errors['EFBIG']
    return guarded(() => {
      open.file.write(open.at, bytes)
      open.at += bytes.length
      open.size = Math.max(open.size, open.at)
      return bytes.length
    })
  }

  seek(handle: number, offset: number): number {
    const open = this.#open.get(handle)
    if (open === undefined) return -errors['EBADF']
    if (!(offset >= 0 && offset <= sizeMax)) return -errors['EINVAL']
    open.at = offset
    return 0
  }

  size(handle: number): number {
    return this.#open.get(handle)?.size ?? -errors['EBADF']
  }

  close(handle: number): number {
    const open = this.#open.get(handle)
    if (open === undefined) return -errors['EBADF']
    this.#open.delete(handle)
    return guarded(() => (open.file.close(), 0))
  }

  closeAll(): void {
    for (const handle of this.#open.keys()) this.close(handle)
  }

  save(): Plain {
    return [...this.#open].map(([handle, { name, mode, at }]) => ({ handle, name, mode, at }))
  }

  /** Opens what was open; a file that is gone is a bad handle from then on. */
  load(state: Plain): void {
    this.closeAll()
    for (const { handle, name, mode, at } of state as readonly { handle: number; name: string; mode: OpenMode; at: number }[]) {
      guarded(() => {
        const file = this.#find(name, mode === 'write' ? 'update' : mode)
        this.#open.set(handle, { name, mode, file, at, size: file.info.size })
        return 0
      })
    }
  }

  #find(name: string, mode: OpenMode): SharedFile {
    const folder = this.#folder as SharedFolder
    if (mode === 'read') return folder.open(name, 'read')
    if (mode === 'update') return folder.open(name, 'write')
    try {
      return folder.open(name, 'create')
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'EEXIST') throw error
      return folder.open(name, 'write')
    }
  }
}

function guarded(work: () => number): number {
  try {
    return work()
  } catch (error) {
    return -errorNumber(error)
  }
}
