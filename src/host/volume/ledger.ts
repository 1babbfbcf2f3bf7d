/**
 * What a folder of the host can't hold of a guest's file system: owners, set-id bits, devices, and which number a thing has. One record a
 * path, in a journal beside the folder: a line a change, written at once, so that a lab that is killed loses nothing but half a line.
 */
import { appendFileSync, closeSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { NodeKind } from '../../stack/volume.ts'
import { HostError } from '../host-error.ts'

export interface Entry {
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** Where it is not what the host's file is: a device, a socket, a pipe. */
  readonly kind?: NodeKind
  readonly major?: number
  readonly minor?: number
  /** What its number comes from, where that is not its path: it was made here, or it has been moved. */
  readonly origin?: string
  /** Extended attributes: values in base64. */
  readonly xattrs?: Readonly<Record<string, string>>
}

/** Records of hard links are one object. */
interface Shared {
  entry: Entry
}

type Line = readonly ['set', string, Entry] | readonly ['move', string, string] | readonly ['link', string, string] | readonly ['drop', string]

const heading = '["netloom volume ledger",1]'

export class Ledger {
  readonly #file: string
  readonly #records = new Map<string, Shared>()
  #fd: number | undefined
  readonly #write: boolean

  /** @param write whether changes will come; the file is made with the first one. @throws {HostError} */
  constructor(file: string, write: boolean) {
    this.#file = file
    this.#write = write
    const lines = this.#read()
    for (const line of lines) this.#apply(line)
    // Rewritten in one go when most of it is history.
    if (write && lines.length > 1000 && lines.length > 2 * this.#records.size) this.#compact()
  }

  get(path: string): Entry | undefined {
    return this.#records.get(path)?.entry
  }

  /** Paths that have a record. */
  paths(): IterableIterator<string> {
    return this.#records.keys()
  }

  /** Adds to a path's record. */
  set(path: string, entry: Entry): void {
    this.#say(['set', path, entry])
  }

  /** A name goes elsewhere, and with a folder's all below it. What `to` was is gone. */
  move(from: string, to: string): void {
    this.#say(['move', from, to])
  }

  /** One more name for the same thing. */
  link(path: string, other: string): void {
    if (this.#records.has(path)) this.#say(['link', path, other])
  }

  drop(path: string): void {
    if (this.#records.has(path)) this.#say(['drop', path])
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #say(line: Line): void {
    this.#apply(line)
    if (!this.#write) return
    this.#fd ??= openSync(this.#file, 'a', 0o644)
    appendFileSync(this.#fd, `${JSON.stringify(line)}\n`)
  }

  #apply(line: Line): void {
    const [what, path] = line
    if (what === 'set') {
      const shared = this.#records.get(path)
      if (shared === undefined) this.#records.set(path, { entry: line[2] })
      else shared.entry = { ...shared.entry, ...line[2] }
    } else if (what === 'drop') this.#records.delete(path)
    else if (what === 'link') {
      const shared = this.#records.get(path)
      if (shared !== undefined) this.#records.set(line[2], shared)
    } else this.#move(path, line[2])
  }

  #move(from: string, to: string): void {
    this.#records.delete(to)
    const moved: [string, Shared][] = []
    for (const [path, record] of this.#records) if (path === from || path.startsWith(`${from}/`)) moved.push([path, record])
    for (const [path] of moved) this.#records.delete(path)
    for (const [path, record] of moved) this.#records.set(to + path.slice(from.length), record)
  }

  /** A last line without its end was being written when the lab died. */
  #read(): Line[] {
    let text: string
    try {
      text = readFileSync(this.#file, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return this.#begin()
      throw error
    }
    const rows = text.split('\n')
    const torn = rows.pop() !== ''
    try {
      if (rows[0] !== heading) throw new Error('no heading')
      const lines = rows.slice(1).map((row) => JSON.parse(row) as Line)
      if (torn && this.#write) this.#rewrite(rows)
      return lines
    } catch (error) {
      throw new HostError('EINVAL', `${this.#file} is no ledger of a volume`, `move it away; owners and devices of that folder are then the host's again`, error)
    }
  }

  #begin(): Line[] {
    if (this.#write) this.#rewrite([heading])
    return []
  }

  #compact(): void {
    const first = new Map<Shared, string>()
    const rows = [heading]
    for (const [path, record] of this.#records) {
      const known = first.get(record)
      rows.push(JSON.stringify(known === undefined ? ['set', path, record.entry] : ['link', known, path]))
      if (known === undefined) first.set(record, path)
    }
    this.#rewrite(rows)
  }

  /** All or nothing. */
  #rewrite(rows: readonly string[]): void {
    try {
      writeFileSync(`${this.#file}.new`, `${rows.join('\n')}\n`)
      renameSync(`${this.#file}.new`, this.#file)
    } catch (error) {
      const { code = 'EIO' } = error as NodeJS.ErrnoException
      throw new HostError(code, `owners and devices can't be kept in ${this.#file}: ${code}`, 'give the folder a place that you may write to, or write: overlay', error)
    }
  }
}
