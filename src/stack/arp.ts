/**
 * The ARP side of one Ethernet interface: who has which address, questions asked and answered.
 * RFC 826; retries and queueing RFC 1122 §2.3.2; states as in RFC 4861 §7.3.2; probes and announcements RFC 5227.
 */
import type { Alarm, Duration, Instant, Scheduler } from '../base/time.ts'
import type { Log } from '../base/log.ts'
import type { Offload } from '../link/port.ts'
import type { Message } from '../wire/arp.ts'
import { equal } from '../base/bytes.ts'
import { between, seconds } from '../base/time.ts'
import { broadcastMac, formatIpv4, formatMac, isGroupMac } from '../wire/address.ts'
import { operations } from '../wire/arp.ts'

/** How ARP reaches the link it serves. */
export interface ArpLink {
  readonly mac: Uint8Array
  owns(address: number): boolean
  /** The address to ask with, for a question about `target`. */
  sourceFor(target: number): number
  sendArp(message: Message, to: Uint8Array): void
  /** Sends a packet that waited; its first 14 bytes are for the link header. */
  sendResolved(buffer: Uint8Array, mac: Uint8Array, offload?: Offload): void
  /** Nobody answered for these packets. */
  unresolved(buffers: readonly Uint8Array[]): void
}

/** `asked`: no answer yet. `known`: fresh. `stale`: used, and asked about again in the meantime. */
export type ArpStatus = 'asked' | 'known' | 'stale'

export type ArpEntry = {
  readonly address: number
  readonly mac: Uint8Array | undefined
  readonly status: ArpStatus
}

interface Waiting {
  readonly buffer: Uint8Array
  readonly offload: Offload | undefined
}

interface Entry {
  readonly address: number
  mac: Uint8Array | undefined
  status: ArpStatus
  tries: number
  /** When to ask again, turn stale, or give up. */
  due: Instant
  waiting: Waiting[]
}

interface Probe {
  readonly address: number
  readonly tell: (taken: Uint8Array | undefined) => void
  readonly wait: Duration
  left: number
  due: Instant
}

const retryAfter = seconds(1)
const mostTries = 3
const freshFor = seconds(60)
/** An entry that nobody used since it turned stale is forgotten after this. */
const staleFor = seconds(600)
const mostEntries = 1024
/** Enough for the fragments of one largest datagram. */
const mostWaiting = 64
const mostWaitingInAll = 1024
const mostProbes = 64

export class Arp {
  readonly #link: ArpLink
  readonly #scheduler: Scheduler
  readonly #log: Log | undefined
  readonly #alarm: Alarm
  readonly #entries = new Map<number, Entry>()
  #probes: Probe[] = []
  /** Packets waiting on all entries. */
  #waiting = 0

  constructor(link: ArpLink, name: string, scheduler: Scheduler, log: Log | undefined) {
    this.#link = link
    this.#scheduler = scheduler
    this.#log = log
    this.#alarm = scheduler.alarm(`${name}.arp`, () => this.#ring())
  }

  get entries(): readonly ArpEntry[] {
    return [...this.#entries.values()].map(({ address, mac, status }) => ({ address, mac: mac?.slice(), status })).sort((a, b) => a.address - b.address)
  }

  /** Sends `buffer` (14 bytes of room, then the packet) to the link address of `nextHop`, once that is known. */
  send(buffer: Uint8Array, nextHop: number, offload?: Offload): void {
    const entry = this.#entries.get(nextHop) ?? this.#ask(nextHop)
    if (entry.mac === undefined) {
      // "SHOULD save … at least one (the latest) packet" (RFC 1122 §2.3.2.2): the oldest makes room.
      const full = entry.waiting.length >= mostWaiting || this.#waiting >= mostWaitingInAll
      if (full && entry.waiting.shift() === undefined) return
      if (!full) this.#waiting++
      entry.waiting.push({ buffer, offload })
      return
    }
    if (entry.status === 'stale' && entry.tries === 0) {
      entry.tries = 1
      this.#question(entry, entry.mac)
    }
    this.#link.sendResolved(buffer, entry.mac, offload)
  }

  receive(message: Message): void {
    if (message.operation !== operations.request && message.operation !== operations.reply) return
    if (isGroupMac(message.senderMac) || equal(message.senderMac, this.#link.mac)) return
    this.#hearProbed(message)
    if (message.senderIp !== 0 && this.#link.owns(message.senderIp)) return this.#conflict(message)
    const forUs = this.#link.owns(message.targetIp)
    if (message.senderIp !== 0) this.#learn(message, forUs)
    if (!forUs || message.operation !== operations.request) return
    const reply = { operation: operations.reply, senderMac: this.#link.mac, senderIp: message.targetIp, targetMac: message.senderMac, targetIp: message.senderIp }
    this.#link.sendArp(reply, message.senderMac.slice())
  }

  /** Tells everybody that `address` is here (RFC 5227 §2.3). */
  announce(address: number): void {
    this.#link.sendArp({ operation: operations.request, senderMac: this.#link.mac, senderIp: address, targetMac: new Uint8Array(6), targetIp: address }, broadcastMac)
  }

  /**
   * Asks whether anybody has `address` without claiming it (RFC 5227 §2.1.1). `tell` hears the MAC of the first who does, or undefined
   * after `count` questions, `wait` apart, without an answer.
   */
  probe(address: number, tell: (taken: Uint8Array | undefined) => void, count = 3, wait: Duration = seconds(1)): void {
    if (this.#probes.length >= mostProbes) return tell(undefined)
    this.#probes.push({ address, tell, wait, left: count - 1, due: this.#in(wait) })
    this.#sendProbe(address)
    this.#arm()
  }

  /** Takes up saved entries; what was being asked is asked again when it is needed. */
  load(entries: readonly ArpEntry[]): void {
    this.#entries.clear()
    for (const { address, mac, status } of entries) {
      if (mac === undefined || status === 'asked') continue
      const entry = this.#make(address)
      entry.mac = mac.slice()
      entry.status = status
      entry.due = this.#in(status === 'known' ? freshFor : staleFor)
    }
    this.#arm()
  }

  #sendProbe(address: number): void {
    this.#link.sendArp({ operation: operations.request, senderMac: this.#link.mac, senderIp: 0, targetMac: new Uint8Array(6), targetIp: address }, broadcastMac)
  }

  #hearProbed(message: Message): void {
    // Another's probe for the same address is a claim as well (RFC 5227 §2.1.1).
    const claims = (probe: Probe): boolean => message.senderIp === probe.address || (message.senderIp === 0 && message.operation === operations.request && message.targetIp === probe.address)
    const heard = this.#probes.filter(claims)
    if (heard.length === 0) return
    this.#probes = this.#probes.filter((probe) => !claims(probe))
    for (const probe of heard) probe.tell(message.senderMac.slice())
  }

  #conflict(message: Message): void {
    this.#log?.warn('arp.conflict', `${formatMac(message.senderMac)} also claims ${formatIpv4(message.senderIp)}`, { address: formatIpv4(message.senderIp), mac: formatMac(message.senderMac) })
  }

  /** RFC 826's merge: what is known is updated by anyone; what isn't is taken only from who speaks to us. */
  #learn(message: Message, forUs: boolean): void {
    const known = this.#entries.get(message.senderIp)
    if (known === undefined && !forUs) return
    const entry = known ?? this.#make(message.senderIp)
    entry.mac = message.senderMac.slice()
    entry.status = 'known'
    entry.tries = 0
    entry.due = this.#in(freshFor)
    for (const { buffer, offload } of this.#unqueue(entry)) this.#link.sendResolved(buffer, entry.mac, offload)
    this.#arm()
  }

  #ask(address: number): Entry {
    const entry = this.#make(address)
    entry.tries = 1
    this.#question(entry, broadcastMac)
    return entry
  }

  #question(entry: Entry, to: Uint8Array): void {
    const message = { operation: operations.request, senderMac: this.#link.mac, senderIp: this.#link.sourceFor(entry.address), targetMac: new Uint8Array(6), targetIp: entry.address }
    entry.due = this.#in(retryAfter)
    this.#link.sendArp(message, to)
    this.#arm()
  }

  #make(address: number): Entry {
    if (this.#entries.size >= mostEntries) this.#evict()
    const entry: Entry = { address, mac: undefined, status: 'asked', tries: 0, due: this.#in(retryAfter), waiting: [] }
    this.#entries.set(address, entry)
    return entry
  }

  /** The first of those least worth keeping: unanswered, then stale, then the oldest. */
  #evict(): void {
    const all = [...this.#entries.values()]
    const victim = all.find((entry) => entry.status === 'asked') ?? all.find((entry) => entry.status === 'stale') ?? all[0]
    this.#giveUp(victim)
  }

  #ring(): void {
    const now = this.#scheduler.now
    for (const entry of this.#entries.values()) if (entry.due <= now) this.#turn(entry)
    for (const probe of this.#probes) if (probe.due <= now) this.#turnProbe(probe)
    this.#arm()
  }

  #turn(entry: Entry): void {
    if (entry.status === 'known') {
      entry.status = 'stale'
      entry.tries = 0
      entry.due = this.#in(staleFor)
      return
    }
    if (entry.tries > 0 && entry.tries < mostTries) {
      entry.tries++
      this.#question(entry, entry.mac ?? broadcastMac)
      return
    }
    this.#giveUp(entry)
  }

  #giveUp(entry: Entry): void {
    this.#entries.delete(entry.address)
    const waiting = this.#unqueue(entry)
    if (waiting.length > 0) this.#link.unresolved(waiting.map(({ buffer }) => buffer))
  }

  #unqueue(entry: Entry): readonly Waiting[] {
    const waiting = entry.waiting
    entry.waiting = []
    this.#waiting -= waiting.length
    return waiting
  }

  #turnProbe(probe: Probe): void {
    if (probe.left > 0) {
      probe.left--
      probe.due = this.#in(probe.wait)
      return this.#sendProbe(probe.address)
    }
    this.#probes = this.#probes.filter((each) => each !== probe)
    probe.tell(undefined)
  }

  #in(wait: Duration): Instant {
    return (this.#scheduler.now + wait) as Instant
  }

  #arm(): void {
    let next = Number.POSITIVE_INFINITY
    for (const entry of this.#entries.values()) next = Math.min(next, entry.due)
    for (const probe of this.#probes) next = Math.min(next, probe.due)
    if (Number.isFinite(next)) this.#alarm.arm(between(this.#scheduler.now, next as Instant))
    else this.#alarm.disarm()
  }
}
