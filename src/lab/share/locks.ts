/** Byte-range locks of a guest's processes on a share's files, as fcntl(2) has them: an owner's own locks never stand in its way. */
import { FileError } from '../../stack/files.ts'
import type { NodeId } from '../../stack/volume.ts'

/** Ends before `end`; Infinity: as far as the file will ever go. */
export type Lock = { readonly fid: number; readonly owner: string; readonly exclusive: boolean; readonly start: number; readonly end: number }
export type LockState = readonly (readonly [NodeId, readonly Lock[]])[]

/** Of one share. */
const mostLocks = 16_384

export class LockTable {
  readonly #locks = new Map<NodeId, readonly Lock[]>()
  #count = 0

  /** A lock of somebody else's that keeps this one out. */
  conflict(node: NodeId, wanted: Lock): Lock | undefined {
    return this.#of(node).find((there) => there.owner !== wanted.owner && (there.exclusive || wanted.exclusive) && there.start < wanted.end && wanted.start < there.end)
  }

  /** Takes the place of what the owner had there; nothing stands against it. @throws {FileError} ENOLCK */
  add(node: NodeId, lock: Lock): void {
    if (this.#count >= mostLocks) throw new FileError('ENOLCK', 'locks')
    this.#put(node, [...without(this.#of(node), lock), lock])
  }

  remove(node: NodeId, range: Lock): void {
    this.#put(node, without(this.#of(node), range))
  }

  /** What was locked through a fid goes with it. */
  drop(node: NodeId, fid: number): void {
    if (this.#locks.has(node)) this.#put(node, this.#of(node).filter((lock) => lock.fid !== fid))
  }

  clear(): void {
    this.#locks.clear()
    this.#count = 0
  }

  save(): LockState {
    return [...this.#locks].map(([node, locks]) => [node, locks.map((lock) => ({ ...lock }))] as const)
  }

  load(state: LockState): void {
    this.clear()
    for (const [node, locks] of state) this.#put(node, locks.map((lock) => ({ ...lock })))
  }

  #of(node: NodeId): readonly Lock[] {
    return this.#locks.get(node) ?? []
  }

  #put(node: NodeId, locks: readonly Lock[]): void {
    this.#count += locks.length - this.#of(node).length
    if (locks.length === 0) this.#locks.delete(node)
    else this.#locks.set(node, locks)
  }
}

/** What is left of `locks` when the owner's part in a range is taken out. */
function without(locks: readonly Lock[], { owner, start, end }: Lock): Lock[] {
  return locks.flatMap((lock) => {
    if (lock.owner !== owner || lock.start >= end || start >= lock.end) return [lock]
    const before = lock.start < start ? [{ ...lock, end: start }] : []
    return lock.end > end ? [...before, { ...lock, start: end }] : before
  })
}
