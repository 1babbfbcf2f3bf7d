/**
 * Who holds which address or prefix. A client's identity association gets what it had, else what it asks for, else what the hash of its identity
 * names: the same in every run, whatever others did before, unless two hashes meet (RFC 8415 §6.2 leaves the choice to the server).
 */
import type { Clock } from '../../src/base/time.ts'
import { seconds } from '../../src/base/time.ts'
import { hash32 } from '../../src/base/random.ts'

/** `offered` is held for a while; `declined`: another host answers there. */
export type BindingStatus = 'offered' | 'bound' | 'released' | 'declined'

export type Binding = {
  /** `fd00:1::1000`, or a prefix `fd00:100::/56`. */
  readonly what: string
  /** The client's DUID in hex, a slash, the kind and number of its association. */
  readonly owner: string
  readonly status: BindingStatus
  /** Instant; Infinity: never. */
  readonly expires: number
}

/** Things that can be given out, by number. */
export interface Pool {
  readonly count: number
  at(index: number): string
  has(what: string): boolean
}

export const offerHold = seconds(60)
export const declineHold = seconds(3600)
/** Reservations and what was declined come on top of pools; more than this are never kept. */
const most = 200_000

export class Bindings {
  readonly #clock: Clock
  readonly #byThing = new Map<string, Binding>()
  readonly #byOwner = new Map<string, Binding>()
  /** Told of every change but those of `restore`. */
  changed: ((binding: Binding) => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get all(): readonly Binding[] {
    return [...this.#byThing.values()]
  }

  /** What `owner` holds or held; undefined when it was never given anything, or somebody else has it now. */
  of(owner: string): Binding | undefined {
    return this.#byOwner.get(owner)
  }

  live({ status, expires }: Binding): boolean {
    return status !== 'released' && expires > this.#clock.now
  }

  /** Whether nobody else has it. */
  free(what: string, owner: string): boolean {
    const held = this.#byThing.get(what)
    return held === undefined || (held.owner === owner && held.status !== 'declined') || !this.live(held)
  }

  /** @param kept what is given by reservation only. */
  choose(pool: Pool, owner: string, wanted: readonly string[], kept: ReadonlySet<string>): string | undefined {
    const usable = (what: string): boolean => pool.has(what) && !kept.has(what) && this.free(what, owner)
    const had = this.#byOwner.get(owner)
    if (had !== undefined && usable(had.what)) return had.what
    const wish = wanted.find(usable)
    if (wish !== undefined) return wish
    const start = hash32(owner) % pool.count
    let ended: string | undefined
    for (let step = 0; step < pool.count; step++) {
      const what = pool.at((start + step) % pool.count)
      if (!usable(what)) continue
      if (!this.#byThing.has(what)) return what
      // Somebody may come back for it: only when all others are taken.
      ended ??= what
    }
    return ended
  }

  put(what: string, owner: string, status: BindingStatus, expires: number): void {
    if (this.#byThing.size >= most && !this.#byThing.has(what)) return
    const binding: Binding = { what, owner, status, expires }
    this.#place(binding)
    this.changed?.(binding)
  }

  release(binding: Binding): void {
    this.put(binding.what, binding.owner, 'released', this.#clock.now)
  }

  decline(binding: Binding): void {
    this.#byOwner.delete(binding.owner)
    this.put(binding.what, '', 'declined', this.#clock.now + declineHold)
  }

  restore(bindings: readonly Binding[]): void {
    for (const binding of bindings) this.#place(binding)
  }

  #place(binding: Binding): void {
    const { what, owner, status } = binding
    const before = this.#byOwner.get(owner)
    if (before !== undefined && before.what !== what) this.#byThing.delete(before.what)
    const held = this.#byThing.get(what)
    if (held !== undefined && held.owner !== owner) this.#byOwner.delete(held.owner)
    this.#byThing.set(what, binding)
    if (status !== 'declined') this.#byOwner.set(owner, binding)
  }
}
