/** NAT's outside on this computer: node:net for streams, node:dgram for datagrams, ping sockets for echoes. */
import { isIP, type Socket } from 'node:net'
import type { Endpoint } from '../../stack/sockets.ts'
import { type Outside, type OutsideEvent, resolver, windowOf } from '../../nat/outside.ts'
import { HostDatagrams } from './host-datagrams.ts'
import { HostPings } from './host-pings.ts'
import { ExpectedPort } from './expected-port.ts'
import { plain } from './plain-address.ts'
import { HostResolver } from './resolver.ts'
import { BufferPool, readBufferBytes } from './buffer-pool.ts'
import { HostStream, type StreamGround } from './host-stream.ts'
import { type RawGround, RawStream } from './raw-stream.ts'
import { SocketCalls } from './socket-calls.ts'
import type { Reactor } from '../reactor.ts'

/** Answers to datagrams of a forwarded port. */
export type Answer = (bytes: Uint8Array, ended: boolean) => void

const probePort = 21
const readBytes = 65_536
const leastReadBytes = 4096
/** What one read of every stream may come to. */
const mostRead = 64 << 20

export class HostOutside implements Outside, StreamGround {
  readonly enter: (event: OutsideEvent) => void
  readonly #resolver: HostResolver
  readonly #streams = new Map<number, HostStream | RawStream>()
  readonly #raw: RawGround | undefined
  /** Connections that a stream has announced, by its number. */
  readonly #expected = new Map<number, ExpectedPort>()
  readonly #datagrams = new Map<number, HostDatagrams>()
  readonly #answers = new Map<number, Answer>()
  readonly #pings: HostPings
  readonly #bytes = new Uint8Array(readBytes)
  #next = -1
  #closed = false

  /** @param enter the lab's door. @param reactor streams go through raw sockets where there is one. @param frames takes back buffers of the pool of frames. */
  constructor(enter: (event: OutsideEvent) => void, hostResolver = new HostResolver(), reactor?: Reactor, frames?: (bytes: Uint8Array) => void) {
    this.enter = (event) => {
      if (!this.#closed) enter(event)
    }
    this.#resolver = hostResolver
    this.#raw = reactor === undefined ? undefined : this.#rawGround(reactor, frames)
    this.#pings = new HostPings(this.enter)
  }

  get window(): number {
    return windowOf(this.#streams.size)
  }

  /** With many streams each reads less at once: together they must not fill memory in one turn of the event loop. */
  readonly buffer = (): Uint8Array => this.#bytes.subarray(0, Math.max(leastReadBytes, Math.min(readBytes, Math.floor(mostRead / Math.max(1, this.#streams.size)))))

  readonly forget = (flow: number): void => {
    this.#streams.delete(flow)
    this.#expected.get(flow)?.close()
    this.#expected.delete(flow)
  }

  dial(flow: number, to: Endpoint): void {
    const at = this.#real(to)
    if (at === undefined) return this.#later({ kind: 'closed', flow, code: 'ENORESOLVER' })
    // An address with a zone is a name to Node only.
    const raw = at.address.includes('%') ? undefined : this.#raw
    this.#streams.set(flow, raw === undefined ? new HostStream(flow, this, at) : new RawStream(flow, raw, at))
  }

  /** Somebody connected to a forwarded port. */
  accept(socket: Socket, to: Endpoint): void {
    const flow = this.#next--
    const from = { address: plain(socket.remoteAddress ?? 'unix'), port: socket.remotePort ?? 0 }
    this.enter({ kind: 'inbound', flow, from, to })
    this.#streams.set(flow, new HostStream(flow, this, socket))
  }

  /** Somebody new sends to a forwarded port. @returns the flow that `inbound datagram` tells of. */
  admit(answer: Answer): number {
    const flow = this.#next--
    this.#answers.set(flow, answer)
    return flow
  }

  write(flow: number, bytes: Uint8Array): void {
    this.#streams.get(flow)?.write(bytes)
  }

  spent(bytes: Uint8Array): void {
    this.#raw?.pool.give(bytes)
  }

  took(flow: number, count: number): void {
    this.#streams.get(flow)?.took(count)
  }

  expect(flow: number, from: string, to: Endpoint): void {
    this.#expected.get(flow)?.close()
    if (!this.#streams.has(flow) || isIP(from) === 0) return this.#later({ kind: 'expecting', flow, at: undefined })
    // Any port of his will do to find out where he is reached from.
    this.#expected.set(flow, new ExpectedPort({ address: from, port: probePort }, (at) => this.enter({ kind: 'expecting', flow, at }), (socket) => this.accept(socket, to)))
  }

  end(flow: number): void {
    this.#streams.get(flow)?.end()
  }

  reset(flow: number): void {
    this.#streams.get(flow)?.reset()
  }

  bind(flow: number): void {
    this.#datagrams.set(flow, new HostDatagrams(flow, this.#heard, this.#raw?.calls))
  }

  send(flow: number, to: Endpoint, bytes: Uint8Array, ttl: number): void {
    const answer = this.#answers.get(flow)
    if (answer !== undefined) return answer(bytes, false)
    const at = this.#real(to)
    if (at === undefined) this.#later({ kind: 'complaint', flow, to, sequence: 0, complaint: { by: undefined, code: 'ENORESOLVER', mtu: 0 } })
    else this.#datagrams.get(flow)?.send(at, bytes, ttl, to.address)
  }

  ping(flow: number, to: string, sequence: number, bytes: Uint8Array, ttl: number): void {
    this.#pings.send(flow, to, sequence, bytes, ttl)
  }

  release(flow: number): void {
    this.#datagrams.get(flow)?.close()
    this.#datagrams.delete(flow)
    this.#answers.get(flow)?.(new Uint8Array(0), true)
    this.#answers.delete(flow)
    this.#pings.release(flow)
  }

  close(): void {
    this.#closed = true
    for (const stream of this.#streams.values()) {
      if (stream instanceof RawStream) stream.drop()
      else stream.reset()
    }
    for (const expected of this.#expected.values()) expected.close()
    for (const datagrams of this.#datagrams.values()) datagrams.close()
    this.#pings.close()
  }

  readonly #heard = (event: OutsideEvent): void => {
    if (event.kind === 'datagram' && event.from.address === resolver) this.#resolver.heard()
    this.enter(event)
  }

  #rawGround(reactor: Reactor, frames?: (bytes: Uint8Array) => void): RawGround {
    const calls = new SocketCalls()
    const readBytes = (): number => Math.max(leastReadBytes, Math.min(readBufferBytes, Math.floor(mostRead / Math.max(1, this.#streams.size))))
    return { calls, reactor, pool: new BufferPool((bytes) => calls.addressOf(bytes), frames), enter: this.enter, forget: this.forget, window: () => this.window, readBytes }
  }

  #real(to: Endpoint): Endpoint | undefined {
    return to.address === resolver ? this.#resolver.ask() : to
  }

  /** Nothing is heard inside a command. */
  #later(event: OutsideEvent): void {
    setImmediate(() => this.enter(event))
  }
}
