/**
 * Reading folders in pieces. RFC 1813 §3.3.16: a cookie names a place in a listing that changes meanwhile.
 *
 * A cookie is the hash of a name, and a listing is in the order of these hashes. So a cookie stays good whatever is made or removed, also
 * over a restart, no name is told twice, and none that was there all the time is left out; the order is the same on every computer.
 * The cookie verifier is therefore always zero.
 */
import { hash32 } from '../../src/base/random.ts'
import type { Stamp } from '../../src/stack/volume.ts'
import type { Target } from './target.ts'

export interface Entry {
  readonly name: string
  /** Above those of `.` (1) and `..` (2). */
  readonly cookie: number
}

interface Listing {
  readonly of: unknown
  readonly changed: Stamp
  readonly entries: readonly Entry[]
}

/** Listings kept, and names in them all. */
const mostListings = 64
const mostNames = 500_000
export const firstCookie = 3

export class Listings {
  /** By export and folder; the one used last stands last. */
  readonly #kept = new Map<string, Listing>()
  #names = 0

  /** What comes after `cookie`. Whoever is in the middle of a listing goes on with the one it began. */
  after(folder: Target, cookie: bigint): readonly Entry[] {
    const key = `${folder.of.number} ${folder.node}`
    let listing = this.#kept.get(key)
    if (listing === undefined || (cookie === 0n && listing.changed !== folder.attributes.changed)) listing = { of: folder.of, changed: folder.attributes.changed, entries: ordered(folder.volume.list(folder.node)) }
    this.#keep(key, listing)
    const { entries } = listing
    let [low, high] = [0, entries.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (BigInt(entries[middle].cookie) <= cookie) low = middle + 1
      else high = middle
    }
    return low === 0 ? entries : entries.slice(low)
  }

  #keep(key: string, listing: Listing): void {
    this.#names += listing.entries.length - (this.#kept.get(key)?.entries.length ?? 0)
    this.#kept.delete(key)
    this.#kept.set(key, listing)
    for (const [oldest, { entries }] of this.#kept) {
      if ((this.#kept.size <= mostListings && this.#names <= mostNames) || oldest === key) break
      this.#kept.delete(oldest)
      this.#names -= entries.length
    }
  }
}

/** @param names sorted, so that the rare two with one hash always come in the same order. */
function ordered(names: readonly string[]): Entry[] {
  const entries = names.map((name) => ({ name, cookie: firstCookie + (hash32(name, 5) & 0xf_ffff) * 0x1_0000_0000 + hash32(name, 6) }))
  entries.sort((a, b) => a.cookie - b.cookie)
  for (let at = 1; at < entries.length; at++) if (entries[at].cookie <= entries[at - 1].cookie) entries[at] = { name: entries[at].name, cookie: entries[at - 1].cookie + 1 }
  return entries
}
