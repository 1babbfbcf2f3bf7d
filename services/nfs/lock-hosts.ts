/** Machines that lock by NLM, and who on them holds what. There are no leases: a machine keeps its locks until it, or its NSM, says that it was restarted. */
import { fromLatin1 } from '../../src/base/bytes.ts'
import type { LockWords } from '../../src/wire/nlm.ts'
import type { OpenFile, OpenFiles } from './open-files.ts'
import type { LockHolder } from './range-locks.ts'

/** Holders of all machines together. */
const mostHolders = 8192

export class NlmHolder implements LockHolder {
  readonly clientId = 0n
  readonly name: Uint8Array
  readonly process: number
  readonly key: string
  /** As the machine calls itself. */
  readonly host: string
  readonly address: string
  /** Where it holds locks. */
  readonly files = new Set<OpenFile>()

  constructor(key: string, address: string, { host, owner, process: number }: LockWords) {
    this.key = key
    this.host = host
    this.address = address
    this.name = owner.slice()
    this.process = number
  }
}

export class LockHosts {
  readonly #files: OpenFiles
  readonly #holders = new Map<string, NlmHolder>()

  constructor(files: OpenFiles) {
    this.#files = files
  }

  get size(): number {
    return this.#holders.size
  }

  find(address: string, lock: LockWords): NlmHolder | undefined {
    return this.#holders.get(keyOf(address, lock))
  }

  /** @returns undefined when there are too many. */
  take(address: string, lock: LockWords): NlmHolder | undefined {
    const key = keyOf(address, lock)
    const known = this.#holders.get(key)
    if (known !== undefined || this.#holders.size >= mostHolders) return known
    const holder = new NlmHolder(key, address, lock)
    this.#holders.set(key, holder)
    return holder
  }

  /** To be called when a holder has let go of something: who holds nothing is forgotten. */
  settle(holder: NlmHolder, file: OpenFile): void {
    if (!file.locks.has(holder)) holder.files.delete(file)
    if (holder.files.size === 0) this.#holders.delete(holder.key)
  }

  /** A machine was restarted: what it held is free. @param host its name for itself. @returns how many holders it had. */
  free(host: string, address: string): number {
    let count = 0
    for (const holder of this.#holders.values()) {
      if (holder.host !== host || holder.address !== address) continue
      count++
      this.#holders.delete(holder.key)
      for (const file of holder.files) {
        file.locks.freeAll(holder)
        this.#files.freed(file)
      }
    }
    return count
  }

  close(): void {
    for (const { host, address } of this.#holders.values()) this.free(host, address)
  }
}

const keyOf = (address: string, { host, owner, process: number }: LockWords): string => `${address} ${number} ${host.length} ${host} ${fromLatin1(owner)}`
