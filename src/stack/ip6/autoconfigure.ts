/** What one interface makes of routers: solicitations, default routers, prefixes, addresses. RFC 4861 §6.3, RFC 4862 §5.5, RFC 8106. */
import type { Alarm, Instant, Scheduler } from '../../base/time.ts'
import type { Random } from '../../base/random.ts'
import type { Message, RouterAdvertisement } from '../../wire/icmpv6.ts'
import type { Prefix } from '../../wire/nd-options.ts'
import type { Subnet6 } from '../../wire/ipv6-address.ts'
import type { Addresses } from './addresses.ts'
import type { Neighbours } from './neighbours.ts'
import { between, milliseconds, seconds } from '../../base/time.ts'
import { allRouters, inSubnet6, isLinkLocalIpv6, isMulticastIpv6, keyOf, subnetOf6 } from '../../wire/ipv6-address.ts'

/** What autoconfiguration changes on its interface. */
export interface Configured {
  readonly addresses: Addresses
  readonly neighbours: Neighbours
  readonly linkMtu: number
  say(message: Message, to: Uint8Array): void
  /** An address of ours in a /64 announced. */
  addressIn(network: Uint8Array): Uint8Array
  /** Largest packet and hop limit from now on. */
  limits(mtu: number, hopLimit: number): void
  /** The routes of this interface that come from routers are other ones. */
  rerouted(): void
  /** A router says that DHCPv6 has more to tell. */
  told(managed: boolean, other: boolean): void
  readonly mac: Uint8Array | undefined
}

interface Kept<Value> {
  readonly value: Value
  until: number
}

/** RFC 4861 §10: MAX_RTR_SOLICITATIONS, RTR_SOLICITATION_INTERVAL, MAX_RTR_SOLICITATION_DELAY. */
const mostSolicitations = 3
const solicitEvery = seconds(4)
const solicitWithin = seconds(1)
const mostRouters = 8
const mostPrefixes = 16
const mostServers = 8
const forEver = 0xffff_ffff
const twoHours = seconds(7200)

export class Autoconfigure {
  readonly #on: Configured
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #alarm: Alarm
  readonly #routers = new Map<string, Kept<Uint8Array>>()
  readonly #prefixes = new Map<string, Kept<Subnet6>>()
  readonly #servers = new Map<string, Kept<Uint8Array>>()
  #solicitations = 0
  #solicitAt = Number.POSITIVE_INFINITY

  constructor(on: Configured, name: string, scheduler: Scheduler, random: Random) {
    this.#on = on
    this.#scheduler = scheduler
    this.#random = random
    this.#alarm = scheduler.alarm(name, () => this.#ring())
  }

  /** Default routers in the order in which they are to be tried. */
  get routers(): readonly Uint8Array[] {
    return [...this.#routers.values()].map(({ value }) => value)
  }

  /** What is reached without a router. */
  get onLink(): readonly Subnet6[] {
    return [...this.#prefixes.values()].map(({ value }) => value)
  }

  get dnsServers(): readonly Uint8Array[] {
    return [...this.#servers.values()].map(({ value }) => value)
  }

  /** Our link-local address is ours: routers may be asked. */
  start(): void {
    this.#solicitations = 0
    this.#solicitAt = this.#scheduler.now + this.#random.below(solicitWithin)
    this.#arm()
  }

  /** A neighbour is no router any more. */
  lost(router: Uint8Array): void {
    if (!this.#routers.delete(keyOf(router))) return
    this.#on.rerouted()
  }

  /** @param from a link-local address with its zone; link/discovery has seen to that. */
  heard(from: Uint8Array, message: RouterAdvertisement): void {
    // "a host … MUST … stop sending solicitations" once it heard a valid one with a lifetime (§6.3.7).
    if (message.lifetimeSeconds > 0) this.#solicitAt = Number.POSITIVE_INFINITY
    this.#keep(this.#routers, mostRouters, from, from, message.lifetimeSeconds)
    const { neighbours } = this.#on
    if (message.reachableMilliseconds > 0) neighbours.reachableTime = milliseconds(Math.min(message.reachableMilliseconds, 3_600_000))
    if (message.retransmitMilliseconds > 0) neighbours.retransTimer = milliseconds(Math.max(100, Math.min(message.retransmitMilliseconds, 60_000)))
    let mtu = this.#on.linkMtu
    for (const option of message.options) {
      if (option.kind === 'source mac') neighbours.heard(from, option.mac, true)
      if (option.kind === 'mtu' && option.mtu >= 1280 && option.mtu <= this.#on.linkMtu) mtu = option.mtu
      if (option.kind === 'prefix') this.#prefix(option)
      if (option.kind === 'dns') for (const server of option.servers) this.#keep(this.#servers, mostServers, server, server.slice(), option.lifetimeSeconds)
    }
    this.#on.limits(mtu, message.hopLimit === 0 ? 64 : message.hopLimit)
    this.#on.told(message.managed, message.other)
    this.#on.rerouted()
    this.#arm()
  }

  #keep<Value>(kept: Map<string, Kept<Value>>, most: number, key: Uint8Array, value: Value, lifetimeSeconds: number): void {
    const name = keyOf(key)
    if (lifetimeSeconds === 0) return void kept.delete(name)
    const until = lifetimeSeconds === forEver ? Number.POSITIVE_INFINITY : this.#scheduler.now + lifetimeSeconds * 1e9
    const known = kept.get(name)
    if (known !== undefined) known.until = until
    else if (kept.size < most) kept.set(name, { value, until })
  }

  /** RFC 4861 §6.3.4, RFC 4862 §5.5.3. */
  #prefix(option: Prefix): void {
    if (option.length > 128 || isLinkLocalIpv6(option.prefix) || isMulticastIpv6(option.prefix)) return
    const subnet = subnetOf6(option.prefix, option.length)
    if (option.onLink) this.#keep(this.#prefixes, mostPrefixes, subnet.network, subnet, option.validSeconds)
    // "If the preferred lifetime is greater than the valid lifetime, silently ignore"; identifiers are 64 bits long.
    if (!option.autonomous || option.preferredSeconds > option.validSeconds || option.length !== 64) return
    const preferred = option.preferredSeconds === forEver ? Number.POSITIVE_INFINITY : option.preferredSeconds * 1e9
    const valid = option.validSeconds === forEver ? Number.POSITIVE_INFINITY : option.validSeconds * 1e9
    this.#address(subnet, preferred, valid)
  }

  #address({ network }: Subnet6, preferred: number, valid: number): void {
    const { addresses } = this.#on
    const own = addresses.all.find((each) => each.origin === 'autoconfigured' && inSubnet6({ network, prefix: 64 }, each.address))
    if (own === undefined) {
      if (valid > 0) addresses.add(this.#on.addressIn(network), 64, 'autoconfigured', { preferred, valid })
      return
    }
    // A forged advertisement must not take an address away at once (§5.5.3 e): two hours are left to it at least.
    const left = own.validUntil - this.#scheduler.now
    addresses.renew(own.address, { preferred, valid: valid > twoHours || valid > left ? valid : Math.min(left, twoHours) })
  }

  #ring(): void {
    const { now } = this.#scheduler
    if (this.#solicitAt <= now) this.#solicit()
    let rerouted = false
    for (const kept of [this.#routers, this.#prefixes, this.#servers] as readonly Map<string, Kept<unknown>>[]) {
      for (const [key, { until }] of kept) if (until <= now) rerouted = kept.delete(key)
    }
    if (rerouted) this.#on.rerouted()
    this.#arm()
  }

  #solicit(): void {
    this.#solicitations++
    this.#solicitAt = this.#solicitations < mostSolicitations ? this.#scheduler.now + solicitEvery : Number.POSITIVE_INFINITY
    const { mac } = this.#on
    this.#on.say({ kind: 'router solicitation', options: mac === undefined ? [] : [{ kind: 'source mac', mac }] }, allRouters)
  }

  #arm(): void {
    let next = this.#solicitAt
    for (const kept of [this.#routers, this.#prefixes, this.#servers] as readonly Map<string, Kept<unknown>>[]) for (const { until } of kept.values()) next = Math.min(next, until)
    if (Number.isFinite(next)) this.#alarm.arm(between(this.#scheduler.now, next as Instant))
    else this.#alarm.disarm()
  }
}
