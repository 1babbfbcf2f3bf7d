/** Files the lab itself puts under a service's root (`files:` in the lab file), laid over the host folder that `root:` names. Read-only. */
import { type FileInfo, FileError, type FileTree, type OpenFile } from '../stack/files.ts'

export class FileOverlay implements FileTree {
  readonly #files: ReadonlyMap<string, Uint8Array>
  readonly #under: FileTree | undefined

  /** @param files by name under the root. @param under where everything else is looked for. */
  constructor(files: ReadonlyMap<string, Uint8Array>, under: FileTree | undefined) {
    this.#files = new Map([...files].map(([name, bytes]) => [normal(name), bytes]))
    this.#under = under
  }

  open(name: string, mode: 'read' | 'write' | 'create'): OpenFile {
    const bytes = this.#files.get(normal(name))
    if (bytes === undefined) {
      if (this.#isFolder(normal(name))) throw new FileError('EISDIR', `${name} is a folder`)
      return this.#below(name).open(name, mode)
    }
    if (mode !== 'read') throw new FileError('EROFS', `${name} comes from the lab file and can't be written`)
    return new ImageFile(bytes)
  }

  stat(name: string): FileInfo {
    const bytes = this.#files.get(normal(name))
    if (bytes !== undefined) return info(bytes)
    if (this.#isFolder(normal(name))) return { kind: 'folder', size: 0, modified: 0 }
    return this.#below(name).stat(name)
  }

  list(name: string): readonly string[] {
    const folder = normal(name)
    const prefix = folder === '' ? '' : `${folder}/`
    const own = [...this.#files.keys()].filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length).split('/')[0])
    let under: readonly string[] = []
    try {
      under = this.#under?.list(name) ?? []
    } catch (error) {
      if (own.length === 0) throw error
    }
    if (own.length === 0 && this.#under === undefined && folder !== '') throw missing(name)
    return [...new Set([...own, ...under])].sort()
  }

  #isFolder(name: string): boolean {
    const prefix = name === '' ? '' : `${name}/`
    for (const one of this.#files.keys()) if (one.startsWith(prefix)) return true
    return name === '' && this.#under === undefined
  }

  #below(name: string): FileTree {
    if (this.#under === undefined) throw missing(name)
    return this.#under
  }
}

class ImageFile implements OpenFile {
  readonly info: FileInfo
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.info = info(bytes)
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.slice(offset, offset + length)
  }

  write(): void {
    throw new FileError('EROFS', 'this file can only be read')
  }

  truncate(): void {
    throw new FileError('EROFS', 'this file can only be read')
  }

  close(): void {}
}

function info(bytes: Uint8Array): FileInfo {
  return { kind: 'file', size: bytes.length, modified: 0 }
}

function missing(name: string): FileError {
  return new FileError('ENOENT', `there is no ${name}`)
}

/** @throws {FileError} for what would leave the root. */
function normal(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..') || name.includes('\0')) throw new FileError('EACCES', `${JSON.stringify(name)} leaves the root`)
  return parts.join('/')
}
