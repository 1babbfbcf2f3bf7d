/**
 * The neighbour cache of one interface: who has which address, and whether they still answer. RFC 4861 §5.1, §7.2 and §7.3; bounds
 * against scans RFC 6583 §6.2.
 *
 * Addresses are as the host has them (zone.ts).
 */
import type { Alarm, Duration, Instant, Scheduler } from '../../base/time.ts'
import type { Offload } from '../../link/port.ts'
import { equal } from '../../base/bytes.ts'
import { between, milliseconds, seconds } from '../../base/time.ts'
import { isGroupMac } from '../../wire/address.ts'
import { keyOf } from '../../wire/ipv6-address.ts'

/** How the cache reaches the link it serves. */
export interface NeighbourLink {
  /** Asks for `target`; all who might have it when `to` is undefined. */
  solicit(target: Uint8Array, to: Uint8Array | undefined): void
  /** Sends a packet that waited; its first 14 bytes are for the link header. */
  sendResolved(buffer: Uint8Array, mac: Uint8Array, offload?: Offload): void
  /** Nobody answered for these packets. */
  unresolved(buffers: readonly Uint8Array[]): void
  /** It is no router any more, or can't be reached any more. */
  routerLost(address: Uint8Array): void
}

/** RFC 4861 §7.3.2's states. */
export type Reachability = 'incomplete' | 'reachable' | 'stale' | 'delay' | 'probe'

export type NeighbourEntry = {
  readonly address: Uint8Array
  readonly mac: Uint8Array | undefined
  readonly state: Reachability
  readonly router: boolean
}

/** What a neighbour advertisement says (RFC 4861 §4.4). */
export interface Advertised {
  readonly mac: Uint8Array | undefined
  readonly router: boolean
  readonly solicited: boolean
  readonly override: boolean
}

interface Waiting {
  readonly buffer: Uint8Array
  readonly offload: Offload | undefined
}

interface Entry {
  readonly address: Uint8Array
  mac: Uint8Array | undefined
  state: Reachability
  router: boolean
  tries: number
  /** When the state ends; for ever in `stale`. */
  due: number
  waiting: Waiting[]
}

/** RFC 4861 §10: MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT, DELAY_FIRST_PROBE_TIME. */
const mostTries = 3
const firstProbeAfter = seconds(5)
const mostEntries = 1024
/** Of those nobody has answered for yet: a scan fills these, and pushes out nobody who is there. */
const mostIncomplete = 256
const mostWaiting = 64
const mostWaitingInAll = 1024

export class Neighbours {
  /** ReachableTime and RetransTimer, which routers may tell (RFC 4861 §6.3.4). */
  reachableTime: Duration = seconds(30)
  retransTimer: Duration = milliseconds(1000)
  readonly #link: NeighbourLink
  readonly #scheduler: Scheduler
  readonly #alarm: Alarm
  readonly #entries = new Map<string, Entry>()
  #waiting = 0
  #incomplete = 0

  constructor(link: NeighbourLink, name: string, scheduler: Scheduler) {
    this.#link = link
    this.#scheduler = scheduler
    this.#alarm = scheduler.alarm(name, () => this.#ring())
  }

  get entries(): readonly NeighbourEntry[] {
    return [...this.#entries.values()].map(({ address, mac, state, router }) => ({ address: address.slice(), mac: mac?.slice(), state, router }))
  }

  /** Whether `address` may be reached, as far as is known. Of routers the one is taken that can. */
  mayReach(address: Uint8Array): boolean {
    const entry = this.#entries.get(keyOf(address))
    return entry !== undefined && entry.state !== 'incomplete'
  }

  /** Sends `buffer` (14 bytes of room, then the packet) to the link address of `nextHop`, once that is known. */
  send(buffer: Uint8Array, nextHop: Uint8Array, offload?: Offload): void {
    const entry = this.#entries.get(keyOf(nextHop)) ?? this.#ask(nextHop)
    if (entry.mac === undefined) return this.#queue(entry, { buffer, offload })
    // "The first time a node sends a packet to a neighbor whose entry is STALE, the sender changes the state to DELAY" (§7.3.3).
    if (entry.state === 'stale') this.#turn(entry, 'delay', firstProbeAfter)
    this.#link.sendResolved(buffer, entry.mac, offload)
  }

  /** A solicitation, or what a router sent, came with the sender's link address (§7.2.3, §6.2.6, §6.3.4). */
  heard(address: Uint8Array, mac: Uint8Array, router?: boolean): void {
    if (isGroupMac(mac)) return
    const entry = this.#entries.get(keyOf(address)) ?? this.#make(address)
    if (router !== undefined) this.#routerIs(entry, router)
    if (entry.mac !== undefined && equal(entry.mac, mac)) return
    this.#learn(entry, mac, 'stale')
  }

  /** §7.2.5. */
  advertised(address: Uint8Array, { mac, router, solicited, override }: Advertised): void {
    const entry = this.#entries.get(keyOf(address))
    // "There is no need to create an entry if none exists": nobody here has asked.
    if (entry === undefined || (mac !== undefined && isGroupMac(mac))) return
    if (entry.state === 'incomplete') {
      if (mac === undefined) return
      this.#routerIs(entry, router)
      return this.#learn(entry, mac, solicited ? 'reachable' : 'stale')
    }
    const differs = mac !== undefined && !equal(mac, entry.mac as Uint8Array)
    if (differs && !override) {
      if (entry.state === 'reachable') this.#turn(entry, 'stale')
      return
    }
    if (solicited) this.#learn(entry, mac ?? (entry.mac as Uint8Array), 'reachable')
    else if (differs) this.#learn(entry, mac, 'stale')
    this.#routerIs(entry, router)
  }

  /** Takes up saved entries; whether they are still there is found out when they are used. */
  load(entries: readonly NeighbourEntry[]): void {
    this.#entries.clear()
    this.#waiting = 0
    this.#incomplete = 0
    for (const { address, mac, router } of entries) {
      if (mac === undefined) continue
      const entry = this.#make(address)
      entry.router = router
      this.#learn(entry, mac, 'stale')
    }
  }

  /** "When the IsRouter flag changes from TRUE to FALSE … the node MUST remove that router from the Default Router List" (§7.2.5). */
  #routerIs(entry: Entry, router: boolean): void {
    const was = entry.router
    entry.router = router
    if (was && !router) this.#link.routerLost(entry.address)
  }

  #queue(entry: Entry, waiting: Waiting): void {
    // "When a queue overflows, the new arrival SHOULD replace the oldest entry" (§7.2.2).
    const full = entry.waiting.length >= mostWaiting || this.#waiting >= mostWaitingInAll
    if (full && entry.waiting.shift() === undefined) return
    if (!full) this.#waiting++
    entry.waiting.push(waiting)
  }

  #learn(entry: Entry, mac: Uint8Array, state: 'reachable' | 'stale'): void {
    if (entry.state === 'incomplete') this.#incomplete--
    entry.mac = mac.slice()
    const waiting = this.#unqueue(entry)
    // What waited is the first use of a stale entry.
    const next = state === 'stale' && waiting.length > 0 ? 'delay' : state
    this.#turn(entry, next, next === 'reachable' ? this.reachableTime : firstProbeAfter)
    for (const { buffer, offload } of waiting) this.#link.sendResolved(buffer, entry.mac, offload)
  }

  #ask(address: Uint8Array): Entry {
    const entry = this.#make(address)
    entry.tries = 1
    this.#turn(entry, 'incomplete', this.retransTimer)
    this.#link.solicit(entry.address, undefined)
    return entry
  }

  #make(address: Uint8Array): Entry {
    if (this.#incomplete >= mostIncomplete) this.#evict((entry) => entry.state === 'incomplete')
    else if (this.#entries.size >= mostEntries) this.#evict((entry) => entry.state === 'stale' || entry.state === 'incomplete')
    const entry: Entry = { address: address.slice(), mac: undefined, state: 'incomplete', router: false, tries: 0, due: Number.POSITIVE_INFINITY, waiting: [] }
    this.#entries.set(keyOf(address), entry)
    this.#incomplete++
    return entry
  }

  /** The oldest that `which` says, else the oldest. */
  #evict(which: (entry: Entry) => boolean): void {
    let victim: Entry | undefined
    for (const entry of this.#entries.values()) {
      victim ??= entry
      if (!which(entry)) continue
      victim = entry
      break
    }
    if (victim !== undefined) this.#giveUp(victim)
  }

  #turn(entry: Entry, state: Reachability, wait?: Duration): void {
    entry.state = state
    entry.due = state === 'stale' || wait === undefined ? Number.POSITIVE_INFINITY : this.#scheduler.now + wait
    if (Number.isFinite(entry.due) && (this.#alarm.due === undefined || entry.due < this.#alarm.due)) this.#alarm.arm(between(this.#scheduler.now, entry.due as Instant))
  }

  #ring(): void {
    const now = this.#scheduler.now
    let next = Number.POSITIVE_INFINITY
    for (const entry of this.#entries.values()) if (entry.due <= now) this.#due(entry)
    for (const entry of this.#entries.values()) next = Math.min(next, entry.due)
    if (Number.isFinite(next)) this.#alarm.arm(between(now, next as Instant))
  }

  #due(entry: Entry): void {
    if (entry.state === 'reachable') return this.#turn(entry, 'stale')
    if (entry.state === 'delay') entry.tries = 0
    else if (entry.tries >= mostTries) return this.#giveUp(entry)
    entry.tries++
    this.#turn(entry, entry.state === 'incomplete' ? 'incomplete' : 'probe', this.retransTimer)
    this.#link.solicit(entry.address, entry.mac)
  }

  #giveUp(entry: Entry): void {
    this.#entries.delete(keyOf(entry.address))
    if (entry.state === 'incomplete') this.#incomplete--
    if (entry.router) this.#link.routerLost(entry.address)
    const waiting = this.#unqueue(entry)
    if (waiting.length > 0) this.#link.unresolved(waiting.map(({ buffer }) => buffer))
  }

  #unqueue(entry: Entry): readonly Waiting[] {
    const { waiting } = entry
    entry.waiting = []
    this.#waiting -= waiting.length
    return waiting
  }
}
