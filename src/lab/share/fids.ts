/** Fids: the numbers by which a guest holds on to things of a share, what each stands for, and what it has open. 9P2000, intro(5). */
import { FileError } from '../../stack/files.ts'
import type { NodeId, Volume } from '../../stack/volume.ts'
import type { LockTable } from './locks.ts'

/** What lopen or lcreate made of a fid. */
export type Open = {
  readonly reads: boolean
  readonly writes: boolean
  readonly append: boolean
  /** Each write is to last. */
  readonly sync: boolean
  /** The volume holds the file for us. */
  readonly held: boolean
}

/** An extended attribute as a file: read from what was there at xattrwalk, or gathered until the clunk. */
export type XattrFile = { readonly use: 'read' | 'write'; readonly name: string; readonly flags: number; readonly value: Uint8Array; readonly filled: number }

/** Where a listing goes on: after the name that was told last, whatever came and went meanwhile. */
export type Place = { readonly next: number; readonly after: string }

export type Fid = {
  readonly node: NodeId
  /** Who attached. */
  readonly uid: number
  /** The folder it was walked to from and its name there; what was reached by `..` or is a root has none. */
  readonly folder: NodeId | null
  readonly name: string
  readonly open: Open | null
  readonly xattr: XattrFile | null
  readonly place: Place | null
}

/** Linux holds one for each name it remembers. */
const mostFids = 65_536
/** Of attributes that are being read or written at one time, in bytes. */
const mostXattrBytes = 4 * 2 ** 20

export class Fids {
  readonly #volume: Volume
  readonly #locks: LockTable
  readonly #fids = new Map<number, Fid>()
  #xattrBytes = 0

  constructor(volume: Volume, locks: LockTable) {
    this.#volume = volume
    this.#locks = locks
  }

  /** @throws {FileError} EBADF */
  get(number: number): Fid {
    const fid = this.#fids.get(number)
    if (fid === undefined) throw new FileError('EBADF', `fid ${number}`)
    return fid
  }

  /** One that stands for a thing, not for an attribute. @throws {FileError} */
  thing(number: number): Fid {
    const fid = this.get(number)
    if (fid.xattr !== null) throw new FileError('EBADF', `fid ${number} is an attribute`)
    return fid
  }

  /** @throws {FileError} unless the number is free. */
  free(number: number): void {
    if (this.#fids.has(number)) throw new FileError('EBADF', `fid ${number} is in use`)
    if (this.#fids.size >= mostFids) throw new FileError('ENFILE', 'fids')
  }

  /** Room for an attribute's value, before it is made. @throws {FileError} */
  affordXattr(bytes: number): void {
    if (this.#xattrBytes + bytes > mostXattrBytes) throw new FileError('ENOMEM', 'attributes')
  }

  /** What the number stands for from now on. An open file's hold is the new fid's affair. */
  set(number: number, fid: Fid): void {
    this.#xattrBytes += (fid.xattr?.value.length ?? 0) - (this.#fids.get(number)?.xattr?.value.length ?? 0)
    this.#fids.set(number, fid)
  }

  /** Gives the number back, and what was held by it. */
  drop(number: number): void {
    const fid = this.#fids.get(number)
    if (fid === undefined) return
    this.#xattrBytes -= fid.xattr?.value.length ?? 0
    this.#fids.delete(number)
    this.#locks.drop(fid.node, number)
    if (fid.open?.held === true) this.#volume.release(fid.node)
  }

  clear(): void {
    for (const number of this.#fids.keys()) this.drop(number)
  }

  /** A name went elsewhere: those who came by it follow. */
  moved(from: NodeId, name: string, to: NodeId, toName: string): void {
    for (const [number, fid] of this.#fids) if (fid.folder === from && fid.name === name) this.#fids.set(number, { ...fid, folder: to, name: toName })
  }

  save(): readonly (readonly [number, Fid])[] {
    return [...this.#fids].map(([number, fid]) => [number, { ...fid, xattr: fid.xattr === null ? null : { ...fid.xattr, value: fid.xattr.value.slice() } }] as const)
  }

  /** What is gone since is not open any more. */
  load(state: readonly (readonly [number, Fid])[]): void {
    this.clear()
    for (const [number, fid] of state) {
      const open = fid.open?.held === true && !this.#hold(fid.node) ? null : fid.open
      this.set(number, { ...fid, open, xattr: fid.xattr === null ? null : { ...fid.xattr, value: fid.xattr.value.slice() } })
    }
  }

  #hold(node: NodeId): boolean {
    try {
      this.#volume.hold(node)
      return true
    } catch (error) {
      if (error instanceof FileError) return false
      throw error
    }
  }
}
