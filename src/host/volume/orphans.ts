/** Files of a folder whose last name is gone while somebody has them open: what the host keeps for a descriptor, kept for a number. */
import { closeSync, fstatSync, ftruncateSync } from 'node:fs'
import { FileError } from '../../stack/files.ts'
import type { Xattrs } from '../../lab/volume/xattrs.ts'
import { type Attributes, type Change, largestFile, type NodeId, type Stamp } from '../../stack/volume.ts'

export class Orphans {
  readonly #holds = new Map<NodeId, number>()
  readonly #files = new Map<NodeId, Orphan>()

  hold(id: NodeId): void {
    this.#holds.set(id, (this.#holds.get(id) ?? 0) + 1)
  }

  held(id: NodeId): boolean {
    return this.#holds.has(id)
  }

  release(id: NodeId): void {
    const left = (this.#holds.get(id) ?? 0) - 1
    if (left > 0) return void this.#holds.set(id, left)
    this.#holds.delete(id)
    this.#files.get(id)?.close()
    this.#files.delete(id)
  }

  get(id: NodeId): Orphan | undefined {
    return this.#files.get(id)
  }

  /** @param fd is closed with the last release. @param attributes as they were when it had a name. */
  add(id: NodeId, fd: number, attributes: Attributes, xattrs: Xattrs): void {
    this.#files.set(id, new Orphan(fd, { ...attributes, links: 0 }, xattrs))
  }

  close(): void {
    for (const file of this.#files.values()) file.close()
    this.#files.clear()
    this.#holds.clear()
  }
}

export class Orphan {
  readonly fd: number
  readonly xattrs: Xattrs
  #attributes: Attributes

  constructor(fd: number, attributes: Attributes, xattrs: Xattrs) {
    this.fd = fd
    this.xattrs = xattrs
    this.#attributes = attributes
  }

  attributes(): Attributes {
    return { ...this.#attributes, size: fstatSync(this.fd).size }
  }

  /** Owners and mode are the lab's alone: nobody on the host can see the file any more. */
  change({ mode, uid, gid, size, accessed, modified }: Change, stamp: Stamp): Attributes {
    const now = this.#attributes
    if (size !== undefined && size > largestFile) throw new FileError('EFBIG', 'too large')
    if (size !== undefined) ftruncateSync(this.fd, size)
    const time = (set: Stamp | 'now' | undefined, old: Stamp): Stamp => (set === undefined ? old : set === 'now' ? stamp : set)
    this.#attributes = {
      ...now,
      mode: mode === undefined ? now.mode : mode & 0o7777,
      uid: uid ?? now.uid,
      gid: gid ?? now.gid,
      accessed: time(accessed, now.accessed),
      modified: time(modified ?? (size === undefined ? undefined : 'now'), now.modified),
      changed: stamp,
    }
    return this.attributes()
  }

  close(): void {
    closeSync(this.fd)
  }
}
