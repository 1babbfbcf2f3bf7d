/**
 * The folders above the exports, which version 4 shows as one tree: "The server presents a pseudo file system" (RFC 7530 §7.3). They can be
 * looked at by everybody and changed by nobody. Their numbers come from their paths, so handles of theirs outlive a restart.
 */
import { usualEpoch } from '../../../src/base/calendar.ts'
import { hash32 } from '../../../src/base/random.ts'
import { FileError } from '../../../src/stack/files.ts'
import type { Attributes, NodeId, Space, Volume } from '../../../src/stack/volume.ts'

interface Folder {
  readonly id: NodeId
  readonly parent: NodeId
  readonly names: Map<string, NodeId>
}

const folderBytes = 4096
const stamp = BigInt(usualEpoch) * 1_000_000_000n

export class PseudoVolume implements Volume {
  readonly root: NodeId
  readonly #folders = new Map<NodeId, Folder>()

  constructor() {
    this.root = this.#add('', undefined)
  }

  /** The folder at `parts`, made with those above it. */
  place(parts: readonly string[]): NodeId {
    let at = this.root
    for (const [depth, part] of parts.entries()) {
      const { names } = this.#folder(at)
      const next = names.get(part) ?? this.#add(`/${parts.slice(0, depth + 1).join('/')}`, at)
      names.set(part, next)
      at = next
    }
    return at
  }

  attributes(node: NodeId): Attributes {
    const { id, names } = this.#folder(node)
    return { id, kind: 'folder', mode: 0o755, uid: 0, gid: 0, links: 2 + names.size, size: folderBytes, major: 0, minor: 0, accessed: stamp, modified: stamp, changed: stamp }
  }

  lookup(folder: NodeId, name: string): NodeId {
    const found = this.#folder(folder).names.get(name)
    if (found === undefined) throw new FileError('ENOENT', name)
    return found
  }

  parent(folder: NodeId): NodeId {
    return this.#folder(folder).parent
  }

  list(folder: NodeId): readonly string[] {
    return [...this.#folder(folder).names.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  }

  target(): string {
    throw new FileError('EINVAL', 'there are only folders here')
  }

  read(): Uint8Array {
    throw new FileError('EISDIR', 'there are only folders here')
  }

  settle(): void {}

  hold(): void {}

  release(): void {}

  xattrs(): readonly string[] {
    return []
  }

  xattr(): undefined {
    return undefined
  }

  setXattr(): never {
    return this.#refuse()
  }

  space(): Space {
    return { totalBytes: 0, freeBytes: 0, totalNodes: this.#folders.size, freeNodes: 0 }
  }

  close(): void {}

  change(): never {
    return this.#refuse()
  }

  write(): never {
    return this.#refuse()
  }

  create(): never {
    return this.#refuse()
  }

  link(): never {
    return this.#refuse()
  }

  remove(): never {
    return this.#refuse()
  }

  removeFolder(): never {
    return this.#refuse()
  }

  rename(): never {
    return this.#refuse()
  }

  #refuse(): never {
    throw new FileError('EROFS', 'the folders above the exports stand in the lab file')
  }

  #add(path: string, parent: NodeId | undefined): NodeId {
    let id = (hash32(path, 7) & 0xf_ffff) * 0x1_0000_0000 + hash32(path, 8)
    while (this.#folders.has(id)) id++
    this.#folders.set(id, { id, parent: parent ?? id, names: new Map() })
    return id
  }

  #folder(node: NodeId): Folder {
    const found = this.#folders.get(node)
    if (found === undefined) throw new FileError('ESTALE', 'no export lies there any more')
    return found
  }
}
