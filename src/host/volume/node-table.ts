/** The things of a HostVolume that were looked at: by number, by name in their folder, and held on the host. See host-volume.ts. */
import { type BigIntStats, readdirSync } from 'node:fs'
import { FileError } from '../../stack/files.ts'
import { isName, longestName, type NodeId } from '../../stack/volume.ts'
import { HostNode, kindOf, numberFrom } from './host-node.ts'
import { Kept } from './kept.ts'
import type { Ledger } from './ledger.ts'
import { type Held, hold, type HostPath, inside, keyOf, letGo, look, lookAt } from './place.ts'

const mostFolders = 256
/** Names that are looked through for a number from before a restart. */
const mostSearched = 2_000_000

export class NodeTable {
  readonly rootNode: HostNode
  /** Told of things that are gone. */
  onDrop: (node: HostNode) => void = () => undefined
  readonly #rootHeld: Held
  readonly #ledger: Ledger
  readonly #nodes = new Map<NodeId, HostNode>()
  /** Files of several names, by what they are on the host. */
  readonly #linked = new Map<string, HostNode>()
  readonly #folders = new Kept<Held>(mostFolders, letGo)
  /** Paths by number, from before this lab; made when one is asked for. */
  #index: Map<NodeId, string> | undefined

  constructor(rootHeld: Held, ledger: Ledger) {
    this.#rootHeld = rootHeld
    this.#ledger = ledger
    this.rootNode = new HostNode(numberFrom(''), 'folder', '', keyOf(lookAt(rootHeld)))
    this.#nodes.set(this.rootNode.id, this.rootNode)
  }

  get all(): IterableIterator<HostNode> {
    return this.#nodes.values()
  }

  /** A thing has one more name, and with a second one is known by what it is on the host. */
  named(node: HostNode, folder: HostNode, name: string): void {
    node.places.push({ folder, name })
    folder.children.set(name, node)
    this.#linked.set(node.key, node)
  }

  close(): void {
    this.#folders.clear()
    letGo(this.#rootHeld)
  }

  /** @throws {FileError} ESTALE */
  node(id: NodeId): HostNode {
    return this.#nodes.get(id) ?? this.#recall(id)
  }

  folder(id: NodeId): HostNode {
    const node = this.node(id)
    if (node.kind !== 'folder') throw new FileError('ENOTDIR', 'not a folder')
    return node
  }

  /** A number from before a restart: its path is looked for, once for all of them. */
  #recall(id: NodeId): HostNode {
    this.#index ??= this.#search()
    const path = this.#index.get(id)
    if (path === undefined) throw new FileError('ESTALE', `nothing is number ${id}`)
    this.#index.delete(id)
    let node = this.rootNode
    try {
      for (const name of path.split('/')) node = this.lookup(node, name)
    } catch (error) {
      if (error instanceof FileError || (error as NodeJS.ErrnoException).code !== undefined) throw new FileError('ESTALE', 'it is gone')
      throw error
    }
    // A file of several names may have been found by another one already.
    if (node.id !== id && node.places.length < 2 && !this.#linked.has(node.key)) throw new FileError('ESTALE', 'another thing is there')
    this.#nodes.set(id, node)
    return node
  }

  /** Goes by names alone, which is good enough for names: what is done to a thing goes by descriptors again. */
  #search(): Map<NodeId, string> {
    const found = new Map<NodeId, string>()
    const todo: { at: HostPath; path: string; origin: string }[] = [{ at: this.#rootHeld.path, path: '', origin: '' }]
    for (let here = todo.pop(); here !== undefined && found.size < mostSearched; here = todo.pop()) {
      const { at, path: folder, origin: above } = here
      for (const entry of quietly(() => readdirSync(at, { encoding: 'latin1', withFileTypes: true })) ?? []) {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`
        const origin = this.#ledger.get(path)?.origin ?? `${above}/${entry.name}`
        found.set(numberFrom(origin), path)
        if (entry.isDirectory()) todo.push({ at: inside({ path: at, fd: undefined }, entry.name), path, origin })
      }
    }
    return found
  }

  lookup(folder: HostNode, name: string): HostNode {
    checkName(name)
    if (folder.kind !== 'folder') throw new FileError('ENOTDIR', 'not a folder')
    return this.known(folder, name, look(inside(this.hold(folder), name)))
  }

  find(folder: HostNode, name: string): HostNode | undefined {
    try {
      return this.lookup(folder, name)
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** The thing that stands under a name: the one we know, or a new one. */
  known(folder: HostNode, name: string, stats: BigIntStats): HostNode {
    const key = keyOf(stats)
    const known = folder.children.get(name)
    if (known !== undefined && known.key === key) return known
    if (known !== undefined) this.forget(folder, name, known)
    const several = stats.nlink > 1n && !stats.isDirectory()
    const other = several ? this.#linked.get(key) : undefined
    if (other !== undefined) {
      other.places.push({ folder, name })
      folder.children.set(name, other)
      return other
    }
    const entry = this.#ledger.get(folder.pathOf(name))
    const origin = entry?.origin ?? `${folder.origin}/${name}`
    let id = numberFrom(origin)
    while (this.#nodes.has(id)) id++
    const node = new HostNode(id, entry?.kind ?? kindOf(stats), origin, key)
    node.places = [{ folder, name }]
    this.#nodes.set(id, node)
    folder.children.set(name, node)
    if (several) this.#linked.set(key, node)
    return node
  }

  /** A name is gone, and with the last one the thing. */
  forget(folder: HostNode, name: string, node: HostNode): void {
    folder.children.delete(name)
    this.#ledger.drop(folder.pathOf(name))
    node.places = node.places.filter((place) => place.folder !== folder || place.name !== name)
    if (node.places.length > 0) return
    this.#linked.delete(node.key)
    this.#drop(node)
  }

  #drop(node: HostNode): void {
    this.#nodes.delete(node.id)
    this.onDrop(node)
    this.#folders.drop(node.id)
    for (const [name, child] of node.children) {
      child.places = child.places.filter((place) => place.folder !== node || place.name !== name)
      if (child.places.length === 0) this.#drop(child)
    }
  }

  /** A folder's descriptor. @throws {FileError} ESTALE when another thing is in its place. */
  hold(folder: HostNode): Held {
    const { place } = folder
    if (place === undefined) {
      if (folder !== this.rootNode) throw new FileError('ESTALE', 'it is gone')
      return this.#rootHeld
    }
    const kept = this.#folders.get(folder.id)
    if (kept !== undefined) return kept
    const held = hold(inside(this.hold(place.folder), place.name))
    if (keyOf(lookAt(held)) === folder.key) return this.#folders.add(folder.id, held)
    letGo(held)
    throw new FileError('ESTALE', 'another thing is there')
  }

  /** Where a thing is, by the first of its names. */
  path({ place }: HostNode): HostPath {
    return place === undefined ? this.#rootHeld.path : inside(this.hold(place.folder), place.name)
  }

  look(node: HostNode): BigIntStats {
    if (node.kind === 'folder') return lookAt(this.hold(node))
    let stats: BigIntStats | undefined
    try {
      stats = look(this.path(node))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    if (stats !== undefined && keyOf(stats) === node.key) return stats
    throw new FileError('ESTALE', 'it is gone')
  }
}

/** @throws {FileError} */
export function checkName(name: string): void {
  if (!isName(name)) throw new FileError('EINVAL', 'no name for a file')
  if (name.length > longestName) throw new FileError('ENAMETOOLONG', 'name')
}

/** What fails is left. */
export function quietly<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
