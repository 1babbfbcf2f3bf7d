/** Debian packages in the cache: fetched when they are missing, checked against the signed index, unpacked when something of theirs is needed. */
import { createHash } from 'node:crypto'
import { createReadStream, rmSync } from 'node:fs'
import { HostError } from '../host-error.ts'
import type { Archive, HearProgress, PackageIndex } from './archive.ts'
import type { Cache, CacheIndex } from './cache.ts'
import { metaPackages } from './catalog.ts'
import { packageFiles } from './deb.ts'
import type { PackageRecord } from './stanza.ts'
import type { TarEntry } from './tar.ts'

/** Needed by maintainer scripts only, and those never run in an initramfs. */
const scriptOnly = new Set(['debconf', 'adduser', 'dpkg', 'init-system-helpers', 'install-info', 'sysvinit-utils', 'ucf'])

export class PackageShelf {
  readonly #cache: Cache
  readonly #archive: () => Promise<Archive>
  readonly #hear: HearProgress
  #index: Promise<PackageIndex> | undefined
  #opened: Promise<Archive> | undefined
  /** The package unpacked last: an initramfs and a kernel come from the same one. */
  #unpacked: { readonly hash: string; readonly files: readonly TarEntry[] } | undefined

  constructor(cache: Cache, archive: () => Promise<Archive>, hear: HearProgress) {
    this.#cache = cache
    this.#archive = archive
    this.#hear = hear
  }

  /** Drops what the archive said before, so that the next `pull` asks it again. */
  forget(): void {
    this.#index = undefined
  }

  /**
   * Makes sure that a package is on the shelf. The lock is held.
   * @param name as the catalogue has it. @param current take the archive's present version even when there is one here.
   */
  async pull(name: string, current: boolean): Promise<PackageRecord> {
    const here = this.#cache.index().packages[name]
    if (here !== undefined && !current && this.#cache.sizeOf(here.sha256) === here.sizeBytes) return here
    const index = await this.#archiveIndex()
    const record = this.#prune(actual(name, index), index)
    if (this.#cache.sizeOf(record.sha256) !== record.sizeBytes) await this.#fetch(record)
    this.#cache.change((kept) => void (kept.packages[name] = record))
    return record
  }

  /** A package and all it depends on, first come first; undefined when one of them is not on the shelf. */
  closure(names: readonly string[], index: CacheIndex): PackageRecord[] | undefined {
    const found = new Map<string, PackageRecord>()
    const todo = [...names]
    for (let name = todo.shift(); name !== undefined; name = todo.shift()) {
      if (found.has(name)) continue
      const record = index.packages[name]
      if (record === undefined) return undefined
      found.set(name, record)
      todo.push(...record.depends)
    }
    return [...found.values()]
  }

  /** The lock is held. */
  async pullClosure(names: readonly string[]): Promise<PackageRecord[]> {
    const found = new Map<string, PackageRecord>()
    const todo = [...names]
    for (let name = todo.shift(); name !== undefined; name = todo.shift()) {
      if (found.has(name)) continue
      const record = await this.pull(name, false)
      found.set(name, record)
      todo.push(...record.depends)
    }
    return [...found.values()]
  }

  /** What a pulled package holds; a damaged one is fetched again. The lock is held. @throws {HostError} */
  async files(name: string): Promise<Iterable<TarEntry>> {
    let record = await this.pull(name, false)
    if (this.#unpacked?.hash === record.sha256) return this.#unpacked.files
    let deb = this.#cache.read(record.sha256)
    if (deb === undefined) {
      record = await this.pull(name, false)
      deb = this.#cache.read(record.sha256)
    }
    if (deb === undefined) throw new HostError('EIMAGE', `the package ${record.name} in the cache changes while it is read`, 'is something wrong with the disk? set NETLOOM_CACHE to a folder on another one')
    this.#hear({ what: `unpacking ${record.name}`, bytes: 0, total: undefined })
    const files = [...(await packageFiles(deb))]
    this.#unpacked = { hash: record.sha256, files }
    return files
  }

  /** Lets go of what `files` keeps for the next call: the kernel's package has 138 MB. */
  close(): void {
    this.#unpacked = undefined
  }

  #archiveIndex(): Promise<PackageIndex> {
    this.#opened ??= this.#archive()
    this.#index ??= this.#opened.then((archive) => archive.update(this.#hear))
    this.#index.catch(() => {
      this.#index = undefined
      this.#opened = undefined
    })
    return this.#index
  }

  /** Keeps of a package's dependencies those that are packages (others are provided by several) and are there for more than its scripts. */
  #prune(record: PackageRecord, index: PackageIndex): PackageRecord {
    return { ...record, depends: [...new Set(record.depends)].filter((name) => !scriptOnly.has(name) && index.find(name) !== undefined) }
  }

  async #fetch(record: PackageRecord): Promise<void> {
    const partial = this.#cache.partial(record.sha256)
    const archive = await (this.#opened as Promise<Archive>)
    await archive.fetch(record, partial, this.#hear)
    if ((await hashFile(partial)) !== record.sha256) {
      rmSync(partial, { force: true })
      throw new HostError('EMIRROR', `what the mirror sent for ${record.name} ${record.version} is not what the archive’s signed index lists`, 'the mirror is damaged or just being updated: try again, or set NETLOOM_DEBIAN_MIRROR to another')
    }
    this.#cache.adopt(partial, record.sha256)
  }
}

function actual(name: string, index: PackageIndex): PackageRecord {
  const record = index.get(name)
  const wanted = metaPackages[name]
  const meant = wanted === undefined ? undefined : record.depends.find((depended) => wanted.test(depended))
  return meant === undefined ? record : index.get(meant)
}

function hashFile(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256')
    createReadStream(path)
      .on('error', reject)
      .on('data', (part) => hash.update(part))
      .on('end', () => resolve(hash.digest('hex')))
  })
}
