/**
 * Guest images by name: firmware, boot loaders, kernels and initramfs, taken from Debian's riscv64 port, kept in the user's cache.
 *
 * Theory of operation. The index pins packages; everything else follows from them: an image's key names the packages and the recipe it is
 * made from, the index maps keys to contents, and contents are checked by hash whenever they are read. What is there is served without
 * a lock and without the network. What is missing is made under the cache's lock: packages are fetched and checked, then the image is cut out of
 * them or composed, and entered.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { HostError } from '../host-error.ts'
import type { Archive, HearProgress } from './archive.ts'
import { Cache, cacheFolder, type CacheIndex } from './cache.ts'
import { busyboxPackage, catalog, catalogRow, kernelPackage, type CatalogRow } from './catalog.ts'
import { chooseArchive } from './choose-archive.ts'
import { dhcpScript, initScript, setupScript } from './init-scripts.ts'
import { builderVersion, composeInitramfs, type InitramfsRecipe } from './initramfs.ts'
import { PackageShelf } from './package-shelf.ts'
import { sha256 } from './sha256.ts'
import type { TarEntry } from './tar.ts'

export interface Image {
  /** What it was asked for by. */
  readonly name: string
  readonly bytes: Uint8Array
  /** In hexadecimal. */
  readonly sha256: string
}

/** A row of `netloom images ls`. */
export interface ImageRow {
  readonly name: string
  readonly about: string
  /** The package it comes from, and its version if one is pinned; of what several go into, the kernel's. */
  readonly package: string
  readonly version: string | undefined
  readonly sizeBytes: number | undefined
  readonly sha256: string | undefined
  /** It can be had without the network. */
  readonly cached: boolean
}

export interface ImageStoreOptions {
  /** The cache's folder; by the environment when left out. */
  readonly folder?: string
  /** Variables to go by; the process's own when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Told what is slow: downloads with their bytes, unpacking, waiting for another process. */
  readonly hear?: HearProgress
  readonly signal?: AbortSignal
  /** Where packages come from; the host's way to Debian when left out. */
  readonly archive?: Archive
}

export const emptyRecipe: InitramfsRecipe = { modules: [], packages: [], files: new Map(), init: undefined }

/** A thing that can be made: its key under the packages now pinned, and how to make it when they are on the shelf. */
interface Making {
  /** Undefined when a package it needs is not pinned. */
  key(index: CacheIndex): string | undefined
  /** Packages to pull first. */
  readonly needs: readonly string[]
  readonly closureOf: readonly string[]
  make(): Promise<Uint8Array>
}

export class ImageStore {
  readonly #cache: Cache
  readonly #shelf: PackageShelf
  readonly #hear: HearProgress
  readonly #signal: AbortSignal | undefined

  constructor(options: ImageStoreOptions = {}) {
    const environment = options.environment ?? process.env
    this.#cache = new Cache(options.folder ?? cacheFolder(environment))
    this.#hear = options.hear ?? (() => undefined)
    this.#signal = options.signal
    const { archive, signal } = options
    this.#shelf = new PackageShelf(this.#cache, async () => archive ?? chooseArchive(join(this.#cache.folder, 'archive'), environment, signal), this.#hear)
  }

  /** @param name of the catalogue. @throws {HostError} */
  async open(name: string): Promise<Image> {
    return this.#have(name, this.#making(row(name)))
  }

  /** An initramfs, gzipped. The same recipe on the same packages gives the same bytes. @throws {HostError} */
  async initramfs(recipe: InitramfsRecipe, name = 'initramfs'): Promise<Image> {
    return this.#have(name, this.#initramfs(recipe))
  }

  /** Lets go of what was unpacked for the next image (the kernel's package has 138 MB); the store can be used again. */
  close(): void {
    this.#shelf.close()
  }

  list(): ImageRow[] {
    const index = this.#cache.index()
    return catalog.map((entry) => this.#row(entry, index))
  }

  /** Fetches the archive's present versions. @returns the rows of the names given. @throws {HostError} */
  async pull(names: readonly string[]): Promise<ImageRow[]> {
    const makings = names.map((name) => ({ name, making: this.#making(row(name)) }))
    this.#shelf.forget()
    await this.#locked(async () => {
      for (const asked of new Set(makings.flatMap(({ making }) => making.needs))) await this.#shelf.pull(asked, true)
      this.#sweep()
      for (const { making } of makings) await this.#produce(making)
    })
    const index = this.#cache.index()
    return names.map((name) => this.#row(row(name), index))
  }

  /** Removes images, and packages that no other image here is made from. @returns bytes freed. @throws {HostError} */
  async remove(names: readonly string[]): Promise<number> {
    const rows = names.map(row)
    return this.#locked(async () => {
      const before = this.#bytes()
      this.#cache.change((index) => {
        for (const entry of rows) {
          const key = this.#making(entry).key(index)
          if (key !== undefined) delete index.made[key]
        }
        const used = new Set(Object.values(index.made).flatMap((made) => made.from))
        for (const [name, record] of Object.entries(index.packages)) if (!used.has(record.sha256)) delete index.packages[name]
      })
      this.#sweep()
      return before - this.#bytes()
    })
  }

  /** Empties the cache. @returns bytes freed. @throws {HostError} */
  async removeAll(): Promise<number> {
    return this.#locked(async () => {
      const before = this.#bytes()
      for (const part of ['index.json', 'objects', 'partial', 'archive']) rmSync(join(this.#cache.folder, part), { recursive: true, force: true })
      return before
    })
  }

  async #have(name: string, making: Making): Promise<Image> {
    const ready = this.#ready(making)
    if (ready !== undefined) return { name, ...ready }
    return this.#locked(async () => ({ name, ...(await this.#produce(making)) }))
  }

  #ready(making: Making): { bytes: Uint8Array; sha256: string } | undefined {
    const index = this.#cache.index()
    const key = making.key(index)
    const made = key === undefined ? undefined : index.made[key]
    const bytes = made === undefined ? undefined : this.#cache.read(made.sha256)
    return made === undefined || bytes === undefined ? undefined : { bytes, sha256: made.sha256 }
  }

  /** The lock is held. */
  async #produce(making: Making): Promise<{ bytes: Uint8Array; sha256: string }> {
    const ready = this.#ready(making)
    if (ready !== undefined) return ready
    for (const name of making.needs) await this.#shelf.pull(name, false)
    await this.#shelf.pullClosure(making.closureOf)
    const bytes = await making.make()
    const hash = this.#cache.add(bytes)
    this.#cache.change((index) => {
      const key = making.key(index)
      const from = [...making.needs.map((name) => index.packages[name]), ...(this.#shelf.closure(making.closureOf, index) ?? [])].map((record) => record.sha256)
      if (key !== undefined) index.made[key] = { sha256: hash, sizeBytes: bytes.length, from: [...new Set(from)] }
    })
    return { bytes, sha256: hash }
  }

  #making({ name, source }: CatalogRow): Making {
    if (source.kind === 'initramfs') return this.#initramfs(emptyRecipe)
    if (source.kind === 'gzip') return this.#gzipped(this.#making(row(source.of)))
    const { package: from, member } = source
    return {
      needs: [from],
      closureOf: [],
      key: (index) => (index.packages[from] === undefined ? undefined : `${index.packages[from].sha256} ${member.source}`),
      make: async () => {
        for (const file of await this.#shelf.files(from)) if (file.kind === 'file' && member.test(file.name)) return file.content.slice()
        throw new HostError('EIMAGE', `the package ${from} holds no ${name} any more`, 'a newer Netloom may know where it went')
      },
    }
  }

  #gzipped(plain: Making): Making {
    return {
      needs: plain.needs,
      closureOf: plain.closureOf,
      key: (index) => suffixed(plain.key(index), 'gzip -9'),
      make: async () => compress((await this.#produce(plain)).bytes, 9),
    }
  }

  #initramfs(recipe: InitramfsRecipe): Making {
    const files = [...recipe.files].map(([name, content]) => [name, sha256(content)])
    const wording = sha256(JSON.stringify([builderVersion, recipe.modules, recipe.packages, files, recipe.init ?? null, initScript, setupScript, dhcpScript, ...(recipe.bare === true ? ['bare'] : [])]))
    return {
      needs: [kernelPackage, busyboxPackage],
      closureOf: recipe.packages,
      key: (index) => {
        const kernel = index.packages[kernelPackage]
        const busybox = index.packages[busyboxPackage]
        const closure = this.#shelf.closure(recipe.packages, index)
        if (kernel === undefined || busybox === undefined || closure === undefined) return undefined
        return `initramfs ${wording} ${sha256([kernel, busybox, ...closure].map((record) => record.sha256).join(' '))}`
      },
      make: async () => {
        const busybox = (await this.#produce(this.#making(row('busybox')))).bytes
        const packages: Iterable<TarEntry>[] = []
        for (const record of await this.#shelf.pullClosure(recipe.packages)) packages.push(await this.#shelf.files(record.name))
        return compress(composeInitramfs(recipe, { kernel: await this.#shelf.files(kernelPackage), busybox, packages }), 9)
      },
    }
  }

  #row({ name, about, source }: CatalogRow, index: CacheIndex): ImageRow {
    const making = this.#making({ name, about, source })
    const key = making.key(index)
    const made = key === undefined ? undefined : index.made[key]
    const record = index.packages[making.needs[0]]
    return {
      name,
      about,
      package: record?.name ?? making.needs[0],
      version: record?.version,
      sizeBytes: made?.sizeBytes,
      sha256: made?.sha256,
      cached: made !== undefined && this.#cache.sizeOf(made.sha256) === made.sizeBytes,
    }
  }

  /** Drops what was made from packages that are pinned no more, contents that nothing names, and downloads nobody will go on with. */
  #sweep(): void {
    const pinned = new Set(Object.values(this.#cache.index().packages).map((record) => record.sha256))
    this.#cache.change((index) => {
      for (const [key, made] of Object.entries(index.made)) if (!made.from.every((hash) => pinned.has(hash))) delete index.made[key]
    })
    const named = new Set([...pinned, ...Object.values(this.#cache.index().made).map((made) => made.sha256)])
    for (const hash of this.#cache.all()) if (!named.has(hash)) this.#cache.remove(hash)
    rmSync(join(this.#cache.folder, 'partial'), { recursive: true, force: true })
  }

  #bytes(): number {
    let sum = 0
    for (const hash of this.#cache.all()) sum += this.#cache.sizeOf(hash) ?? 0
    return sum
  }

  async #locked<Result>(work: () => Promise<Result>): Promise<Result> {
    const waiting = (pid: number): void => this.#hear({ what: `waiting for another netloom (process ${pid}) to finish with the cache`, bytes: 0, total: undefined })
    try {
      return await this.#cache.locked(work, waiting, this.#signal)
    } catch (error) {
      if (this.#signal?.aborted !== true) throw error
      throw new HostError('EINTR', 'stopped before all images were here', 'run it again: what has arrived is kept', error)
    }
  }
}

function row(name: string): CatalogRow {
  const found = catalogRow(name)
  if (found === undefined) throw new HostError('EIMAGE', `there is no image "${name}"`, `there are: ${catalog.map((entry) => entry.name).join(', ')}`)
  return found
}

const suffixed = (key: string | undefined, suffix: string): string | undefined => (key === undefined ? undefined : `${key} ${suffix}`)

/** gzip with time 0 and "unknown" for the operating system, which zlib would fill in. */
async function compress(bytes: Uint8Array, level: number): Promise<Uint8Array> {
  const packed = await promisify<Uint8Array, { level: number }, Buffer>(gzip)(bytes, { level })
  packed[9] = 255
  return new Uint8Array(packed.buffer, packed.byteOffset, packed.length)
}
