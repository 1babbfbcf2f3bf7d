/** Image files in memory, which remember what was done to them, so that a test can stop time after any of it. */
import { DiskError } from '../../src/disk/block.ts'
import type { Access, ImageFile } from '../../src/disk/image-file.ts'

export type Deed = { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array } | { readonly kind: 'truncate'; readonly size: number } | { readonly kind: 'sync' }

export class MemoryFile implements ImageFile {
  readonly name: string
  readonly identity: string
  readonly writable: boolean
  readonly folder: Map<string, MemoryFile>
  /** What was done, in order; undefined until a test wants to know. */
  deeds: Deed[] | undefined
  /** Thrown by the next write, and counted down to. */
  failAfter = Number.POSITIVE_INFINITY
  failCode = 'ENOSPC'
  closed = 0
  #bytes: Uint8Array
  #size: number

  constructor(name: string, bytes: Uint8Array = new Uint8Array(0), options: { readonly writable?: boolean; readonly folder?: Map<string, MemoryFile> } = {}) {
    this.name = name
    this.identity = name
    this.writable = options.writable ?? true
    this.folder = options.folder ?? new Map()
    this.folder.set(name, this)
    this.#bytes = bytes
    this.#size = bytes.length
  }

  get size(): number {
    return this.#size
  }

  /** A copy of the content. */
  content(): Uint8Array {
    return this.#bytes.slice(0, this.#size)
  }

  read(position: number, into: Uint8Array): number {
    const part = this.#bytes.subarray(Math.min(position, this.#size), Math.min(position + into.length, this.#size))
    into.set(part)
    return part.length
  }

  write(position: number, from: Uint8Array): number {
    this.#maybeFail()
    this.deeds?.push({ kind: 'write', position, bytes: from.slice() })
    this.#grow(position + from.length)
    this.#bytes.set(from, position)
    this.#size = Math.max(this.#size, position + from.length)
    return from.length
  }

  truncate(sizeBytes: number): void {
    this.#maybeFail()
    this.deeds?.push({ kind: 'truncate', size: sizeBytes })
    this.#grow(sizeBytes)
    if (sizeBytes < this.#size) this.#bytes.fill(0, sizeBytes, this.#size)
    this.#size = sizeBytes
  }

  sync(): void {
    this.deeds?.push({ kind: 'sync' })
  }

  sibling(name: string, access: Access): ImageFile {
    if (access === 'create') return new MemoryFile(name, new Uint8Array(0), { folder: this.folder })
    const file = this.folder.get(name)
    if (file === undefined) throw new DiskError('ENOENT', `${this.name} names ${name}, which is not there`)
    return file
  }

  close(): void {
    this.closed++
  }

  #maybeFail(): void {
    if (--this.failAfter < 0) throw Object.assign(new Error(`${this.failCode}: refused`), { code: this.failCode })
  }

  #grow(size: number): void {
    if (size > 1 << 28) throw Object.assign(new Error('ENOSPC: too large for a test'), { code: 'ENOSPC' })
    if (size <= this.#bytes.length) return
    const more = new Uint8Array(Math.max(size, this.#bytes.length * 2))
    more.set(this.#bytes.subarray(0, this.#size))
    this.#bytes = more
  }
}

/** What a file is after the first of these deeds. */
export function replay(name: string, start: Uint8Array, deeds: readonly Deed[]): MemoryFile {
  const file = new MemoryFile(name, start.slice())
  for (const deed of deeds) {
    if (deed.kind === 'write') file.write(deed.position, deed.bytes)
    if (deed.kind === 'truncate') file.truncate(deed.size)
  }
  return file
}
