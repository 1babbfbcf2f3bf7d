/**
 * The archive through the host's apt, which checks signatures and hashes and knows its user's proxies. It runs with state, cache and
 * sources of our own: the host's lists, its dpkg status and its architectures are neither read nor touched.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { HostError } from '../host-error.ts'
import { PackageIndex, type Archive, type HearProgress } from './archive.ts'
import { runProgram, type Ran } from './child.ts'
import type { PackageRecord } from './stanza.ts'

export interface AptOptions {
  /** A folder of our own for apt's state. */
  readonly folder: string
  /** Tried in this order. */
  readonly mirrors: readonly string[]
  readonly suite: string
  readonly keyring: string
  readonly signal?: AbortSignal | undefined
}

/** How often the size of what arrives is looked at, in milliseconds. */
const lookEvery = 200
/** How long an apt that a killed run left behind may go on, in milliseconds. */
const orphanEndsIn = 60_000

export class AptArchive implements Archive {
  readonly #options: AptOptions

  constructor(options: AptOptions) {
    this.#options = options
  }

  async update(hear: HearProgress): Promise<PackageIndex> {
    const { folder, mirrors } = this.#options
    for (const part of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, part), { recursive: true })
    writeFileSync(join(folder, 'status'), '')
    writeFileSync(join(folder, 'apt.conf'), configuration(folder))
    const failures: string[] = []
    for (const mirror of mirrors) {
      writeFileSync(join(folder, 'netloom.sources'), this.#source(mirror))
      const ran = await this.#watched({ what: 'package index', total: undefined }, join(folder, 'state'), hear, () => this.#update())
      if (ran.code === 0) return new PackageIndex(await this.#packages())
      failures.push(ran.stderr)
    }
    throw updateError(mirrors, failures.join('\n'))
  }

  async fetch(record: PackageRecord, file: string, hear: HearProgress): Promise<void> {
    const work = `${file}.apt`
    rmSync(work, { recursive: true, force: true })
    mkdirSync(join(work, 'archives/partial'), { recursive: true })
    const words = ['-o', `Dir::Cache::archives=${join(work, 'archives')}`, 'download', `${record.name}=${record.version}`]
    const ran = await this.#watched({ what: `${record.name} ${record.version}`, total: record.sizeBytes }, work, hear, () => this.#apt(words, work))
    const deb = readdirSync(work).find((name) => name.endsWith('.deb'))
    if (ran.code !== 0 || deb === undefined) throw new HostError('EMIRROR', `apt could not download ${record.name} ${record.version}: ${complaint(ran.stderr)}`, 'try again, or set NETLOOM_DEBIAN_MIRROR to another mirror')
    renameSync(join(work, deb), file)
    rmSync(work, { recursive: true, force: true })
  }

  /** The cache's lock is ours, so who holds apt's own is the child of a run that was killed, and about to end. */
  async #update(): Promise<Ran> {
    const { signal } = this.#options
    for (let waited = 0; ; waited += lookEvery) {
      const ran = await this.#apt(['update', '--error-on=any'])
      if (ran.code === 0 || waited >= orphanEndsIn || !/could not get lock/i.test(ran.stderr)) return ran
      await wait(lookEvery, undefined, signal === undefined ? {} : { signal })
    }
  }

  /** deb822, so that nothing but the Packages file is fetched whatever the host's configuration asks for. */
  #source(mirror: string): string {
    const { suite, keyring } = this.#options
    return `Types: deb\nURIs: ${mirror}\nSuites: ${suite}\nComponents: main\nArchitectures: riscv64\nSigned-By: ${keyring}\nTargets: Packages\nLanguages: none\nPDiffs: no\n`
  }

  async #packages(): Promise<string> {
    const ran = await this.#apt(['indextargets', '--format', '$(FILENAME)', 'Created-By: Packages'])
    const file = ran.stdout.split('\n').find((line) => line !== '')
    if (file === undefined) throw new HostError('EMIRROR', `the mirror ${this.#options.mirrors[0]} has no riscv64 packages in ${this.#options.suite}`, 'set NETLOOM_DEBIAN_MIRROR to a mirror that carries riscv64')
    return readFileSync(file, 'utf8')
  }

  #apt(words: readonly string[], cwd?: string): Promise<Ran> {
    const { folder, signal } = this.#options
    return runProgram('apt-get', ['-q=2', '-c', join(folder, 'apt.conf'), ...words], { signal, ...(cwd === undefined ? {} : { cwd }) })
  }

  /** apt's own progress is made for terminals: watching what it writes is simpler, and true. */
  async #watched(job: { what: string; total: number | undefined }, folder: string, hear: HearProgress, work: () => Promise<Ran>): Promise<Ran> {
    const before = folderBytes(folder)
    const look = (): void => hear({ ...job, bytes: Math.max(0, folderBytes(folder) - before) })
    const timer = setInterval(look, lookEvery)
    try {
      return await work()
    } finally {
      clearInterval(timer)
      look()
    }
  }
}

/** Read after the host's own configuration: proxies stay, hooks and locations go. */
function configuration(folder: string): string {
  const set: Record<string, string> = {
    'APT::Architecture': 'riscv64',
    'Dir::State': join(folder, 'state'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::State::extended_states': join(folder, 'extended_states'),
    'Dir::Cache': join(folder, 'cache'),
    'Dir::Etc::sourcelist': join(folder, 'netloom.sources'),
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferences': '-',
    'Dir::Etc::preferencesparts': '-',
    'Dir::Log': folder,
    'Acquire::AllowInsecureRepositories': 'false',
    'Acquire::AllowWeakRepositories': 'false',
    'Acquire::GzipIndexes': 'false',
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '30',
    'Acquire::https::Timeout': '30',
    'APT::Get::AllowUnauthenticated': 'false',
  }
  const clear = ['APT::Architectures', 'APT::NeverAutoRemove', 'APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success', 'DPkg::Pre-Invoke', 'DPkg::Post-Invoke']
  return [...clear.map((name) => `#clear ${name};`), 'APT::Architectures { "riscv64"; };', ...Object.entries(set).map(([name, value]) => `${name} "${value}";`)].join('\n') + '\n'
}

function updateError(mirrors: readonly string[], said: string): HostError {
  if (/NO_PUBKEY|not signed|EXPKEYSIG|BADSIG|REVKEYSIG|GPG error|OpenPGP/.test(said)) {
    return new HostError('ESIGNATURE', `the archive at ${mirrors.join(', ')} is not signed by a key of Debian's: ${complaint(said)}`, 'install the package debian-archive-keyring in a current version, or set NETLOOM_DEBIAN_MIRROR to another mirror')
  }
  return new HostError('EMIRROR', `the Debian archive can't be reached at ${mirrors.join(', ')}: ${complaint(said)}`, 'check the network, or set NETLOOM_DEBIAN_MIRROR to another mirror')
}

/** The first thing apt complains about, without its letter. */
function complaint(said: string): string {
  const lines = said.split('\n').map((line) => line.trim())
  const line = lines.find((text) => text.startsWith('E: ') || text.startsWith('Err:')) ?? lines.find((text) => text.startsWith('W: ')) ?? lines.find((text) => text !== '') ?? 'it does not say why'
  return line.replace(/^([EW]: |Err:\S+ )/, '')
}

function folderBytes(folder: string): number {
  let bytes = 0
  for (const entry of safeList(folder)) {
    const path = join(folder, entry)
    const info = statSync(path, { throwIfNoEntry: false })
    bytes += info === undefined ? 0 : info.isDirectory() ? folderBytes(path) : info.size
  }
  return bytes
}

function safeList(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
