/**
 * Echoes of guests, sent as this computer's own: by an unprivileged ping socket for each flow where net.ipv4.ping_group_range lets us (icmp(7)),
 * else by one raw socket where we have the right, else not at all, and the guest is told so.
 */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { OutsideEvent } from '../../nat/outside.ts'
import { Malformed } from '../../base/errors.ts'
import * as icmp from '../../wire/icmp.ts'
import * as icmpv6 from '../../wire/icmpv6.ts'
import * as ipv4 from '../../wire/ipv4.ts'
import * as quoted from '../../wire/quoted.ts'
import * as quoted6 from '../../wire/quoted6.ts'
import { formatIpv4, formatIpv6 } from '../../wire/address.ts'
import { errorQueue } from './error-queue.ts'
import { type IcmpCalls, icmp6Code, icmpCalls, icmpCode, type QueuedError } from './icmp-calls.ts'

/** What a reply's own time to live is not told of: Node gives only who sent it. */
const unknownTtl = 64
const icmp6 = 58
/** Node insists on a port. */
const anyPort = 1
/** A raw socket is looked at so often, in milliseconds, and for so long after the last echo. */
const look = 1
const patience = 10_000

export interface Ping {
  send(to: string, sequence: number, bytes: Uint8Array, ttl: number): void
  close(): void
}

export class HostPings {
  readonly #enter: (event: OutsideEvent) => void
  readonly #pings = new Map<number, Ping>()
  readonly #raw = new Map<boolean, RawPings>()

  constructor(enter: (event: OutsideEvent) => void) {
    this.#enter = enter
  }

  send(flow: number, to: string, sequence: number, bytes: Uint8Array, ttl: number): void {
    const ping = this.#pings.get(flow) ?? this.#open(flow, isIPv6(to))
    if (ping === undefined) return this.#enter({ kind: 'lost', flow, code: 'ENOTALLOWED' })
    this.#pings.set(flow, ping)
    ping.send(to, sequence, bytes, ttl)
  }

  release(flow: number): void {
    this.#pings.get(flow)?.close()
    this.#pings.delete(flow)
  }

  close(): void {
    for (const ping of this.#pings.values()) ping.close()
    this.#pings.clear()
    for (const raw of this.#raw.values()) raw.close()
    this.#raw.clear()
  }

  #open(flow: number, six: boolean): Ping | undefined {
    const calls = icmpCalls()
    if (calls === undefined) return undefined
    const fd = calls.pingSocket(six)
    if (fd >= 0) return new SocketPing(flow, fd, six, this.#enter)
    const raw = this.#raw.get(six) ?? this.#openRaw(calls, six)
    return raw?.ping(flow)
  }

  #openRaw(calls: IcmpCalls, six: boolean): RawPings | undefined {
    const fd = calls.rawSocket(six)
    if (fd < 0) return undefined
    const raw = new RawPings(calls, fd, six, this.#enter)
    this.#raw.set(six, raw)
    return raw
  }
}

/** A ping socket: the kernel gives it its identifier, and hands it its own replies only. */
class SocketPing implements Ping {
  readonly #flow: number
  readonly #socket: Socket
  readonly #six: boolean
  readonly #enter: (event: OutsideEvent) => void

  constructor(flow: number, fd: number, six: boolean, enter: (event: OutsideEvent) => void) {
    this.#flow = flow
    this.#six = six
    this.#enter = enter
    this.#socket = createSocket({ type: six ? 'udp6' : 'udp4', lookup: (address, _, done) => done(null, address, six ? 6 : 4) })
    this.#socket.on('message', (bytes, { address }) => this.#hear(bytes, address))
    this.#socket.bind({ fd })
    const queue = errorQueue(this.#socket, (error) => this.#complain(error), six)
    this.#socket.on('error', () => queue?.drain())
  }

  send(to: string, sequence: number, bytes: Uint8Array, ttl: number): void {
    this.#socket.setTTL(ttl)
    this.#socket.send(echo(this.#six, 0, sequence, bytes), anyPort, to, (error: NodeJS.ErrnoException | null) => {
      if (error !== null) this.#enter(complaint(this.#flow, to, sequence, undefined, error.code ?? 'EIO', 0))
    })
  }

  close(): void {
    this.#socket.close()
  }

  #hear(bytes: Uint8Array, from: string): void {
    const reply = echoReply(bytes, this.#six)
    if (reply !== undefined) this.#enter({ kind: 'echo reply', flow: this.#flow, from, sequence: reply.sequence, bytes: reply.payload, ttl: unknownTtl })
  }

  #complain({ to, by, code, mtu, about }: QueuedError): void {
    if (about.length >= icmp.headerBytes) this.#enter(complaint(this.#flow, to, (about[6] << 8) | about[7], by, code, mtu))
  }
}

/** All flows by one raw socket, told apart by identifiers of our own. */
class RawPings {
  readonly #calls: IcmpCalls
  readonly #fd: number
  readonly #six: boolean
  readonly #enter: (event: OutsideEvent) => void
  /** Identifier → flow. */
  readonly #flows = new Map<number, number>()
  #next = process.pid & 0xffff
  #timer: NodeJS.Timeout | undefined
  #lookUntil = 0

  constructor(calls: IcmpCalls, fd: number, six: boolean, enter: (event: OutsideEvent) => void) {
    this.#calls = calls
    this.#six = six
    this.#fd = fd
    this.#enter = enter
  }

  ping(flow: number): Ping {
    while (this.#flows.has(this.#next)) this.#next = (this.#next + 1) & 0xffff
    const identifier = this.#next
    this.#next = (this.#next + 1) & 0xffff
    this.#flows.set(identifier, flow)
    return {
      send: (to, sequence, payload, ttl) => {
        const sent = this.#calls.send(this.#fd, to, echo(this.#six, identifier, sequence, payload), ttl)
        if (sent < 0) this.#enter(complaint(flow, to, sequence, undefined, 'EHOSTUNREACH', 0))
        this.#lookUntil = performance.now() + patience
        this.#timer ??= setInterval(() => this.#look(), look)
      },
      close: () => void this.#flows.delete(identifier),
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#calls.close(this.#fd)
  }

  #look(): void {
    while (this.#six ? this.#readSix() : this.#readFour()) continue
    if (performance.now() < this.#lookUntil && this.#flows.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #readFour(): boolean {
    const bytes = this.#calls.read(this.#fd)
    if (bytes !== undefined) this.#hear(bytes)
    return bytes !== undefined
  }

  #readSix(): boolean {
    const heard = this.#calls.receive6(this.#fd)
    if (heard !== undefined) this.#hearSix(heard.from, heard.bytes)
    return heard !== undefined
  }

  #hearSix(from: string, bytes: Uint8Array): void {
    try {
      const message = icmpv6.parse(bytes)
      if (message.kind === 'echo reply') {
        const flow = this.#flows.get(message.identifier)
        if (flow !== undefined) this.#enter({ kind: 'echo reply', flow, from, sequence: message.sequence, bytes: message.payload, ttl: unknownTtl })
      } else if ('quoted' in message) {
        const { protocol, payload, destination } = quoted6.parse(message.quoted)
        const flow = protocol === icmp6 && payload.length >= 8 && payload[0] === icmpv6.types.echo ? this.#flows.get((payload[4] << 8) | payload[5]) : undefined
        if (flow !== undefined) this.#enter(complaint(flow, formatIpv6(destination), (payload[6] << 8) | payload[7], from, icmp6Code(bytes[0], bytes[1]), 'mtu' in message ? message.mtu : 0))
      }
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
    }
  }

  #hear(bytes: Uint8Array): void {
    try {
      const packet = ipv4.parse(bytes)
      const message = icmp.parse(packet.payload)
      const from = formatIpv4(packet.source)
      if (message.kind === 'echo reply') {
        const flow = this.#flows.get(message.identifier)
        if (flow !== undefined) this.#enter({ kind: 'echo reply', flow, from, sequence: message.sequence, bytes: message.payload, ttl: packet.ttl })
      } else if (message.kind === 'unreachable' || message.kind === 'time exceeded') this.#error(message, packet.payload[0], from)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
    }
  }

  #error(message: Extract<icmp.Message, { kind: 'unreachable' | 'time exceeded' }>, type: number, by: string): void {
    const about = quoted.parse(message.quoted)
    const { payload } = about
    if (about.protocol !== ipv4.protocols.icmp || payload.length < icmp.headerBytes || payload[0] !== icmp.types.echo) return
    const flow = this.#flows.get((payload[4] << 8) | payload[5])
    if (flow !== undefined) this.#enter(complaint(flow, formatIpv4(about.destination), (payload[6] << 8) | payload[7], by, icmpCode(type, message.code), 'mtu' in message ? message.mtu : 0))
  }
}

/** The kernel sums ICMPv6 up itself (RFC 3542 §3.1). */
const echo = (six: boolean, identifier: number, sequence: number, payload: Uint8Array): Uint8Array => (six ? icmpv6.build({ kind: 'echo', identifier, sequence, payload }, 0) : icmp.build({ kind: 'echo', identifier, sequence, payload }))

function echoReply(bytes: Uint8Array, six: boolean): { readonly sequence: number; readonly payload: Uint8Array } | undefined {
  try {
    const message = six ? icmpv6.parse(bytes) : icmp.parse(bytes)
    return message.kind === 'echo reply' ? message : undefined
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

function complaint(flow: number, to: string, sequence: number, by: string | undefined, code: string, mtu: number): OutsideEvent {
  return { kind: 'complaint', flow, to: { address: to, port: 0 }, sequence, complaint: { by, code, mtu } }
}
