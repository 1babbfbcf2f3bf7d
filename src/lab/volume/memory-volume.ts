/**
 * A volume in memory: empty to begin with, or laid over another one, which it never writes to.
 *
 * Theory of operation. A thing below is taken over when it is first looked at: its attributes are copied, its names and bytes stay below
 * until they are changed. Things keep their number when they are taken over, so that numbers which a client holds stay good.
 */
import { FileError } from '../../stack/files.ts'
import { type Attributes, type Change, isName, largestFile, longestName, longestTarget, type NewNode, type NodeId, type Space, type Stamp, type Volume } from '../../stack/volume.ts'
import { type Lower, pageBytes, Pages } from './pages.ts'
import { Xattrs } from './xattrs.ts'
import { madeHere, numberOf, Stamps, type WallClock } from './stamps.ts'

export interface MemoryVolumeOptions {
  readonly clock: WallClock
  /** What it is laid over. */
  readonly base?: Volume
  /** Memory it may take, in bytes. */
  readonly limitBytes?: number
}

/** A thing: what the seam tells of it, and what it is made of. */
interface Node {
  readonly id: NodeId
  readonly kind: Attributes['kind']
  readonly major: number
  readonly minor: number
  readonly target: string
  mode: number
  uid: number
  gid: number
  links: number
  accessed: Stamp
  modified: Stamp
  changed: Stamp
  /** Of a folder: the one it is in. */
  parent: NodeId
  /** Of a file. */
  readonly pages: Pages | undefined
  /** Of a folder, once they matter; what is `undefined` lies below and was not looked at. */
  names: Map<string, NodeId | undefined> | undefined
  readonly xattrs: Xattrs
}

const usualLimit = 512 * 2 ** 20
/** What a thing costs beside its bytes, roughly. */
const nodeBytes = 512
const nameBytes = 128
const mostLinks = 65_000
/** What a folder is said to take: what Linux shows of a small one, and never what the host's took. */
export const folderBytes = 4096

export class MemoryVolume implements Volume {
  readonly root: NodeId
  readonly #base: Volume | undefined
  readonly #stamps: Stamps
  readonly #limitBytes: number
  readonly #nodes = new Map<NodeId, Node>()
  /** Things below whose last name is gone. */
  readonly #gone = new Set<NodeId>()
  /** How often each open file is held. */
  readonly #holds = new Map<NodeId, number>()
  #pages = 0
  #entries = 0
  #xattrBytes = 0
  #made = 0

  constructor({ clock, base, limitBytes }: MemoryVolumeOptions) {
    this.#base = base
    this.#stamps = new Stamps(clock)
    this.#limitBytes = limitBytes ?? usualLimit
    this.root = base?.root ?? numberOf('')
    if (base === undefined) this.#put({ kind: 'folder', mode: 0o755, uid: 0, gid: 0 }, this.root, this.root)
  }

  attributes(id: NodeId): Attributes {
    return tell(this.#node(id))
  }

  change(id: NodeId, change: Change): Attributes {
    const node = this.#node(id)
    const stamp = this.#stamps.next()
    if (change.size !== undefined) this.#resize(node, change.size, stamp)
    if (change.mode !== undefined) node.mode = change.mode & 0o7777
    if (change.uid !== undefined) node.uid = change.uid
    if (change.gid !== undefined) node.gid = change.gid
    if (change.accessed !== undefined) node.accessed = change.accessed === 'now' ? stamp : change.accessed
    if (change.modified !== undefined) node.modified = change.modified === 'now' ? stamp : change.modified
    node.changed = stamp
    return tell(node)
  }

  lookup(folder: NodeId, name: string): NodeId {
    const id = this.#find(this.#folder(folder), name)
    if (id === undefined) throw new FileError('ENOENT', name)
    return id
  }

  parent(folder: NodeId): NodeId {
    return this.#folder(folder).parent
  }

  list(folder: NodeId): readonly string[] {
    return [...this.#names(this.#folder(folder)).keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  }

  target(link: NodeId): string {
    const node = this.#node(link)
    if (node.kind !== 'link') throw new FileError('EINVAL', 'not a symbolic link')
    return node.target
  }

  read(file: NodeId, offset: number, length: number): Uint8Array {
    return content(this.#node(file)).read(offset, length)
  }

  write(file: NodeId, offset: number, bytes: Uint8Array): void {
    const node = this.#node(file)
    const pages = content(node)
    if (offset + bytes.length > largestFile) throw new FileError('EFBIG', 'too large')
    if (bytes.length === 0) return
    this.#afford(pages.missing(offset, bytes.length) * pageBytes)
    this.#pages -= pages.held
    pages.write(offset, bytes)
    this.#pages += pages.held
    node.modified = node.changed = this.#stamps.next()
  }

  settle(file: NodeId): void {
    this.#node(file)
  }

  hold(file: NodeId): void {
    content(this.#node(file))
    this.#holds.set(file, (this.#holds.get(file) ?? 0) + 1)
  }

  release(file: NodeId): void {
    const left = (this.#holds.get(file) ?? 0) - 1
    if (left > 0) return void this.#holds.set(file, left)
    this.#holds.delete(file)
    const node = this.#nodes.get(file)
    if (node !== undefined && node.links <= 0) this.#drop(node)
  }

  xattrs(id: NodeId): readonly string[] {
    return this.#node(id).xattrs.names
  }

  xattr(id: NodeId, name: string): Uint8Array | undefined {
    return this.#node(id).xattrs.get(name)
  }

  setXattr(id: NodeId, name: string, value: Uint8Array | undefined): void {
    const node = this.#node(id)
    this.#afford((value?.length ?? 0) + nameBytes)
    this.#xattrBytes -= node.xattrs.bytes
    try {
      node.xattrs.set(name, value)
    } finally {
      this.#xattrBytes += node.xattrs.bytes
    }
    node.changed = this.#stamps.next()
  }

  create(folder: NodeId, name: string, made: NewNode): NodeId {
    const into = this.#folder(folder)
    this.#free(into, name)
    if ((made.target ?? '').length > longestTarget) throw new FileError('ENAMETOOLONG', 'target')
    this.#afford(nodeBytes)
    const node = this.#put(made, this.#number(folder, name), folder)
    this.#enter(into, name, node)
    return node.id
  }

  /** Puts a thing whose bytes are at hand, or lie elsewhere, into the volume; for whoever fills it before anybody looks. */
  place(folder: NodeId, name: string, made: NewNode, lower?: Lower, modified?: Stamp): NodeId {
    const into = this.#folder(folder)
    this.#free(into, name)
    const node = this.#put(made, this.#fresh(`${folder}/${name}`, 0), folder, lower)
    this.#enter(into, name, node)
    if (modified !== undefined) node.accessed = node.modified = node.changed = modified
    return node.id
  }

  link(id: NodeId, folder: NodeId, name: string): void {
    const node = this.#node(id)
    const into = this.#folder(folder)
    if (node.kind === 'folder') throw new FileError('EISDIR', name)
    if (node.links <= 0) throw new FileError('ENOENT', name)
    this.#free(into, name)
    if (node.links >= mostLinks) throw new FileError('EMLINK', name)
    this.#afford(nodeBytes)
    node.links++
    node.changed = this.#enter(into, name, node)
  }

  remove(folder: NodeId, name: string): void {
    const from = this.#folder(folder)
    const node = this.#node(this.lookup(folder, name))
    if (node.kind === 'folder') throw new FileError('EISDIR', name)
    this.#leave(from, name, node)
    this.#unlink(node, from.changed)
  }

  removeFolder(folder: NodeId, name: string): void {
    const from = this.#folder(folder)
    const node = this.#node(this.lookup(folder, name))
    if (node.kind !== 'folder') throw new FileError('ENOTDIR', name)
    if (this.#names(node).size > 0) throw new FileError('ENOTEMPTY', name)
    this.#leave(from, name, node)
    this.#drop(node)
  }

  rename(from: NodeId, fromName: string, to: NodeId, toName: string): void {
    const [source, into] = [this.#folder(from), this.#folder(to)]
    const node = this.#node(this.lookup(from, fromName))
    checkName(toName)
    const there = this.#find(into, toName)
    if (there === node.id) return
    if (node.kind === 'folder' && this.#isWithin(into, node)) throw new FileError('EINVAL', toName)
    if (there !== undefined) this.#replace(this.#node(there), node, toName)
    if (there !== undefined && this.#node(there).kind === 'folder') this.removeFolder(to, toName)
    else if (there !== undefined) this.remove(to, toName)
    this.#leave(source, fromName, node)
    if (node.kind === 'folder') node.parent = to
    node.changed = this.#enter(into, toName, node)
  }

  space(): Space {
    const most = Math.floor(this.#limitBytes / nodeBytes)
    const free = Math.max(0, this.#limitBytes - this.#used())
    return { totalBytes: this.#limitBytes, freeBytes: free, totalNodes: most, freeNodes: Math.floor(free / nodeBytes) }
  }

  close(): void {
    this.#base?.close()
  }

  /** @throws {FileError} ESTALE */
  #node(id: NodeId): Node {
    const node = this.#nodes.get(id)
    if (node !== undefined) return node
    if (this.#base === undefined || this.#gone.has(id)) throw new FileError('ESTALE', `nothing is number ${id}`)
    return this.#adopt(this.#base, this.#base.attributes(id))
  }

  #adopt(base: Volume, below: Attributes): Node {
    const { id, kind, size } = below
    const pages = kind === 'file' ? new Pages({ size, read: (offset, length) => base.read(id, offset, length) }) : undefined
    const xattrs = new Xattrs(base.xattrs(id).map((name) => [name, base.xattr(id, name) ?? new Uint8Array(0)]))
    this.#xattrBytes += xattrs.bytes
    const node: Node = { ...below, xattrs, target: kind === 'link' ? base.target(id) : '', parent: kind === 'folder' ? base.parent(id) : id, pages, names: undefined }
    this.#nodes.set(id, node)
    return node
  }

  #put(made: NewNode, id: NodeId, parent: NodeId, lower?: Lower): Node {
    const stamp = this.#stamps.next()
    const { kind, mode, uid, gid, target = '', major = 0, minor = 0 } = made
    const folder = kind === 'folder'
    const times = { accessed: stamp, modified: stamp, changed: stamp }
    const node: Node = { id, kind, mode: mode & 0o7777, uid, gid, target, major, minor, links: folder ? 2 : 1, ...times, parent, pages: kind === 'file' ? new Pages(lower) : undefined, names: folder ? new Map() : undefined, xattrs: new Xattrs([]) }
    this.#nodes.set(id, node)
    return node
  }

  /** The moment goes in too: a number is not given again in another life of the lab either. */
  #number(folder: NodeId, name: string): NodeId {
    return this.#fresh(`${folder}/${name} ${this.#made++} ${this.#stamps.next()}`, madeHere)
  }

  #fresh(text: string, bit: number): NodeId {
    for (let id = numberOf(text); ; id = (id + 1) % madeHere) if (!this.#nodes.has(id + bit) && !this.#gone.has(id + bit)) return id + bit
  }

  #folder(id: NodeId): Node {
    const node = this.#node(id)
    if (node.kind !== 'folder') throw new FileError('ENOTDIR', 'not a folder')
    return node
  }

  #names(folder: Node): Map<string, NodeId | undefined> {
    folder.names ??= new Map((this.#base as Volume).list(folder.id).map((name) => [name, undefined]))
    return folder.names
  }

  #find(folder: Node, name: string): NodeId | undefined {
    if (name.length > longestName) throw new FileError('ENAMETOOLONG', 'name')
    const names = this.#names(folder)
    const id = names.get(name)
    if (id !== undefined || !names.has(name)) return id
    const below = (this.#base as Volume).lookup(folder.id, name)
    names.set(name, below)
    return below
  }

  #free(folder: Node, name: string): void {
    checkName(name)
    if (this.#names(folder).has(name)) throw new FileError('EEXIST', name)
  }

  #enter(folder: Node, name: string, node: Node): Stamp {
    this.#names(folder).set(name, node.id)
    this.#entries++
    if (node.kind === 'folder') folder.links++
    folder.modified = folder.changed = this.#stamps.next()
    return folder.changed
  }

  #leave(folder: Node, name: string, node: Node): void {
    this.#names(folder).delete(name)
    this.#entries--
    if (node.kind === 'folder') folder.links--
    folder.modified = folder.changed = this.#stamps.next()
  }

  #unlink(node: Node, stamp: Stamp): void {
    node.links--
    node.changed = stamp
    if (node.links <= 0 && !this.#holds.has(node.id)) this.#drop(node)
  }

  #drop(node: Node): void {
    this.#pages -= node.pages?.held ?? 0
    this.#xattrBytes -= node.xattrs.bytes
    this.#nodes.delete(node.id)
    if (node.id < madeHere) this.#gone.add(node.id)
  }

  #replace(there: Node, by: Node, name: string): void {
    if (there.kind === 'folder' && by.kind !== 'folder') throw new FileError('EISDIR', name)
    if (there.kind !== 'folder' && by.kind === 'folder') throw new FileError('ENOTDIR', name)
    if (there.kind === 'folder' && this.#names(there).size > 0) throw new FileError('ENOTEMPTY', name)
  }

  #isWithin(folder: Node, outer: Node): boolean {
    for (let here = folder; ; here = this.#node(here.parent)) {
      if (here === outer) return true
      if (here.id === this.root) return false
    }
  }

  #resize(node: Node, size: number, stamp: Stamp): void {
    const pages = content(node)
    if (size > largestFile) throw new FileError('EFBIG', 'too large')
    this.#pages -= pages.held
    pages.resize(size)
    this.#pages += pages.held
    node.modified = stamp
  }

  #used(): number {
    return this.#pages * pageBytes + this.#xattrBytes + (this.#nodes.size + this.#gone.size) * nodeBytes + Math.max(0, this.#entries) * nameBytes
  }

  #afford(more: number): void {
    if (this.#used() + more > this.#limitBytes) throw new FileError('ENOSPC', 'this volume is full')
  }
}

function content(node: Node): Pages {
  if (node.kind === 'folder') throw new FileError('EISDIR', 'a folder')
  if (node.pages === undefined) throw new FileError('EINVAL', 'not an ordinary file')
  return node.pages
}

function checkName(name: string): void {
  if (!isName(name)) throw new FileError('EINVAL', 'no name for a file')
  if (name.length > longestName) throw new FileError('ENAMETOOLONG', 'name')
}

function tell({ id, kind, mode, uid, gid, links, major, minor, accessed, modified, changed, pages, target }: Node): Attributes {
  const size = pages?.size ?? (kind === 'link' ? target.length : kind === 'folder' ? folderBytes : 0)
  return { id, kind, mode, uid, gid, links, size, major, minor, accessed, modified, changed }
}
