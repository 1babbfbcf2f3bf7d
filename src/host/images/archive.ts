/** The seam to the Debian archive: signed package records, and the packages themselves. Implemented by apt (apt.ts) and by HTTP (web-archive.ts). */
import { HostError } from '../host-error.ts'
import { packageRecord, stanzas, type PackageRecord } from './stanza.ts'

/** How far something slow has got. `total` is undefined when nobody knows. */
export interface Progress {
  /** For people: `linux-image-riscv64 6.12.107-1`. */
  readonly what: string
  readonly bytes: number
  readonly total: number | undefined
}
export type HearProgress = (progress: Progress) => void

export interface Archive {
  /** Fetches the archive's index and checks its signature. @throws {HostError} EMIRROR, ESIGNATURE, ETOOL */
  update(hear: HearProgress): Promise<PackageIndex>
  /**
   * Writes a package to `file`, whose folder exists; may go on from what a killed run left there. The caller checks size and hash.
   * @throws {HostError} EMIRROR
   */
  fetch(record: PackageRecord, file: string, hear: HearProgress): Promise<void>
}

/** A verified Packages file. It has some 50 MB: searched, not parsed. */
export class PackageIndex {
  readonly #text: string

  constructor(text: string) {
    this.#text = `\n${text}`
  }

  /** @returns undefined when the archive has no such package. */
  find(name: string): PackageRecord | undefined {
    const start = this.#text.indexOf(`\nPackage: ${name}\n`)
    if (start === -1) return undefined
    const end = this.#text.indexOf('\n\n', start)
    for (const stanza of stanzas(this.#text.slice(start + 1, end === -1 ? undefined : end))) return packageRecord(stanza)
    return undefined
  }

  /** @throws {HostError} EIMAGE */
  get(name: string): PackageRecord {
    const record = this.find(name)
    if (record === undefined) throw new HostError('EIMAGE', `the Debian archive has no package "${name}" for riscv64`, 'check the name on any Debian machine: apt-cache policy NAME:riscv64')
    return record
  }
}
