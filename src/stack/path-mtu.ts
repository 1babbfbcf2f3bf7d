/** What is known of the largest packet that reaches a destination whole. RFC 1191, RFC 8201. */
import type { Clock } from '../base/time.ts'
import { seconds } from '../base/time.ts'

/** Learnt values are tried again upwards after ten minutes (RFC 1191 §6.3). */
const keptFor = seconds(600)
const most = 1024
/** Forged errors must not push us to tiny packets; Linux keeps to the same floor (ip_rt_min_pmtu). A deviation from RFC 1191's 68. */
export const leastMtu4 = 552
/** "an IPv6 node MUST NOT reduce its estimate … below the IPv6 minimum link MTU" (RFC 8201 §4). */
export const leastMtu6 = 1280
/** MTUs in use, for routers that don't tell theirs (RFC 1191 §7.1). */
const plateaus = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, leastMtu4]

export type PathMtuState<Key> = readonly { readonly destination: Key; readonly mtu: number; readonly until: number }[]

/** @typeParam Key an address: a number (IPv4), or what stands for it in a map (IPv6). */
export class PathMtu<Key extends number | string> {
  readonly #clock: Clock
  readonly #least: number
  readonly #known = new Map<Key, { mtu: number; until: number }>()

  /** @param least what a router says may not push us below it. */
  constructor(clock: Clock, least: number) {
    this.#clock = clock
    this.#least = least
  }

  /** In bytes; Infinity when nothing was learnt. */
  to(destination: Key): number {
    const known = this.#known.get(destination)
    if (known === undefined) return Number.POSITIVE_INFINITY
    if (known.until > this.#clock.now) return known.mtu
    this.#known.delete(destination)
    return Number.POSITIVE_INFINITY
  }

  /**
   * A router could not pass on a packet of `size` bytes.
   * @param told its next hop's MTU, 0 from routers older than RFC 1191. @returns the MTU from now on.
   */
  lower(destination: Key, told: number, size: number): number {
    const guess = told === 0 || told >= size ? (plateaus.find((plateau) => plateau < size) ?? this.#least) : told
    const mtu = Math.max(this.#least, Math.min(guess, this.to(destination)))
    if (this.#known.size >= most && !this.#known.has(destination)) this.#known.delete(this.#known.keys().next().value as Key)
    this.#known.set(destination, { mtu, until: this.#clock.now + keptFor })
    return mtu
  }

  save(): PathMtuState<Key> {
    return [...this.#known].map(([destination, { mtu, until }]) => ({ destination, mtu, until }))
  }

  load(state: PathMtuState<Key>): void {
    this.#known.clear()
    for (const { destination, mtu, until } of state) this.#known.set(destination, { mtu, until })
  }
}
