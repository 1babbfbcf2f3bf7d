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
  /** How often another file named this one. */
  opened = 0
  /** Pages that hold something; shared with copies until one of them writes. */
  #pages = new Map<number, Uint8Array>()
  #shared = new Set<number>()
  #size: number

  constructor(name: string, bytes: Uint8Array = new Uint8Array(0), options: { readonly writable?: boolean; readonly folder?: Map<string, MemoryFile> } = {}) {
    this.name = name
    this.identity = name
    this.writable = options.writable ?? true
    this.folder = options.folder ?? new Map()
    this.folder.set(name, this)
    this.#size = 0
    if (bytes.length > 0) this.#put(0, bytes)
  }

  get size(): number {
    return this.#size
  }

  /** A copy of the content. */
  content(): Uint8Array {
    const bytes = new Uint8Array(this.#size)
    this.read(0, bytes)
    return bytes
  }

  /** The same file, with a life of its own from here on. @param copy what becomes it: a new file. */
  copy<File extends MemoryFile = MemoryFile>(copy: File = new MemoryFile(this.name) as File): File {
    copy.#pages = new Map(this.#pages)
    copy.#size = this.#size
    for (const page of this.#pages.keys()) {
      this.#shared.add(page)
      copy.#shared.add(page)
    }
    return copy
  }

  /** Does to this file what was done to another. */
  redo(deed: Deed): void {
    if (deed.kind === 'write') this.write(deed.position, deed.bytes)
    if (deed.kind === 'truncate') this.truncate(deed.size)
  }

  read(position: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.length, this.#size - position))
    for (let done = 0; done < count; ) {
      const within = (position + done) % pageBytes
      const part = Math.min(pageBytes - within, count - done)
      const page = this.#pages.get((position + done - within) / pageBytes)
      if (page === undefined) into.fill(0, done, done + part)
      else into.set(page.subarray(within, within + part), done)
      done += part
    }
    return count
  }

  write(position: number, from: Uint8Array): number {
    this.#maybeFail()
    this.deeds?.push({ kind: 'write', position, bytes: from.slice() })
    this.#put(position, from)
    return from.length
  }

  truncate(sizeBytes: number): void {
    this.#maybeFail()
    this.deeds?.push({ kind: 'truncate', size: sizeBytes })
    refuseHuge(sizeBytes)
    if (sizeBytes < this.#size) {
      const rest = Math.min(this.#size, Math.ceil(sizeBytes / pageBytes) * pageBytes) - sizeBytes
      if (rest > 0) this.#put(sizeBytes, new Uint8Array(rest))
      for (const page of this.#pages.keys()) if (page * pageBytes >= sizeBytes) this.#pages.delete(page)
    }
    this.#size = sizeBytes
  }

  sync(): void {
    this.deeds?.push({ kind: 'sync' })
  }

  sibling(name: string, access: Access): ImageFile {
    if (access === 'create') return new MemoryFile(name, new Uint8Array(0), { folder: this.folder })
    const file = this.folder.get(name)
    if (file === undefined) throw new DiskError('ENOENT', `${this.name} names ${name}, which is not there`)
    file.opened++
    return file
  }

  close(): void {
    this.closed++
  }

  #maybeFail(): void {
    if (--this.failAfter < 0) throw Object.assign(new Error(`${this.failCode}: refused`), { code: this.failCode })
  }

  #put(position: number, from: Uint8Array): void {
    refuseHuge(position + from.length)
    for (let done = 0; done < from.length; ) {
      const within = (position + done) % pageBytes
      const part = Math.min(pageBytes - within, from.length - done)
      this.#own((position + done - within) / pageBytes).set(from.subarray(done, done + part), within)
      done += part
    }
    this.#size = Math.max(this.#size, position + from.length)
  }

  #own(index: number): Uint8Array {
    const page = this.#pages.get(index)
    if (page !== undefined && !this.#shared.has(index)) return page
    const own = page?.slice() ?? new Uint8Array(pageBytes)
    this.#pages.set(index, own)
    this.#shared.delete(index)
    return own
  }
}

const pageBytes = 8192

function refuseHuge(size: number): void {
  if (size > 1 << 30) throw Object.assign(new Error('ENOSPC: too large for a test'), { code: 'ENOSPC' })
}
