/**
 * A folder of the host as a volume, written to in place.
 *
 * Theory of operation. A thing gets its number from its *origin*: the path at which it was first there, or for what a guest made, words that
 * never come again. Origins that are not the present path stand in the ledger, and so do owners, modes and kinds that the host's file
 * doesn't have: nothing is ever given away, made set-id or made a device on the host, whoever runs the lab, so that everybody's lab answers alike.
 * What the host user owns is shown as root's. Times of what the lab changed are the lab's; the host's are used for what it didn't.
 *
 * Folders are held by descriptors, and everything is done to a name in a held folder (place.ts). Each time, what stands there must be the thing
 * that stood there before (`key`): if somebody put another thing in its place, the old number is stale.
 */
import { type BigIntStats, chmodSync, closeSync, constants, fstatSync, ftruncateSync, linkSync, lutimesSync, mkdirSync, openSync, readdirSync, readlinkSync, readSync, renameSync, rmdirSync, symlinkSync, unlinkSync, writeSync } from 'node:fs'
import { FileError } from '../../stack/files.ts'
import { type Attributes, type Change, isName, largestFile, type NewNode, type NodeId, type Space, type Stamp, type Volume } from '../../stack/volume.ts'
import { Stamps, type WallClock } from '../../lab/volume/stamps.ts'
import { Xattrs } from '../../lab/volume/xattrs.ts'
import { type HostNode, kindOf, ownedBy } from './host-node.ts'
import { Kept } from './kept.ts'
import { Ledger } from './ledger.ts'
import { Orphans } from './orphans.ts'
import { checkName, NodeTable, quietly } from './node-table.ts'
import { byDescriptor, guarded, hold, type HostPath, inside, keyOf, letGo, look, lookAt, noFollow, nonBlocking } from './place.ts'

export interface HostVolumeOptions {
  /** Absolute. */
  readonly root: string
  readonly write: boolean
  readonly clock: WallClock
}

const mostFiles = 128
/** The host's real figures would differ on every computer. */
const space: Space = { totalBytes: 2 ** 40, freeBytes: 2 ** 39, totalNodes: 2 ** 26, freeNodes: 2 ** 25 }
const folderBytes = 4096

export class HostVolume implements Volume {
  readonly root: NodeId
  readonly #write: boolean
  readonly #stamps: Stamps
  readonly #ledger: Ledger
  readonly #table: NodeTable
  readonly #files = new Kept<{ fd: number; writes: boolean }>(mostFiles, ({ fd }) => closeSync(fd))
  readonly #orphans = new Orphans()
  #made = 0
  #closed = false

  /** @throws {Error} with Node's `code`. */
  constructor({ root, write, clock }: HostVolumeOptions) {
    this.#write = write
    this.#stamps = new Stamps(clock)
    const held = hold(root)
    try {
      if (!lookAt(held).isDirectory()) throw Object.assign(new Error(`ENOTDIR: ${root} is not a folder`), { code: 'ENOTDIR' })
      this.#ledger = new Ledger(`${root}.netloom`, write)
    } catch (error) {
      letGo(held)
      throw error
    }
    this.#table = new NodeTable(held, this.#ledger)
    this.#table.onDrop = (node) => this.#files.drop(node.id)
    this.root = this.#table.rootNode.id
  }

  attributes(id: NodeId): Attributes {
    return guarded(() => this.#orphans.get(id)?.attributes() ?? this.#attributes(this.#table.node(id)))
  }

  change(id: NodeId, change: Change): Attributes {
    return guarded(() => {
      const orphan = this.#orphans.get(id)
      if (orphan !== undefined) return orphan.change(change, this.#stamps.next())
      const node = this.#writable(id)
      const now = this.#attributes(node)
      const stamp = this.#stamps.next()
      if (change.size !== undefined) this.#resize(node, change.size)
      const owners = { ...(change.mode === undefined ? {} : { mode: change.mode & 0o7777 }), ...(change.uid === undefined ? {} : { uid: change.uid }), ...(change.gid === undefined ? {} : { gid: change.gid }) }
      if (Object.keys(owners).length > 0) this.#own(node, owners)
      const time = (set: Stamp | 'now' | undefined, old: Stamp): Stamp => (set === undefined ? old : set === 'now' ? stamp : set)
      const modified = change.modified === undefined && change.size !== undefined ? 'now' : change.modified
      node.touch({ accessed: time(change.accessed, now.accessed), modified: time(modified, now.modified), changed: stamp })
      return this.#attributes(node)
    })
  }

  lookup(folder: NodeId, name: string): NodeId {
    return guarded(() => this.#table.lookup(this.#table.folder(folder), name).id)
  }

  parent(folder: NodeId): NodeId {
    return this.#table.folder(folder).place?.folder.id ?? this.root
  }

  list(folder: NodeId): readonly string[] {
    return guarded(() => {
      const names = readdirSync(this.#table.hold(this.#table.folder(folder)).path, { encoding: 'latin1' })
      return names.filter(isName).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    })
  }

  target(link: NodeId): string {
    return guarded(() => {
      const node = this.#table.node(link)
      if (node.kind !== 'link') throw new FileError('EINVAL', 'not a symbolic link')
      return readlinkSync(this.#table.path(node), { encoding: 'latin1' })
    })
  }

  read(file: NodeId, offset: number, length: number): Uint8Array {
    return guarded(() => {
      const fd = this.#orphans.get(file)?.fd ?? this.#open(this.#table.node(file), false)
      const bytes = new Uint8Array(Math.max(0, Math.min(length, fstatSync(fd).size - offset)))
      let have = 0
      while (have < bytes.length) {
        const count = readSync(fd, bytes, have, bytes.length - have, offset + have)
        if (count === 0) break
        have += count
      }
      return have === bytes.length ? bytes : bytes.subarray(0, have)
    })
  }

  write(file: NodeId, offset: number, bytes: Uint8Array): void {
    guarded(() => {
      const orphan = this.#orphans.get(file)
      const node = orphan === undefined ? this.#writable(file) : undefined
      if (offset + bytes.length > largestFile) throw new FileError('EFBIG', 'too large')
      if (bytes.length === 0) return
      const fd = orphan?.fd ?? this.#open(node as HostNode, true)
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, offset + done)
      if (node === undefined) orphan?.change({ modified: 'now' }, this.#stamps.next())
      else this.#touched(node)
    })
  }

  /** What was written is in the host's own memory by now, and no end of this process takes it away. Its time goes there too. */
  settle(file: NodeId): void {
    guarded(() => (this.#orphans.get(file) === undefined ? this.#settleTimes(this.#table.node(file)) : undefined))
  }

  hold(file: NodeId): void {
    guarded(() => {
      if (this.#orphans.get(file) === undefined && this.#table.node(file).kind !== 'file') throw new FileError('EINVAL', 'not an ordinary file')
      this.#orphans.hold(file)
    })
  }

  release(file: NodeId): void {
    this.#orphans.release(file)
  }

  xattrs(id: NodeId): readonly string[] {
    return guarded(() => this.#xattrs(id).names)
  }

  xattr(id: NodeId, name: string): Uint8Array | undefined {
    return guarded(() => this.#xattrs(id).get(name))
  }

  setXattr(id: NodeId, name: string, value: Uint8Array | undefined): void {
    guarded(() => {
      const orphan = this.#orphans.get(id)
      if (orphan !== undefined) return orphan.xattrs.set(name, value)
      const node = this.#writable(id)
      const xattrs = this.#xattrs(id)
      xattrs.set(name, value)
      const { accessed, modified } = this.#attributes(node)
      this.#ledger.set(node.path, { xattrs: Object.fromEntries(xattrs.entries.map(([each, bytes]) => [each, Buffer.from(bytes).toString('base64')])) })
      node.touch({ accessed, modified, changed: this.#stamps.next() })
    })
  }

  create(folder: NodeId, name: string, made: NewNode): NodeId {
    return guarded(() => {
      const into = this.#writable(folder)
      this.#free(into, name)
      const path = inside(this.#table.hold(into), name)
      const permissions = (made.mode & 0o777) | (made.kind === 'folder' ? 0o700 : 0o600)
      if (made.kind === 'folder') mkdirSync(path, permissions)
      else if (made.kind === 'link') symlinkSync(Buffer.from(made.target ?? '', 'latin1'), path)
      else closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | noFollow, permissions))
      const stats = look(path)
      const own = into.pathOf(name)
      const origin = `\n${into.origin}/${name} ${this.#made++} ${this.#stamps.next()}`
      const special = made.kind === kindOf(stats) ? {} : { kind: made.kind, major: made.major ?? 0, minor: made.minor ?? 0 }
      this.#ledger.set(own, { origin, ...special, ...differing(made, stats) })
      const node = this.#table.known(into, name, stats)
      const stamp = this.#touched(into)
      node.touch({ accessed: stamp, modified: stamp, changed: stamp })
      return node.id
    })
  }

  link(id: NodeId, folder: NodeId, name: string): void {
    guarded(() => {
      if (this.#orphans.get(id) !== undefined) throw new FileError('ENOENT', name)
      const node = this.#writable(id)
      const into = this.#table.folder(folder)
      if (node.kind === 'folder') throw new FileError('EISDIR', name)
      this.#free(into, name)
      const from = this.#table.path(node)
      // What it is called must be on record before it has two names.
      if (this.#ledger.get(node.path)?.origin === undefined) this.#ledger.set(node.path, { origin: node.origin })
      linkSync(from, inside(this.#table.hold(into), name))
      this.#ledger.link(node.path, into.pathOf(name))
      this.#table.named(node, into, name)
      const stamp = this.#touched(into)
      const { accessed, modified } = this.#attributes(node)
      node.touch({ accessed, modified, changed: stamp })
    })
  }

  remove(folder: NodeId, name: string): void {
    guarded(() => {
      const from = this.#writable(folder)
      const node = this.#table.lookup(from, name)
      if (node.kind === 'folder') throw new FileError('EISDIR', name)
      const { accessed, modified } = this.#attributes(node)
      this.#keepOpen(node)
      unlinkSync(inside(this.#table.hold(from), name))
      this.#table.forget(from, name, node)
      node.touch({ accessed, modified, changed: this.#touched(from) })
    })
  }

  removeFolder(folder: NodeId, name: string): void {
    guarded(() => {
      const from = this.#writable(folder)
      const node = this.#table.lookup(from, name)
      if (node.kind !== 'folder') throw new FileError('ENOTDIR', name)
      rmdirSync(inside(this.#table.hold(from), name))
      this.#table.forget(from, name, node)
      this.#touched(from)
    })
  }

  rename(from: NodeId, fromName: string, to: NodeId, toName: string): void {
    guarded(() => {
      const source = this.#writable(from)
      const into = this.#table.folder(to)
      const node = this.#table.lookup(source, fromName)
      checkName(toName)
      const there = this.#table.find(into, toName)
      if (there === node) return
      if (there !== undefined) this.#keepOpen(there)
      const { accessed, modified } = this.#attributes(node)
      renameSync(inside(this.#table.hold(source), fromName), inside(this.#table.hold(into), toName))
      if (there !== undefined) this.#table.forget(into, toName, there)
      const old = source.pathOf(fromName)
      if (this.#ledger.get(old)?.origin === undefined) this.#ledger.set(old, { origin: node.origin })
      this.#ledger.move(old, into.pathOf(toName))
      source.children.delete(fromName)
      node.places = [{ folder: into, name: toName }, ...node.places.filter((place) => place.folder !== source || place.name !== fromName)]
      into.children.set(toName, node)
      this.#touched(source)
      node.touch({ accessed, modified, changed: this.#touched(into) })
    })
  }

  space(): Space {
    return space
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#write) for (const node of this.#table.all) quietly(() => this.#settleTimes(node))
    this.#files.clear()
    this.#orphans.close()
    this.#table.close()
    this.#ledger.close()
  }

  #writable(id: NodeId): HostNode {
    if (!this.#write) throw new FileError('EROFS', 'this folder is only read')
    return this.#table.node(id)
  }

  #free(folder: HostNode, name: string): void {
    if (folder.kind !== 'folder') throw new FileError('ENOTDIR', 'not a folder')
    if (this.#table.find(folder, name) !== undefined) throw new FileError('EEXIST', name)
  }

  #attributes(node: HostNode): Attributes {
    const stats = this.#table.look(node)
    const entry = this.#ledger.get(node.path)
    const { kind } = node
    const { accessed, modified, changed } = node.times(stats.mtimeNs)
    const links = kind !== 'folder' ? Number(stats.nlink) : stats.nlink > 1n ? Number(stats.nlink) : 2 + this.#subfolders(node)
    const size = kind === 'folder' ? folderBytes : kind === 'file' || kind === 'link' ? Number(stats.size) : 0
    const device = ownedBy(stats)
    const mode = kind === 'link' ? 0o777 : (entry?.mode ?? device.mode)
    return { id: node.id, kind, mode, uid: entry?.uid ?? device.uid, gid: entry?.gid ?? device.gid, links, size, major: entry?.major ?? device.major, minor: entry?.minor ?? device.minor, accessed, modified, changed }
  }

  /** Where the host's file system doesn't count them. */
  #subfolders(node: HostNode): number {
    return readdirSync(this.#table.hold(node).path, { withFileTypes: true }).filter((entry) => entry.isDirectory()).length
  }

  #open(node: HostNode, writes: boolean): number {
    if (node.kind !== 'file') throw new FileError(node.kind === 'folder' ? 'EISDIR' : 'EINVAL', 'not an ordinary file')
    const kept = this.#files.get(node.id)
    if (kept !== undefined && (kept.writes || !writes)) return kept.fd
    const path = this.#table.path(node)
    const flags = (writes ? constants.O_RDWR : constants.O_RDONLY) | noFollow | nonBlocking
    let fd: number
    try {
      fd = openSync(path, flags)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES' || !this.#write) throw error
      // The guest's mode keeps the host's user out of his own file: his copy of it has to be wider.
      this.#own(node, { mode: this.#attributes(node).mode })
      fd = openSync(path, flags)
    }
    const stats = fstatSync(fd, { bigint: true })
    if (stats.isFile() && keyOf(stats) === node.key) {
      this.#files.add(node.id, { fd, writes })
      return fd
    }
    closeSync(fd)
    throw new FileError('ESTALE', 'another thing is there')
  }

  /** Its last name is about to go: whoever holds it keeps it. */
  #keepOpen(node: HostNode): void {
    if (node.places.length > 1 || !this.#orphans.held(node.id)) return
    this.#orphans.add(node.id, openSync(this.#ownFd(node), this.#write ? constants.O_RDWR : constants.O_RDONLY), this.#attributes(node), this.#xattrs(node.id))
  }

  /** One more way to the very file that is open, whatever its names are by now. */
  #ownFd(node: HostNode): HostPath {
    const fd = this.#open(node, this.#write)
    return byDescriptor ? `/proc/self/fd/${fd}` : this.#table.path(node)
  }

  #xattrs(id: NodeId): Xattrs {
    const { xattrs = {} } = (this.#orphans.get(id) === undefined ? this.#ledger.get(this.#table.node(id).path) : undefined) ?? {}
    return this.#orphans.get(id)?.xattrs ?? new Xattrs(Object.entries(xattrs).map(([name, value]) => [name, Uint8Array.from(Buffer.from(value, 'base64'))]))
  }

  #resize(node: HostNode, size: number): void {
    if (size > largestFile) throw new FileError('EFBIG', 'too large')
    ftruncateSync(this.#open(node, true), size)
  }

  /** Mode and owners: on the host as far as its user may and nobody is hurt, in the ledger as they are. */
  #own(node: HostNode, owners: { mode?: number; uid?: number; gid?: number }): void {
    const before = this.#table.look(node)
    if (owners.mode !== undefined && node.kind !== 'link') {
      const wide = (owners.mode & 0o777) | (node.kind === 'folder' ? 0o700 : 0o600)
      if ((Number(before.mode) & 0o777) !== wide) this.#chmod(node, wide)
    }
    this.#ledger.set(node.path, owners)
  }

  #chmod(node: HostNode, mode: number): void {
    // Through a descriptor, for the host would follow a link.
    if (node.kind === 'folder') return void quietly(() => chmodSync(this.#table.hold(node).path, mode))
    const held = hold(this.#table.path(node))
    try {
      if (keyOf(lookAt(held)) === node.key) quietly(() => chmodSync(held.path, mode))
    } finally {
      letGo(held)
    }
  }

  #touched(node: HostNode): Stamp {
    const stamp = this.#stamps.next()
    node.touch({ accessed: node.known?.accessed ?? this.#attributes(node).accessed, modified: stamp, changed: stamp })
    return stamp
  }

  /** Gives the host's file the time that clients see. */
  #settleTimes(node: HostNode): void {
    const { known } = node
    if (known === undefined || node.settled || (node.place === undefined && node !== this.#table.rootNode)) return
    if (node === this.#table.rootNode) return
    lutimesSync(this.#table.path(node), Number(known.accessed) / 1e9, Number(known.modified) / 1e9)
    node.settle()
  }
}

/** What of a new thing the host's file doesn't show. */
function differing(made: NewNode, stats: BigIntStats): { mode?: number; uid?: number; gid?: number } {
  const shown = ownedBy(stats)
  return { ...(made.kind !== 'link' && (made.mode & 0o7777) !== shown.mode ? { mode: made.mode & 0o7777 } : {}), ...(made.uid === shown.uid ? {} : { uid: made.uid }), ...(made.gid === shown.gid ? {} : { gid: made.gid }) }
}
