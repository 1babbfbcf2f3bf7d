/** Router advertisements of one interface: when they are sent, and what they say. RFC 4861 §6.2; DNS servers RFC 8106. */
import type { Alarm, Duration, Instant, Scheduler } from '../../base/time.ts'
import type { Random } from '../../base/random.ts'
import type { Message } from '../../wire/icmpv6.ts'
import type { Option } from '../../wire/nd-options.ts'
import type { Subnet6 } from '../../wire/ipv6-address.ts'
import { between, milliseconds, seconds } from '../../base/time.ts'
import { allNodes } from '../../wire/ipv6-address.ts'

export interface AdvertisedPrefix extends Subnet6 {
  readonly onLink: boolean
  /** May be used for stateless address configuration. */
  readonly autonomous: boolean
  /** Seconds; 0xffffffff: for ever. */
  readonly validSeconds: number
  readonly preferredSeconds: number
}

/** What a router says of itself and of the link. */
export interface Advertisement {
  readonly prefixes: readonly AdvertisedPrefix[]
  /** As a default router, in seconds; 0: it is none. */
  readonly lifetimeSeconds: number
  /** The M flag: addresses are to be had by DHCPv6. */
  readonly managed: boolean
  /** The O flag: other configuration is to be had by DHCPv6. */
  readonly other: boolean
  /** Recursive DNS servers. */
  readonly dns: readonly Uint8Array[]
  /** In bytes; undefined: not told. */
  readonly mtu: number | undefined
  readonly hopLimit: number
  /** MaxRtrAdvInterval: at most so long between two of them. */
  readonly interval: Duration
}

/** RFC 4861 §6.2.1's defaults. */
export const usualAdvertisement: Advertisement = { prefixes: [], lifetimeSeconds: 1800, managed: false, other: false, dns: [], mtu: undefined, hopLimit: 64, interval: seconds(600) }

/** RFC 4861 §10: the first few come faster; answers are held for a moment, and all of them have a distance. */
const initialInterval = seconds(16)
const initialCount = 3
const leastApart = seconds(3)
const answerWithin = milliseconds(500)

export class Advertiser {
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #say: (message: Message, to: Uint8Array) => void
  readonly #mac: Uint8Array | undefined
  readonly #alarm: Alarm
  #advertisement: Advertisement
  #sent = 0
  #lastAt = Number.NEGATIVE_INFINITY

  /** @param mac the interface's, where it has one. */
  constructor(advertisement: Advertisement, mac: Uint8Array | undefined, name: string, scheduler: Scheduler, random: Random, say: (message: Message, to: Uint8Array) => void) {
    this.#advertisement = advertisement
    this.#mac = mac
    this.#scheduler = scheduler
    this.#random = random
    this.#say = say
    this.#alarm = scheduler.alarm(name, () => this.#ring())
  }

  /** Its link-local address is ours: it may speak. */
  start(): void {
    this.#alarm.arm(this.#random.below(answerWithin) as Duration)
  }

  /** Says something else from now on, and says it soon. */
  change(advertisement: Advertisement): void {
    this.#advertisement = advertisement
    this.#sent = 0
    if (this.#alarm.due !== undefined) this.solicited()
  }

  /** Somebody asked (§6.2.6): one answer to all, a moment later, unless one is due before that anyway. */
  solicited(): void {
    const { due } = this.#alarm
    if (due === undefined) return
    const { now } = this.#scheduler
    const at = Math.max(now + this.#random.below(answerWithin), this.#lastAt + leastApart)
    if (at < due) this.#alarm.arm(between(now, at as Instant))
  }

  /** It is no router any more (§6.2.5). */
  stop(): void {
    if (this.#alarm.due === undefined) return
    this.#alarm.disarm()
    this.#say(this.#message(0), allNodes)
  }

  #ring(): void {
    this.#lastAt = this.#scheduler.now
    this.#sent++
    this.#say(this.#message(this.#advertisement.lifetimeSeconds), allNodes)
    // "MinRtrAdvInterval … default 0.33 * MaxRtrAdvInterval"; each wait is drawn between the two (§6.2.4).
    const most = Math.max(leastApart, this.#advertisement.interval)
    const least = Math.max(leastApart, most / 3)
    const wait = least + this.#random.below(Math.min(0xffff_ffff, Math.floor((most - least) / 1000) + 1)) * 1000
    this.#alarm.arm(Math.floor(this.#sent < initialCount ? Math.min(wait, initialInterval) : wait) as Duration)
  }

  #message(lifetimeSeconds: number): Message {
    const { prefixes, managed, other, dns, mtu, hopLimit, interval } = this.#advertisement
    const options: Option[] = this.#mac === undefined ? [] : [{ kind: 'source mac', mac: this.#mac }]
    if (mtu !== undefined) options.push({ kind: 'mtu', mtu })
    for (const { network, prefix, ...rest } of prefixes) options.push({ kind: 'prefix', length: prefix, prefix: network, ...rest })
    // "Lifetime … SHOULD … be at least 3 * MaxRtrAdvInterval" (RFC 8106 §5.1).
    if (dns.length > 0) options.push({ kind: 'dns', lifetimeSeconds: lifetimeSeconds === 0 ? 0 : Math.ceil(interval / 1e9) * 3, servers: dns })
    return { kind: 'router advertisement', hopLimit, managed, other, lifetimeSeconds, reachableMilliseconds: 0, retransmitMilliseconds: 0, options }
  }
}
