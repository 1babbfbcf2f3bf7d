/** Files that somebody has open or has locks on: who shares them how. One table for NLM and NFSv4, so that they see each other's locks. RFC 7530 §9. */
import type { NodeId } from '../../src/stack/volume.ts'
import type { Export } from './exports.ts'
import { RangeLocks } from './range-locks.ts'
import { reasonOf } from './refused.ts'

/** A share reservation: OPEN4_SHARE_ACCESS and _DENY bits. */
export interface Share {
  access: number
  deny: number
}

export class OpenFile {
  readonly of: Export
  readonly node: NodeId
  readonly locks = new RangeLocks()
  readonly shares = new Set<Share>()

  constructor(of: Export, node: NodeId) {
    this.of = of
    this.node = node
  }

  /** Whether access and denial go together with what others have. @param own left out of it. */
  admits(access: number, deny: number, own?: Share): boolean {
    for (const share of this.shares) if (share !== own && ((share.deny & access) !== 0 || (share.access & deny) !== 0)) return false
    return true
  }
}

export class OpenFiles {
  readonly #files = new Map<string, OpenFile>()
  /** Told when somebody has let go of a lock: others may wait for it. */
  onFreed: (file: OpenFile) => void = () => undefined

  get all(): Iterable<OpenFile> {
    return this.#files.values()
  }

  find(of: Export, node: NodeId): OpenFile | undefined {
    return this.#files.get(keyOf(of, node))
  }

  /** The file stays in its volume until it is dropped, whatever becomes of its names. */
  take(of: Export, node: NodeId): OpenFile {
    const key = keyOf(of, node)
    const known = this.#files.get(key)
    if (known !== undefined) return known
    of.volume.hold(node)
    const file = new OpenFile(of, node)
    this.#files.set(key, file)
    return file
  }

  /** To be called when a share or lock has gone. */
  freed(file: OpenFile): void {
    this.onFreed(file)
    this.drop(file)
  }

  /** To be called for a file that nobody may have taken after all. */
  drop(file: OpenFile): void {
    if (file.shares.size > 0 || file.locks.held.length > 0 || !this.#files.delete(keyOf(file.of, file.node))) return
    try {
      file.of.volume.release(file.node)
    } catch (error) {
      // What the host took away meanwhile needs no release.
      if (reasonOf(error) === undefined) throw error
    }
  }
}

const keyOf = (of: Export, node: NodeId): string => `${of.number} ${node}`
