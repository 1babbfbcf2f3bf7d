/**
 * The IPv6 addresses of one interface, from tentative to gone. RFC 4862 §5.4 (duplicate address detection) and §5.5.4 (lifetimes).
 *
 * An address is nobody's until its detection is over: it hears nothing and sends nothing. One that another has is kept as `duplicated`,
 * for people to see, and never used.
 */
import type { Alarm, Duration, Instant, Scheduler } from '../../base/time.ts'
import type { Random } from '../../base/random.ts'
import { between, seconds } from '../../base/time.ts'
import { keyOf } from '../../wire/ipv6-address.ts'

export type AddressState = 'tentative' | 'preferred' | 'deprecated' | 'duplicated'
export type Origin = 'link-local' | 'fixed' | 'autoconfigured' | 'leased'

export type OwnAddress = {
  /** With its zone (zone.ts). */
  readonly address: Uint8Array
  readonly prefix: number
  readonly origin: Origin
  readonly state: AddressState
  /** Instants; Infinity: for ever. */
  readonly preferredUntil: number
  readonly validUntil: number
}

type Own = { -readonly [Key in keyof OwnAddress]: OwnAddress[Key] } & { probes: number; due: number }

/** How long an address lasts, as spans; Infinity: for ever. */
export interface Lifetimes {
  readonly preferred: number
  readonly valid: number
}

/** What the addresses ask of their interface, and tell it. */
export interface AddressLink {
  /** Asks whether anybody has it, from the unspecified address. */
  probe(address: Uint8Array): void
  /** Listens to its solicited-node group from now on, or no more. */
  listen(address: Uint8Array, on: boolean): void
  /** Something about the addresses is another than before. */
  changed(): void
  /** It is ours now. */
  ready(own: OwnAddress): void
  /** Somebody else has it. */
  taken(own: OwnAddress): void
}

export interface Detection {
  /** DupAddrDetectTransmits; 0: addresses are ours at once (RFC 4862 §5.1). */
  readonly probes: number
  readonly retransTimer: () => Duration
}

/** Hostile routers announce as many prefixes as they like. */
export const mostAddresses = 32
/** MAX_RTR_SOLICITATION_DELAY: probes of many hosts that start together are spread over it (RFC 4862 §5.4.2). */
const spread = seconds(1)

export class Addresses {
  readonly #link: AddressLink
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #detection: Detection
  readonly #alarm: Alarm
  readonly #own = new Map<string, Own>()

  constructor(link: AddressLink, name: string, scheduler: Scheduler, random: Random, detection: Detection) {
    this.#link = link
    this.#scheduler = scheduler
    this.#random = random
    this.#detection = detection
    this.#alarm = scheduler.alarm(name, () => this.#ring())
  }

  get all(): readonly OwnAddress[] {
    return [...this.#own.values()]
  }

  /** Those that may send and hear. */
  get usable(): readonly OwnAddress[] {
    return [...this.#own.values()].filter(({ state }) => state === 'preferred' || state === 'deprecated')
  }

  find(address: Uint8Array): OwnAddress | undefined {
    return this.#own.get(keyOf(address))
  }

  /** @returns false when there is no room for another, or it is there already. */
  add(address: Uint8Array, prefix: number, origin: Origin, lifetimes: Lifetimes = { preferred: Number.POSITIVE_INFINITY, valid: Number.POSITIVE_INFINITY }): boolean {
    if (this.#own.size >= mostAddresses || this.#own.has(keyOf(address))) return false
    const { now } = this.#scheduler
    const own: Own = { address: address.slice(), prefix, origin, state: 'tentative', preferredUntil: now + lifetimes.preferred, validUntil: now + lifetimes.valid, probes: this.#detection.probes, due: now }
    this.#own.set(keyOf(address), own)
    this.#link.listen(own.address, true)
    if (own.probes === 0) this.#settle(own)
    else own.due = now + this.#random.below(spread)
    this.#link.changed()
    this.#arm()
    return true
  }

  remove(address: Uint8Array): void {
    const own = this.#own.get(keyOf(address))
    if (own === undefined) return
    this.#own.delete(keyOf(address))
    this.#link.listen(own.address, false)
    this.#link.changed()
  }

  /** New lifetimes from now on. */
  renew(address: Uint8Array, { preferred, valid }: Lifetimes): void {
    const own = this.#own.get(keyOf(address))
    if (own === undefined) return
    own.preferredUntil = this.#scheduler.now + preferred
    own.validUntil = this.#scheduler.now + valid
    if (own.state === 'deprecated' && preferred > 0) this.#turn(own, 'preferred')
    if (own.state === 'preferred' && preferred <= 0) this.#turn(own, 'deprecated')
    this.#arm()
  }

  /** Somebody else showed that it has a tentative address of ours (RFC 4862 §5.4.3, §5.4.4). @returns whether that is so. */
  conflict(address: Uint8Array): boolean {
    const own = this.#own.get(keyOf(address))
    if (own?.state !== 'tentative') return false
    this.#turn(own, 'duplicated')
    this.#link.listen(own.address, false)
    this.#link.taken(own)
    return true
  }

  #settle(own: Own): void {
    this.#turn(own, own.preferredUntil > this.#scheduler.now ? 'preferred' : 'deprecated')
    this.#link.ready(own)
  }

  #turn(own: Own, state: AddressState): void {
    own.state = state
    this.#link.changed()
  }

  #ring(): void {
    const { now } = this.#scheduler
    for (const own of this.#own.values()) {
      if (own.state === 'tentative' && own.due <= now) this.#probe(own)
      if (own.state === 'preferred' && own.preferredUntil <= now) this.#turn(own, 'deprecated')
      if (own.validUntil <= now) this.remove(own.address)
    }
    this.#arm()
  }

  #probe(own: Own): void {
    if (own.probes === 0) return this.#settle(own)
    own.probes--
    own.due = this.#scheduler.now + this.#detection.retransTimer()
    this.#link.probe(own.address)
  }

  #arm(): void {
    let next = Number.POSITIVE_INFINITY
    for (const { state, due, preferredUntil, validUntil } of this.#own.values()) next = Math.min(next, validUntil, state === 'tentative' ? due : state === 'preferred' ? preferredUntil : next)
    if (Number.isFinite(next)) this.#alarm.arm(between(this.#scheduler.now, next as Instant))
    else this.#alarm.disarm()
  }
}
