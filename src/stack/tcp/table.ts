/** Who has which pair of ends: connections and those in TIME-WAIT, found by a keyed hash of the ends. */
import type { Address, Ends, Family } from './family.ts'

export interface Entry {
  readonly family: Family
  readonly ends: Ends
}

export class Table<Kept extends Entry> {
  readonly #buckets = new Map<number, Kept | Kept[]>()
  readonly #salt: number
  #size = 0

  /** @param salt not known outside, so that nobody can fill one bucket. */
  constructor(salt: number) {
    this.#salt = salt | 0
  }

  get size(): number {
    return this.#size
  }

  *[Symbol.iterator](): Generator<Kept> {
    for (const bucket of this.#buckets.values()) {
      if (Array.isArray(bucket)) yield* bucket
      else yield bucket
    }
  }

  find(family: Family, local: Address, localPort: number, remote: Address, remotePort: number): Kept | undefined {
    const bucket = this.#buckets.get(this.#hash(family, local, localPort, remote, remotePort))
    if (bucket === undefined) return undefined
    const is = (kept: Kept): boolean => kept.ends.remotePort === remotePort && kept.ends.localPort === localPort && kept.family === family && family.equal(kept.ends.remote, remote) && family.equal(kept.ends.local, local)
    if (Array.isArray(bucket)) return bucket.find(is)
    return is(bucket) ? bucket : undefined
  }

  add(kept: Kept): void {
    const hash = this.#hashOf(kept)
    const bucket = this.#buckets.get(hash)
    this.#size++
    if (bucket === undefined) this.#buckets.set(hash, kept)
    else if (Array.isArray(bucket)) bucket.push(kept)
    else this.#buckets.set(hash, [bucket, kept])
  }

  remove(kept: Kept): void {
    const hash = this.#hashOf(kept)
    const bucket = this.#buckets.get(hash)
    const left = Array.isArray(bucket) ? bucket.filter((each) => each !== kept) : bucket === kept ? [] : undefined
    if (left === undefined || (Array.isArray(bucket) && left.length === bucket.length)) return
    this.#size--
    if (left.length === 0) this.#buckets.delete(hash)
    else this.#buckets.set(hash, left.length === 1 ? left[0] : left)
  }

  #hashOf({ family, ends }: Entry): number {
    return this.#hash(family, ends.local, ends.localPort, ends.remote, ends.remotePort)
  }

  /** Murmur3's mixing; small integers, so that the map's keys are no heap numbers. */
  #hash(family: Family, local: Address, localPort: number, remote: Address, remotePort: number): number {
    let hash = mix(this.#salt, (localPort << 16) | remotePort)
    if (typeof remote === 'number' && typeof local === 'number') hash = mix(mix(hash, remote), local)
    else for (const word of [...family.words(remote), ...family.words(local)]) hash = mix(hash, word)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    return (hash ^ (hash >>> 13)) & 0x3fff_ffff
  }
}

function mix(hash: number, word: number): number {
  const stirred = Math.imul(Math.imul(word, 0xcc9e2d51) ^ (word >>> 15), 0x1b873593)
  const sum = hash ^ stirred
  return (Math.imul((sum << 13) | (sum >>> 19), 5) + 0xe6546b64) | 0
}
