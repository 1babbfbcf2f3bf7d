/** The archive where there is no apt: over HTTP(S), its InRelease checked by gpgv, its Packages file by the SHA-256 in there (Debian wiki, "SecureApt"). */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Malformed } from '../../base/errors.ts'
import { HostError } from '../host-error.ts'
import { PackageIndex, type Archive, type HearProgress } from './archive.ts'
import { runProgram } from './child.ts'
import { download } from './http-download.ts'
import { sha256 } from './sha256.ts'
import { stanzas, type PackageRecord } from './stanza.ts'
import { unxz } from './xz.ts'

export interface WebArchiveOptions {
  /** Where files in the making lie. */
  readonly folder: string
  /** Tried in this order. */
  readonly mirrors: readonly string[]
  readonly suite: string
  readonly keyring: string
  readonly signal?: AbortSignal | undefined
}

const releaseLimitBytes = 4 << 20
const packagesLimitBytes = 256 << 20

export class WebArchive implements Archive {
  readonly #options: WebArchiveOptions
  #mirror: string

  constructor(options: WebArchiveOptions) {
    this.#options = options
    this.#mirror = options.mirrors[0]
  }

  async update(hear: HearProgress): Promise<PackageIndex> {
    mkdirSync(this.#options.folder, { recursive: true })
    let last: unknown
    for (const mirror of this.#options.mirrors) {
      this.#mirror = mirror
      try {
        return new PackageIndex(await this.#packages(await this.#release(), hear))
      } catch (error) {
        if (!(error instanceof HostError) || error.code === 'ETOOL') throw error
        last = error
      }
    }
    throw last
  }

  async fetch(record: PackageRecord, file: string, hear: HearProgress): Promise<void> {
    const what = `${record.name} ${record.version}`
    await download(`${this.#mirror}/${record.path.split('/').map(encodeURIComponent).join('/')}`, file, {
      signal: this.#options.signal,
      limitBytes: record.sizeBytes,
      hear: (bytes) => hear({ what, bytes, total: record.sizeBytes }),
    })
  }

  /** @returns what of InRelease is signed. */
  async #release(): Promise<string> {
    const { folder, suite, keyring, signal } = this.#options
    const file = join(folder, 'InRelease')
    const signed = join(folder, 'Release')
    for (const old of [file, signed]) rmSync(old, { force: true })
    await download(`${this.#mirror}/dists/${suite}/InRelease`, file, { signal, limitBytes: releaseLimitBytes })
    const ran = await runProgram('gpgv', ['--keyring', keyring, '--output', signed, file], { signal }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      throw new HostError('ETOOL', 'neither apt nor gpgv is installed, so the signature of the Debian archive can’t be checked', 'install gpgv (a part of GnuPG), then try again')
    })
    if (ran.code !== 0) {
      throw new HostError('ESIGNATURE', `the archive at ${this.#mirror} is not signed by a key of Debian’s: ${lastLine(ran.stderr)}`, 'check NETLOOM_DEBIAN_MIRROR, and that the keyring is current (package debian-archive-keyring)')
    }
    return readFileSync(signed, 'utf8')
  }

  async #packages(release: string, hear: HearProgress): Promise<string> {
    const { folder, suite, signal } = this.#options
    const [fields] = stanzas(release)
    this.#checkRelease(fields)
    const entry = indexEntry(fields?.get('sha256') ?? '')
    if (entry === undefined) throw new HostError('EMIRROR', `the archive at ${this.#mirror} has no riscv64 packages in ${suite}`, 'set NETLOOM_DEBIAN_MIRROR to a mirror that carries riscv64')
    const file = join(folder, `Packages-${entry.sha256}`)
    const byHash = fields?.get('acquire-by-hash') === 'yes'
    const path = byHash ? entry.name.replace(/[^/]*$/, `by-hash/SHA256/${entry.sha256}`) : entry.name
    await download(`${this.#mirror}/dists/${suite}/${path}`, file, { signal, limitBytes: entry.sizeBytes, hear: (bytes) => hear({ what: 'package index', bytes, total: entry.sizeBytes }) })
    const packed = readFileSync(file)
    rmSync(file)
    if (sha256(packed) !== entry.sha256) throw new HostError('EMIRROR', `the package index at ${this.#mirror} is not the one that was signed`, 'the mirror is damaged or just being updated: try again, or set NETLOOM_DEBIAN_MIRROR to another')
    return new TextDecoder().decode(unpack(entry.name, packed))
  }

  #checkRelease(fields: ReadonlyMap<string, string> | undefined): void {
    const { suite } = this.#options
    if (fields?.get('codename') !== suite && fields?.get('suite') !== suite) throw new HostError('EMIRROR', `the archive at ${this.#mirror} calls itself ${fields?.get('codename') ?? 'nothing'}, not ${suite}`, 'set NETLOOM_DEBIAN_MIRROR to another mirror')
    const until = Date.parse(fields?.get('valid-until') ?? '')
    if (until < Date.now()) throw new HostError('EMIRROR', `the archive at ${this.#mirror} is out of date: it was valid until ${fields?.get('valid-until') ?? ''}`, 'set NETLOOM_DEBIAN_MIRROR to a mirror that is kept up to date')
  }
}

interface IndexEntry {
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
}

/** ` HASH SIZE NAME` lines; xz before gz before plain, for its size. */
function indexEntry(lines: string): IndexEntry | undefined {
  const found = new Map<string, IndexEntry>()
  for (const line of lines.split('\n')) {
    const [hash, size, name] = line.trim().split(/\s+/)
    if (name !== undefined && /^[0-9a-f]{64}$/.test(hash)) found.set(name, { name, sizeBytes: Number(size), sha256: hash })
  }
  const base = 'main/binary-riscv64/Packages'
  return found.get(`${base}.xz`) ?? found.get(`${base}.gz`) ?? found.get(base)
}

function unpack(name: string, bytes: Uint8Array): Uint8Array {
  if (name.endsWith('.xz')) return unxz(bytes, packagesLimitBytes)
  if (name.endsWith('.gz')) return gunzipSync(bytes, { maxOutputLength: packagesLimitBytes })
  if (bytes.length > packagesLimitBytes) throw new Malformed('a package index beyond all measure')
  return bytes
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.replace(/^gpgv: /, '') ?? ''
