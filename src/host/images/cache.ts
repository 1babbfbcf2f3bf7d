/**
 * The user's cache: contents by their SHA-256, and a small index of what is what. Everything is written under another name, flushed
 * and renamed, and checked again when it is read: a process may be killed at any moment, and nobody ever boots a torn file.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { HostError } from '../host-error.ts'
import { lock } from './lock.ts'
import { sha256 } from './sha256.ts'
import type { PackageRecord } from './stanza.ts'

/** What the index remembers. */
export interface CacheIndex {
  /** Raised when the file's form changes; another form is taken for an empty index. */
  readonly format: 1
  /** Packages pulled, by the name they were asked for. */
  readonly packages: Record<string, PackageRecord>
  /** What was made from what: a key that says it all → the content, and the packages it came from. */
  readonly made: Record<string, Made>
}

export interface Made {
  readonly sha256: string
  readonly sizeBytes: number
  /** SHA-256 of the packages; when one of them is replaced, this is of no use any more. */
  readonly from: readonly string[]
}

/** `$NETLOOM_CACHE`, else `$XDG_CACHE_HOME/netloom`, else `~/.cache/netloom`; images have a folder of their own in it. */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const own = environment['NETLOOM_CACHE']
  if (own !== undefined && own !== '') return join(own, 'images')
  const xdg = environment['XDG_CACHE_HOME']
  return join(xdg !== undefined && xdg.startsWith('/') ? xdg : join(homedir(), '.cache'), 'netloom', 'images')
}

export class Cache {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  index(): CacheIndex {
    try {
      const index = JSON.parse(readFileSync(join(this.folder, 'index.json'), 'utf8')) as CacheIndex | null
      if (index?.format === 1 && typeof index.packages === 'object' && typeof index.made === 'object') return index
    } catch (error) {
      if (!(error instanceof SyntaxError) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw this.#refused(error)
    }
    return { format: 1, packages: {}, made: {} }
  }

  /** Changes the index on disk; call it while holding the lock. */
  change(edit: (index: CacheIndex) => void): void {
    const index = this.index()
    edit(index)
    this.#write(join(this.folder, 'index.json'), new TextEncoder().encode(JSON.stringify(index, undefined, 1)))
  }

  /** @returns the content, or undefined when it isn't there; a damaged one is removed first. */
  read(hash: string): Uint8Array | undefined {
    let bytes: Uint8Array
    try {
      bytes = readFileSync(this.path(hash))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw this.#refused(error)
    }
    if (sha256(bytes) === hash) return bytes
    rmSync(this.path(hash), { force: true })
    return undefined
  }

  /** Size in bytes, or undefined when it isn't there. */
  sizeOf(hash: string): number | undefined {
    try {
      return statSync(this.path(hash)).size
    } catch {
      return undefined
    }
  }

  /** @returns its hash. */
  add(bytes: Uint8Array): string {
    const hash = sha256(bytes)
    if (this.sizeOf(hash) !== bytes.length) this.#write(this.path(hash), bytes)
    return hash
  }

  /** Takes over a file in `partial()` whose hash the caller has checked. */
  adopt(file: string, hash: string): void {
    this.#guarded(() => {
      mkdirSync(join(this.folder, 'objects', hash.slice(0, 2)), { recursive: true })
      flush(file)
      renameSync(file, this.path(hash))
    })
  }

  remove(hash: string): void {
    this.#guarded(() => rmSync(this.path(hash), { force: true }))
  }

  /** Every hash there is. */
  *all(): Generator<string> {
    for (const start of this.#list('objects')) for (const hash of this.#list(join('objects', start))) yield hash
  }

  path(hash: string): string {
    return join(this.folder, 'objects', hash.slice(0, 2), hash)
  }

  /** Where a download with that hash gathers. */
  partial(hash: string): string {
    this.#guarded(() => mkdirSync(join(this.folder, 'partial'), { recursive: true }))
    return join(this.folder, 'partial', hash)
  }

  /** Runs `work` while no other process changes this cache. */
  async locked<Result>(work: () => Promise<Result>, waiting: (pid: number) => void, signal?: AbortSignal): Promise<Result> {
    this.#guarded(() => mkdirSync(this.folder, { recursive: true }))
    const unlock = await lock(join(this.folder, 'lock'), waiting, signal)
    try {
      return await work()
    } finally {
      unlock()
    }
  }

  #write(path: string, bytes: Uint8Array): void {
    this.#guarded(() => {
      mkdirSync(join(path, '..'), { recursive: true })
      const temporary = `${path}.${process.pid}.new`
      const file = openSync(temporary, 'w', 0o644)
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(temporary, path)
    })
  }

  #list(folder: string): string[] {
    try {
      return readdirSync(join(this.folder, folder)).filter((name) => /^[0-9a-f]+$/.test(name))
    } catch {
      return []
    }
  }

  #guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      throw this.#refused(error)
    }
  }

  #refused(error: unknown): unknown {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined || error instanceof HostError) return error
    const why = code === 'ENOSPC' ? 'the disk is full' : message
    return new HostError(code, `the image cache ${this.folder} can’t be used: ${why}`, code === 'ENOSPC' ? 'free some space, or set NETLOOM_CACHE to another folder' : 'set NETLOOM_CACHE to a folder that you may write', error)
  }
}

function flush(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
