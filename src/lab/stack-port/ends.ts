/** Sockets as a driver of the stack's port holds them: calls that never wait, and answer EAGAIN where they would have to. */
import type { Arrival, Endpoint, Listener, UdpSocket } from '../../stack/sockets.ts'
import type { Host } from '../../stack/host.ts'
import type { Socket } from '../../stack/tcp/socket.ts'
import { type Json, Refusal } from './request.ts'

/** What `poll` says of a socket. */
export type Readiness = 'acceptable' | 'readable' | 'writable' | 'ended' | 'error' | 'closed'

/** Datagrams that wait to be read, and connections that wait to be accepted; those beyond are dropped, as a full socket does. */
const mostWaiting = 1024
/** Longest read in bytes, when the driver does not say. */
export const usualRead = 65_536

/** What a handle may be set to before and after it has a connection. */
export interface Settings {
  noDelay: boolean
  /** Milliseconds of silence before the first probe; undefined: off. */
  keepAlive: number | undefined
  /** Close with a reset, as SO_LINGER with a time of zero does. */
  reset: boolean
}

/** A TCP socket: as made, listening, or connected. */
export class StreamEnd {
  readonly type = 'stream'
  readonly #host: Host
  readonly #settings: Settings
  #at: Endpoint | undefined
  #listener: Listener | undefined
  readonly #accepted: Socket[] = []
  #socket: Socket | undefined
  #room = true
  #ended = false
  #error: string | undefined

  constructor(host: Host, settings: Settings = { noDelay: false, keepAlive: undefined, reset: false }, socket?: Socket) {
    this.#host = host
    this.#settings = settings
    if (socket !== undefined) this.#hold(socket)
  }

  get settings(): Readonly<Settings> {
    return this.#settings
  }

  get local(): Endpoint | undefined {
    if (this.#socket !== undefined) return { address: this.#socket.localAddress, port: this.#socket.localPort }
    return this.#listener?.local ?? this.#at
  }

  get peer(): Endpoint | undefined {
    return this.#socket === undefined ? undefined : { address: this.#socket.remoteAddress, port: this.#socket.remotePort }
  }

  /** The Transmission Control Block, in numbers relative to the initial ones. */
  get info(): Json {
    return this.#socket === undefined ? { state: this.#listener === undefined ? 'CLOSED' : 'LISTEN' } : this.#socket.info
  }

  get ready(): Readiness[] {
    const socket = this.#socket
    if (socket === undefined) return this.#accepted.length > 0 ? ['acceptable'] : []
    const all: Readiness[] = []
    if (this.#error !== undefined) all.push('error')
    if (socket.unread > 0) all.push('readable')
    if (socket.drained) all.push('ended')
    if (!socket.connecting && !socket.destroyed && !this.#ended && this.#room) all.push('writable')
    if (socket.destroyed) all.push('closed')
    return all
  }

  bind(at: Endpoint): void {
    if (this.#at !== undefined) throw new Refusal('EINVAL', `the socket is bound to ${this.#at.address}:${this.#at.port} already`)
    this.#unused('bind')
    this.#at = at
  }

  listen(): void {
    this.#unused('listen')
    const at = this.#at ?? { address: '0.0.0.0', port: 0 }
    this.#listener = this.#host.tcp.listen(at, (socket) => {
      if (this.#accepted.length < mostWaiting) this.#accepted.push(socket as Socket)
      else socket.resetAndDestroy()
    }, { allowHalfOpen: true, noDelay: this.#settings.noDelay })
  }

  accept(): StreamEnd {
    if (this.#listener === undefined) throw new Refusal('EINVAL', 'the socket does not listen; bind it and listen first')
    const socket = this.#accepted.shift()
    if (socket === undefined) throw new Refusal('EAGAIN', 'nobody has connected')
    return new StreamEnd(this.#host, { ...this.#settings }, socket)
  }

  connect(to: Endpoint): void {
    this.#unused('connect')
    const from = this.#at
    const at = from === undefined ? {} : { ...(from.address === '0.0.0.0' ? {} : { localAddress: from.address }), ...(from.port === 0 ? {} : { localPort: from.port }) }
    this.#hold(this.#host.tcp.connect(to, { allowHalfOpen: true, noDelay: this.#settings.noDelay, ...at }) as Socket)
  }

  /** @returns the bytes taken: all of them. */
  write(bytes: Uint8Array): number {
    const socket = this.#connected()
    this.#fail()
    if (this.#ended || socket.destroyed) throw new Refusal('EPIPE', 'the socket was shut down for writing')
    if (!this.#room) throw new Refusal('EAGAIN', 'the peer has not yet acknowledged what was written; wait until poll says writable')
    this.#room = socket.write(bytes)
    return bytes.length
  }

  /** @returns empty at the end of the stream. */
  read(most: number): Uint8Array {
    const socket = this.#connected()
    const bytes = socket.read(most)
    if (bytes !== undefined) return bytes
    this.#fail()
    if (socket.destroyed) return new Uint8Array(0)
    throw new Refusal('EAGAIN', 'nothing has come that was not read')
  }

  shutdown(how: 'read' | 'write' | 'both'): void {
    const socket = this.#connected()
    // What comes from now on is thrown away, as Linux does.
    if (how !== 'write') socket.resume()
    if (how === 'read') return
    this.#ended = true
    socket.end()
  }

  close(): void {
    this.#listener?.close()
    for (const each of this.#accepted) each.resetAndDestroy()
    if (this.#settings.reset) this.#socket?.resetAndDestroy()
    else this.#socket?.destroy()
  }

  set(settings: Partial<Settings>): void {
    Object.assign(this.#settings, settings)
    this.#apply(settings)
  }

  /** SO_ERROR: what has gone wrong since it was asked last. */
  error(): string | null {
    const error = this.#error
    this.#error = undefined
    return error ?? null
  }

  #hold(socket: Socket): void {
    this.#socket = socket
    this.#apply(this.#settings)
    socket.on('drain', () => void (this.#room = true))
    socket.on('error', ({ code }) => void (this.#error = code ?? 'EIO'))
  }

  #apply({ noDelay, keepAlive }: Partial<Settings>): void {
    if (noDelay !== undefined) this.#socket?.setNoDelay(noDelay)
    if (keepAlive !== undefined) this.#socket?.setKeepAlive(true, keepAlive)
    else if (this.#settings.keepAlive === undefined) this.#socket?.setKeepAlive(false)
  }

  #connected(): Socket {
    if (this.#socket === undefined) throw new Refusal('ENOTCONN', 'the socket has no connection')
    return this.#socket
  }

  #unused(call: string): void {
    if (this.#socket !== undefined) throw new Refusal('EISCONN', `${call} is for a socket without a connection`)
    if (this.#listener !== undefined) throw new Refusal('EINVAL', `${call} is for a socket that does not listen`)
  }

  #fail(): void {
    const error = this.error()
    if (error !== null) throw new Refusal(error, `the connection ended: ${error}`)
  }
}

/** A UDP socket. */
export class DatagramEnd {
  readonly type = 'datagram'
  readonly #host: Host
  readonly #heard: { readonly bytes: Uint8Array; readonly arrival: Arrival }[] = []
  #socket: UdpSocket | undefined
  #peer: Endpoint | undefined
  #error: string | undefined

  constructor(host: Host) {
    this.#host = host
  }

  get local(): Endpoint | undefined {
    return this.#socket?.local
  }

  get peer(): Endpoint | undefined {
    return this.#peer
  }

  get ready(): Readiness[] {
    return [...(this.#error === undefined ? [] : (['error'] as const)), ...(this.#heard.length === 0 ? [] : (['readable'] as const)), 'writable']
  }

  bind(at: Endpoint): void {
    if (this.#socket !== undefined) throw new Refusal('EINVAL', `the socket is bound to ${this.#socket.local.address}:${this.#socket.local.port} already`)
    const hear = (bytes: Uint8Array, arrival: Arrival): void => {
      const foreign = this.#peer !== undefined && (this.#peer.address !== arrival.from.address || this.#peer.port !== arrival.from.port)
      if (!foreign && this.#heard.length < mostWaiting) this.#heard.push({ bytes: bytes.slice(), arrival })
    }
    this.#socket = this.#host.bind(at, hear, ({ code }) => void (this.#error = code))
  }

  connect(to: Endpoint): void {
    this.#bound()
    this.#peer = to
  }

  write(bytes: Uint8Array, to: Endpoint | undefined): number {
    const at = to ?? this.#peer
    if (at === undefined) throw new Refusal('EDESTADDRREQ', 'say where to: "address" and "port", or connect first')
    const error = this.error()
    if (error !== null) throw new Refusal(error, `an earlier datagram came to nothing: ${error}`)
    this.#bound().send(bytes, at)
    return bytes.length
  }

  read(most: number): { readonly bytes: Uint8Array; readonly arrival: Arrival } {
    const heard = this.#heard.shift()
    if (heard !== undefined) return { bytes: heard.bytes.subarray(0, most), arrival: heard.arrival }
    const error = this.error()
    throw error === null ? new Refusal('EAGAIN', 'no datagram has come that was not read') : new Refusal(error, `a datagram of ours came to nothing: ${error}`)
  }

  close(): void {
    this.#socket?.close()
  }

  error(): string | null {
    const error = this.#error
    this.#error = undefined
    return error ?? null
  }

  #bound(): UdpSocket {
    if (this.#socket === undefined) this.bind({ address: '0.0.0.0', port: 0 })
    return this.#socket as UdpSocket
  }
}
