/**
 * A volume as FTP's commands see it: names from one root, files that are written, and what else changes a folder (DELE, MKD, RMD, RNTO,
 * MFMT). Names are UTF-8 to clients and byte strings to the volume. Symbolic links are followed inside the root, an absolute one from it.
 * What the lab file itself puts there (`files:`) lies on top, and can't be changed.
 */
import type { Attributes, NodeId, Volume } from '../../src/stack/volume.ts'
import { fromLatin1, fromUtf8, latin1, utf8 } from '../../src/base/bytes.ts'
import { FileError, type FileInfo, type FileTree, type OpenFile } from '../../src/stack/files.ts'

/** As many as Linux follows. */
const mostLinks = 40
const mostParts = 1024
const fileMode = 0o644
const folderMode = 0o755

/** Where a name would stand: the folder that is there, and the last part as the volume has it. */
interface Place {
  readonly folder: NodeId
  readonly name: string
}

export class VolumeTree implements FileTree {
  readonly #volume: Volume
  readonly #own: FileTree

  /** @param own the lab file's own files. */
  constructor(volume: Volume, own: FileTree) {
    this.#volume = volume
    this.#own = own
  }

  open(name: string, mode: 'read' | 'write' | 'create'): OpenFile {
    const owned = this.#owned(name)
    if (owned?.kind === 'file') return this.#own.open(name, mode)
    const id = mode === 'create' ? this.#create(name, 'file', fileMode) : this.#find(partsOf(name))
    const { kind } = this.#volume.attributes(id)
    if (kind === 'folder') throw new FileError('EISDIR', `${name} is a folder`)
    if (kind !== 'file') throw new FileError('EACCES', `${name} is no ordinary file`)
    return new VolumeFile(this.#volume, id)
  }

  stat(name: string): FileInfo {
    const owned = this.#owned(name)
    if (owned?.kind === 'file') return owned
    try {
      return infoOf(this.#volume.attributes(this.#find(partsOf(name))))
    } catch (error) {
      if (owned !== undefined && isMissing(error)) return owned
      throw error
    }
  }

  list(name: string): readonly string[] {
    const owned = this.#owned(name)
    const own = owned?.kind === 'folder' ? this.#own.list(name) : []
    try {
      const below = this.#volume.list(this.#find(partsOf(name))).map((each) => fromUtf8(latin1(each)))
      return own.length === 0 ? below : [...new Set([...own, ...below])].sort()
    } catch (error) {
      if (owned !== undefined && isMissing(error)) return own
      throw error
    }
  }

  /** Takes a file's name away. @throws {FileError} EISDIR for a folder. */
  remove(name: string): void {
    const { folder, name: last } = this.#changing(name)
    this.#volume.remove(folder, last)
  }

  /** @throws {FileError} EEXIST */
  makeFolder(name: string): void {
    this.#create(name, 'folder', folderMode)
  }

  /** @throws {FileError} ENOTEMPTY */
  removeFolder(name: string): void {
    const { folder, name: last } = this.#changing(name)
    this.#volume.removeFolder(folder, last)
  }

  /** Whether there is such a name, not what a link leads to. @throws {FileError} when there is none, or it may not be moved. */
  movable(name: string): void {
    const { folder, name: last } = this.#changing(name)
    this.#volume.lookup(folder, last)
  }

  /** As POSIX has it: a file that was at `to` is gone. */
  rename(from: string, to: string): void {
    const [source, target] = [this.#changing(from), this.#changing(to)]
    this.#volume.rename(source.folder, source.name, target.folder, target.name)
  }

  /** @param modified seconds since 1970. */
  touch(name: string, modified: number): void {
    if (this.#owned(name)?.kind === 'file') throw readOnly(name)
    this.#volume.change(this.#find(partsOf(name)), { modified: BigInt(modified) * 1_000_000_000n })
  }

  close(): void {
    this.#volume.close()
  }

  /** What the lab file has of that name. */
  #owned(name: string): FileInfo | undefined {
    try {
      return this.#own.stat(name)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  #create(name: string, kind: 'file' | 'folder', mode: number): NodeId {
    const { folder, name: last } = this.#changing(name)
    return this.#volume.create(folder, last, { kind, mode, uid: 0, gid: 0 })
  }

  #changing(name: string): Place {
    if (this.#owned(name) !== undefined) throw readOnly(name)
    const parts = partsOf(name)
    const last = parts.pop()
    if (last === undefined) throw readOnly(name)
    return { folder: this.#find(parts), name: last }
  }

  #find(parts: readonly string[]): NodeId {
    const volume = this.#volume
    const todo = [...parts].reverse()
    let here = volume.root
    let links = 0
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      if (part === '..') {
        here = volume.parent(here)
        continue
      }
      const next = volume.lookup(here, part)
      if (volume.attributes(next).kind !== 'link') {
        here = next
        continue
      }
      if (++links > mostLinks) throw new FileError('EACCES', `that leads through more than ${mostLinks} symbolic links`)
      const target = volume.target(next)
      if (target.startsWith('/')) here = volume.root
      todo.push(...split(target).reverse())
      if (todo.length > mostParts) throw new FileError('ENAMETOOLONG', 'that becomes too long by its symbolic links')
    }
    return here
  }
}

class VolumeFile implements OpenFile {
  readonly #volume: Volume
  readonly #id: NodeId
  #open = true

  constructor(volume: Volume, id: NodeId) {
    volume.hold(id)
    this.#volume = volume
    this.#id = id
  }

  get info(): FileInfo {
    return infoOf(this.#volume.attributes(this.#id))
  }

  read(offset: number, length: number): Uint8Array {
    // What the volume gives may be spoilt by its next call.
    return this.#volume.read(this.#id, offset, length).slice()
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#volume.write(this.#id, offset, bytes)
  }

  truncate(length: number): void {
    this.#volume.change(this.#id, { size: length })
  }

  close(): void {
    if (this.#open) this.#volume.release(this.#id)
    this.#open = false
  }
}

function infoOf({ kind, size, modified }: Attributes): FileInfo {
  return { kind: kind === 'file' || kind === 'folder' ? kind : 'other', size: kind === 'file' ? size : 0, modified: Number(modified / 1_000_000_000n) }
}

const split = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.')
const partsOf = (name: string): string[] => split(fromLatin1(utf8(name)))
const isMissing = (error: unknown): boolean => error instanceof FileError && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
const readOnly = (name: string): FileError => new FileError('EROFS', `${name} is part of the lab file`)
