/**
 * The groups that one interface listens to, told to multicast routers and to switches that snoop. RFC 3810 (MLDv2), the listener's part,
 * without source filters: every record excludes nothing. Queries of MLDv1 are answered in version 2, a deviation from §8.2.1: nothing in
 * a lab speaks version 1 only.
 */
import type { Alarm, Instant, Scheduler } from '../../base/time.ts'
import type { Random } from '../../base/random.ts'
import type { Query, Record } from '../../wire/mld.ts'
import { between, microseconds, seconds } from '../../base/time.ts'
import { changes } from '../../wire/mld.ts'
import { allNodes, isAnyIpv6, keyOf } from '../../wire/ipv6-address.ts'

interface Group {
  readonly address: Uint8Array
  /** How many asked for it. */
  users: number
  /** Reports of its joining that are still to be sent, and when (§6.1). */
  left: number
  due: number
}

/** The Robustness Variable and the Unsolicited Report Interval (§9.1, §9.11). */
const robustness = 2
const interval = seconds(1)
const mostGroups = 256
/** The Query Response Interval (§9.3), in milliseconds: nobody makes us remember a query for longer. */
const longestWait = 10_000

export class Listeners {
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #report: (records: readonly Record[]) => void
  readonly #alarm: Alarm
  /** Groups as on the wire. */
  readonly #groups = new Map<string, Group>()
  /** When a query is to be answered. */
  #answer = Number.POSITIVE_INFINITY

  constructor(name: string, scheduler: Scheduler, random: Random, report: (records: readonly Record[]) => void) {
    this.#scheduler = scheduler
    this.#random = random
    this.#report = report
    this.#alarm = scheduler.alarm(name, () => this.#ring())
  }

  get groups(): readonly Uint8Array[] {
    return [...this.#groups.values()].map(({ address }) => address)
  }

  has(group: Uint8Array): boolean {
    return this.#groups.has(keyOf(group))
  }

  /** @returns false when there is no room for another group. */
  join(group: Uint8Array): boolean {
    const known = this.#groups.get(keyOf(group))
    if (known !== undefined) {
      known.users++
      return true
    }
    if (this.#groups.size >= mostGroups) return false
    const told = isTold(group)
    this.#groups.set(keyOf(group), { address: group.slice(), users: 1, left: told ? robustness - 1 : 0, due: told ? this.#scheduler.now + this.#random.below(interval) : Number.POSITIVE_INFINITY })
    if (told) this.#report([{ change: changes.toExclude, group, sources: [] }])
    this.#arm()
    return true
  }

  leave(group: Uint8Array): void {
    const known = this.#groups.get(keyOf(group))
    if (known === undefined || --known.users > 0) return
    this.#groups.delete(keyOf(group))
    if (isTold(group)) this.#report([{ change: changes.toInclude, group, sources: [] }])
  }

  /** Answered after a random part of the time that it leaves (§6.2). */
  heard({ group, maxResponseMilliseconds }: Query): void {
    if (!isAnyIpv6(group) && !this.has(group)) return
    // Drawn in microseconds: ten seconds of nanoseconds are more than 32 bits.
    const wait = microseconds(this.#random.below(Math.max(1, Math.min(maxResponseMilliseconds, longestWait)) * 1000))
    this.#answer = Math.min(this.#answer, this.#scheduler.now + wait)
    this.#arm()
  }

  #ring(): void {
    const { now } = this.#scheduler
    const again: Record[] = []
    for (const group of this.#groups.values()) {
      if (group.due > now) continue
      again.push({ change: changes.toExclude, group: group.address, sources: [] })
      group.left--
      group.due = group.left > 0 ? now + this.#random.below(interval) : Number.POSITIVE_INFINITY
    }
    if (again.length > 0) this.#send(again)
    if (this.#answer <= now) {
      this.#answer = Number.POSITIVE_INFINITY
      this.#send([...this.#groups.values()].filter(({ address }) => isTold(address)).map(({ address }) => ({ change: changes.isExclude, group: address, sources: [] })))
    }
    this.#arm()
  }

  /** "If the set of Multicast Address Records does not fit, it is sent in multiple Reports" (§5.2.15). */
  #send(records: readonly Record[]): void {
    for (let at = 0; at < records.length; at += 60) this.#report(records.slice(at, at + 60))
  }

  #arm(): void {
    let next = this.#answer
    for (const { due } of this.#groups.values()) next = Math.min(next, due)
    if (Number.isFinite(next)) this.#alarm.arm(between(this.#scheduler.now, next as Instant))
  }
}

/** "The link-scope all-nodes multicast address … is handled as a special case … never reported" (§6); nor is interface scope. */
const isTold = (group: Uint8Array): boolean => keyOf(group) !== keyOf(allNodes) && (group[1] & 0xf) > 1
