/**
 * Who holds which address. RFC 2131 §4.3.1: a client gets what it had, else what it asks for, else an address of its own liking, which here
 * is a hash of its identity: the same client gets the same address in every run, whatever others did before, unless two hashes meet.
 */
import type { Stateful } from '../../src/base/state.ts'
import type { Clock, Instant } from '../../src/base/time.ts'
import type { Range } from './config.ts'
import { hash32 } from '../../src/base/random.ts'
import { seconds } from '../../src/base/time.ts'

/** `offered` is held for a while; `released` and expired ones stay known, so that their clients find them again; `declined`: another host answers there. */
export type LeaseStatus = 'offered' | 'bound' | 'released' | 'declined'

export type Lease = {
  readonly address: number
  /** The client's identity: `hw:1:525400123456` or `id:…` (option 61). */
  readonly client: string
  /** Hardware address in hex. */
  readonly mac: string
  /** Host name, or empty. */
  readonly name: string
  readonly status: LeaseStatus
  /** When it ends; Infinity: never. */
  readonly expires: number
}

export type Claim = Pick<Lease, 'client' | 'mac' | 'name'>

/** An offer is held for this long. */
export const offerHold = seconds(60)
/** An address that a client found taken is left alone for this long. */
export const declineHold = seconds(3600)

export class LeaseTable implements Stateful<readonly Lease[]> {
  readonly #ranges: readonly Range[]
  /** Addresses that only their owner may have. */
  readonly #kept: ReadonlySet<number>
  readonly #clock: Clock
  readonly #byAddress = new Map<number, Lease>()
  readonly #byClient = new Map<string, Lease>()
  /** Told of every change but `load`'s, before anybody else can know of it. */
  changed: ((lease: Lease) => void) | undefined

  /** @param kept addresses never given by chance: the service point's own, the router's, the reserved ones. */
  constructor(ranges: readonly Range[], kept: ReadonlySet<number>, clock: Clock) {
    this.#ranges = ranges
    this.#kept = kept
    this.#clock = clock
  }

  get leases(): readonly Lease[] {
    return [...this.#byAddress.values()].sort((a, b) => a.address - b.address)
  }

  of(client: string): Lease | undefined {
    return this.#byClient.get(client)
  }

  at(address: number): Lease | undefined {
    return this.#byAddress.get(address)
  }

  live(lease: Lease): boolean {
    return lease.status !== 'released' && lease.expires > this.#clock.now
  }

  /** Whether `client` may have `address` now: it is in a range and nobody else holds it. */
  free(address: number, client: string): boolean {
    return this.#pooled(address) && this.#unheld(address, client)
  }

  /** Whether a reserved `address` is not in somebody else's use. */
  unheld(address: number, client: string): boolean {
    return this.#unheld(address, client)
  }

  /** An address for `client`: the one it has or had, the one it wants, its hash's, the next free, the one that ended longest ago. */
  choose(client: string, wanted: number | undefined): number | undefined {
    const had = this.#byClient.get(client)
    if (had !== undefined && this.free(had.address, client)) return had.address
    if (wanted !== undefined && this.free(wanted, client)) return wanted
    return this.#untouched(client) ?? this.#oldestEnded(client)
  }

  /** Puts a claim on `address`; an earlier one of the same client on another address, and any ended one here, are dropped. */
  put(address: number, claim: Claim, status: LeaseStatus, expires: number): Lease {
    const lease = this.#put(address, claim, status, expires)
    this.changed?.(lease)
    return lease
  }

  #put(address: number, claim: Claim, status: LeaseStatus, expires: number): Lease {
    const before = this.#byClient.get(claim.client)
    if (before !== undefined && before.address !== address) this.#drop(before)
    const ended = this.#byAddress.get(address)
    if (ended !== undefined) this.#drop(ended)
    const lease: Lease = { address, ...claim, status, expires }
    this.#byAddress.set(address, lease)
    if (status !== 'declined') this.#byClient.set(lease.client, lease)
    return lease
  }

  release(lease: Lease): void {
    this.put(lease.address, lease, 'released', this.#clock.now)
  }

  /** Takes an address out of use for a while; its client is forgotten and gets another. */
  decline(lease: Lease): void {
    this.#byClient.delete(lease.client)
    this.put(lease.address, { client: '', mac: lease.mac, name: lease.name }, 'declined', this.#clock.now + declineHold)
  }

  /** Another host answers at an address that nobody was given: it is left alone for a while. */
  foreign(address: number, mac: string): void {
    this.put(address, { client: '', mac, name: '' }, 'declined', this.#clock.now + declineHold)
  }

  /** Drops an offer that the client did not take up. */
  withdraw(lease: Lease): void {
    if (lease.status === 'offered') this.#drop(lease)
  }

  save(): readonly Lease[] {
    return this.leases.map((lease) => ({ ...lease }))
  }

  load(state: readonly Lease[]): void {
    this.#byAddress.clear()
    this.#byClient.clear()
    for (const lease of state) this.#put(lease.address, lease, lease.status, lease.expires)
  }

  #pooled(address: number): boolean {
    return !this.#kept.has(address) && this.#ranges.some((range) => address >= range.first && address <= range.last)
  }

  #unheld(address: number, client: string): boolean {
    const lease = this.#byAddress.get(address)
    return lease === undefined || (lease.client === client && lease.status !== 'declined') || !this.live(lease)
  }

  #untouched(client: string): number | undefined {
    const sizes = this.#ranges.map((range) => range.last - range.first + 1)
    const total = sizes.reduce((sum, size) => sum + size, 0)
    if (total === 0 || this.#byAddress.size >= total + this.#kept.size) return undefined
    const from = hash32(client) % total
    for (let step = 0; step < total; step++) {
      const address = this.#nth((from + step) % total)
      if (!this.#kept.has(address) && !this.#byAddress.has(address)) return address
    }
    return undefined
  }

  #nth(index: number): number {
    for (const range of this.#ranges) {
      const size = range.last - range.first + 1
      if (index < size) return range.first + index
      index -= size
    }
    return 0
  }

  #oldestEnded(client: string): number | undefined {
    let oldest: Lease | undefined
    for (const lease of this.#byAddress.values()) {
      if (!this.free(lease.address, client)) continue
      if (oldest === undefined || lease.expires < oldest.expires || (lease.expires === oldest.expires && lease.address < oldest.address)) oldest = lease
    }
    return oldest?.address
  }

  #drop(lease: Lease): void {
    this.#byAddress.delete(lease.address)
    if (this.#byClient.get(lease.client)?.address === lease.address) this.#byClient.delete(lease.client)
  }
}

/** The instant a lease of `span` seconds given now ends. */
export function ends(now: Instant, span: number): number {
  return now + span * 1e9
}
