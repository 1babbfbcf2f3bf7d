/**
 * Echoes of guests, sent as this computer's own: by an unprivileged ping socket for each flow where net.ipv4.ping_group_range lets us (icmp(7)),
 * else by one raw socket where we have the right, else not at all, and the guest is told so.
 */
import { createSocket, type Socket } from 'node:dgram'
import type { OutsideEvent } from '../../nat/outside.ts'
import { Malformed } from '../../base/errors.ts'
import * as icmp from '../../wire/icmp.ts'
import * as ipv4 from '../../wire/ipv4.ts'
import * as quoted from '../../wire/quoted.ts'
import { formatIpv4 } from '../../wire/address.ts'
import { errorQueue } from './error-queue.ts'
import { type IcmpCalls, icmpCalls, icmpCode, type QueuedError } from './icmp-calls.ts'

/** What a reply's own time to live is not told of: Node gives only who sent it. */
const unknownTtl = 64
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
  #raw: RawPings | undefined

  constructor(enter: (event: OutsideEvent) => void) {
    this.#enter = enter
  }

  send(flow: number, to: string, sequence: number, bytes: Uint8Array, ttl: number): void {
    const ping = this.#pings.get(flow) ?? this.#open(flow)
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
    this.#raw?.close()
    this.#raw = undefined
  }

  #open(flow: number): Ping | undefined {
    const calls = icmpCalls()
    if (calls === undefined) return undefined
    const fd = calls.pingSocket()
    if (fd >= 0) return new SocketPing(flow, fd, this.#enter)
    if (this.#raw === undefined) {
      const raw = calls.rawSocket()
      if (raw < 0) return undefined
      this.#raw = new RawPings(calls, raw, this.#enter)
    }
    return this.#raw.ping(flow)
  }
}

/** A ping socket: the kernel gives it its identifier, and hands it its own replies only. */
class SocketPing implements Ping {
  readonly #flow: number
  readonly #socket: Socket
  readonly #enter: (event: OutsideEvent) => void

  constructor(flow: number, fd: number, enter: (event: OutsideEvent) => void) {
    this.#flow = flow
    this.#enter = enter
    this.#socket = createSocket({ type: 'udp4', lookup: (address, _, done) => done(null, address, 4) })
    this.#socket.on('message', (bytes, { address }) => this.#hear(bytes, address))
    this.#socket.bind({ fd })
    const queue = errorQueue(this.#socket, (error) => this.#complain(error))
    this.#socket.on('error', () => queue?.drain())
  }

  send(to: string, sequence: number, bytes: Uint8Array, ttl: number): void {
    this.#socket.setTTL(ttl)
    this.#socket.send(icmp.build({ kind: 'echo', identifier: 0, sequence, payload: bytes }), anyPort, to, (error: NodeJS.ErrnoException | null) => {
      if (error !== null) this.#enter(complaint(this.#flow, to, sequence, undefined, error.code ?? 'EIO', 0))
    })
  }

  close(): void {
    this.#socket.close()
  }

  #hear(bytes: Uint8Array, from: string): void {
    const reply = echoReply(bytes)
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
  readonly #enter: (event: OutsideEvent) => void
  /** Identifier → flow. */
  readonly #flows = new Map<number, number>()
  #next = process.pid & 0xffff
  #timer: NodeJS.Timeout | undefined
  #lookUntil = 0

  constructor(calls: IcmpCalls, fd: number, enter: (event: OutsideEvent) => void) {
    this.#calls = calls
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
        const sent = this.#calls.send(this.#fd, to, icmp.build({ kind: 'echo', identifier, sequence, payload }), ttl)
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
    for (let bytes = this.#calls.read(this.#fd); bytes !== undefined; bytes = this.#calls.read(this.#fd)) this.#hear(bytes)
    if (performance.now() < this.#lookUntil && this.#flows.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
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

function echoReply(bytes: Uint8Array): { readonly sequence: number; readonly payload: Uint8Array } | undefined {
  try {
    const message = icmp.parse(bytes)
    return message.kind === 'echo reply' ? message : undefined
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

function complaint(flow: number, to: string, sequence: number, by: string | undefined, code: string, mtu: number): OutsideEvent {
  return { kind: 'complaint', flow, to: { address: to, port: 0 }, sequence, complaint: { by, code, mtu } }
}
