/** A TCP socket with the names, events and error codes of Node's net.Socket, as far as stack/sockets.ts keeps them. */
import type { Duration } from '../../base/time.ts'
import type { TcpOptions, TcpSocket } from '../sockets.ts'
import type { Connection, User } from './connection.ts'
import { milliseconds, seconds } from '../../base/time.ts'
import { keepAlive } from './timeouts.ts'
import type { BlockView } from './view.ts'
import { viewBlock } from './view.ts'

/** What a listener may be called with; each event uses what is its own. */
export type Heard = Uint8Array & (Error & { code?: string })
type Hear = (heard: Heard) => void

/** Linux' tcp_keepalive_time; RFC 9293 §3.8.4 asks for two hours at least. */
const keepAliveIdle = seconds(7200)

export class Socket implements TcpSocket, User {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  bytesRead = 0
  bytesWritten = 0
  destroyed = false
  #connection: Connection
  readonly #halfOpen: boolean
  readonly #hear = new Map<string, Hear[]>()
  /** Undefined until somebody listens for data, as in Node's streams: nothing is read before. */
  #flow: boolean | undefined
  #connecting: boolean
  #ended = false
  #endTold = false
  #wantsDrain = false
  #closeTold = false

  constructor(connection: Connection, options: TcpOptions) {
    this.#connection = connection
    const { ends, family } = connection
    this.remoteAddress = family.format(ends.remote)
    this.remotePort = ends.remotePort
    this.localAddress = family.format(ends.local)
    this.localPort = ends.localPort
    this.#halfOpen = options.allowHalfOpen ?? false
    this.#connecting = !connection.synchronized
    connection.user = this
    connection.noDelay = options.noDelay ?? false
    if (options.keepAlive === true) this.setKeepAlive(true)
  }

  get connecting(): boolean {
    return this.#connecting
  }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.#connecting && !this.destroyed) return 'opening'
    if (this.destroyed) return 'closed'
    if (this.#endTold) return this.#ended ? 'closed' : 'writeOnly'
    return this.#ended ? 'readOnly' : 'open'
  }

  /** Bytes that the peer has not acknowledged. */
  get writableLength(): number {
    return this.#connection.out.length
  }

  /** Bytes that came and were not read. */
  get unread(): number {
    return this.#connection.receiver.unread
  }

  /** The peer has ended, and all that came was read. */
  get drained(): boolean {
    return this.#connection.receiver.drained
  }

  /** The block behind the socket. */
  get info(): BlockView {
    return viewBlock(this.#connection)
  }

  get flowing(): boolean {
    return this.#flow === true && !this.destroyed
  }

  on(event: 'connect' | 'end' | 'drain' | 'close', hear: () => void): this
  on(event: 'data', hear: (bytes: Uint8Array) => void): this
  on(event: 'error', hear: (error: Error & { code?: string }) => void): this
  on(event: string, hear: Hear): this {
    this.#hear.set(event, [...(this.#hear.get(event) ?? []), hear])
    if (event === 'data' && this.#flow === undefined) this.resume()
    return this
  }

  once(event: string, hear: (heard: Heard) => void): this {
    const first: Hear = (heard) => {
      this.off(event, first)
      hear(heard)
    }
    return this.on(event as 'data', first as (bytes: Uint8Array) => void)
  }

  off(event: string, hear: (heard: Heard) => void): this {
    this.#hear.set(event, (this.#hear.get(event) ?? []).filter((each) => each !== hear))
    return this
  }

  /** The bytes are copied before this returns. @returns false when the caller should wait for `drain`. */
  write(bytes: Uint8Array): boolean {
    if (this.#ended || this.destroyed) {
      this.#failLater(this.destroyed ? 'ERR_STREAM_DESTROYED' : this.#endTold && !this.#halfOpen ? 'EPIPE' : 'ERR_STREAM_WRITE_AFTER_END', 'write')
      return false
    }
    if (bytes.length > 0) this.#connection.write(bytes)
    this.bytesWritten += bytes.length
    const room = this.#connection.hasRoom
    if (!room) this.#wantsDrain = true
    return room
  }

  /** No more is written; what is goes out, and a FIN behind it. @param bytes written first. */
  end(bytes?: Uint8Array): this {
    if (bytes !== undefined) this.write(bytes)
    if (this.#ended || this.destroyed) return this
    this.#ended = true
    this.#connection.close()
    return this
  }

  /** Lets go. What was written still goes out; with an `error` nothing does, and it is told. */
  destroy(error?: Error): this {
    if (this.destroyed) return this
    this.#let(error === undefined ? () => this.#connection.abandon() : () => this.#connection.abort(), error)
    return this
  }

  /** Closes with a reset, whatever is under way. */
  resetAndDestroy(): this {
    if (!this.destroyed) this.#let(() => this.#connection.abort(), undefined)
    return this
  }

  pause(): this {
    this.#flow = false
    return this
  }

  resume(): this {
    this.#flow = true
    if (!this.destroyed) this.#connection.ground.later(this.#connection)
    return this
  }

  /** Takes what has come, for who asks instead of listening for `data`. @returns undefined when nothing is there, and no bytes at the stream's end. */
  read(most: number): Uint8Array | undefined {
    const c = this.#connection
    const bytes = c.receiver.take(most)
    if (bytes === undefined && !c.receiver.drained) return undefined
    if (bytes === undefined) this.#endTold = true
    else this.bytesRead += bytes.length
    if (!this.destroyed) c.ground.later(c)
    return bytes ?? new Uint8Array(0)
  }

  setNoDelay(on = true): this {
    this.#connection.noDelay = on
    this.#connection.ground.later(this.#connection)
    return this
  }

  /** @param initialDelay in milliseconds, as Node has it; 0: two hours. */
  setKeepAlive(on = false, initialDelay = 0): this {
    keepAlive(this.#connection, on ? (initialDelay > 0 ? (milliseconds(initialDelay) as Duration) : keepAliveIdle) : undefined)
    return this
  }

  pump(): void {
    const c = this.#connection
    if (this.#connecting && c.synchronized) {
      this.#connecting = false
      this.#emit('connect')
    }
    this.#read(c)
    if (this.destroyed) return
    if (this.#wantsDrain && c.hasRoom && !this.#ended) {
      this.#wantsDrain = false
      this.#emit('drain')
    }
    // Both directions are done with; the protocol finishes alone.
    if (this.#endTold && c.finAcked) this.destroy()
  }

  failed(code: string): void {
    if (this.destroyed) return
    this.#let(() => {}, this.#error(code, this.#connecting ? 'connect' : 'read'))
  }

  #read(c: Connection): void {
    const { receiver } = c
    while (this.flowing) {
      const bytes = receiver.take()
      if (bytes === undefined) break
      this.bytesRead += bytes.length
      this.#emit('data', bytes)
    }
    if (this.flowing && !this.#endTold && receiver.drained) {
      this.#endTold = true
      this.#emit('end')
      if (!this.#halfOpen) this.end()
    }
  }

  #let(go: () => void, error: Error | undefined): void {
    this.destroyed = true
    const c = this.#connection
    c.user = undefined
    go()
    c.ground.after(() => {
      if (error !== undefined) this.#emit('error', error)
      if (!this.#closeTold) this.#emit('close')
      this.#closeTold = true
    })
  }

  #failLater(code: string, call: string): void {
    const error = this.#error(code, call)
    if (!this.destroyed && code === 'EPIPE') return void this.destroy(error)
    this.#connection.ground.after(() => this.#emit('error', error))
  }

  #error(code: string, syscall: string): Error {
    return Object.assign(new Error(`${syscall} ${code} ${this.remoteAddress}:${this.remotePort}`), { code, syscall, address: this.remoteAddress, port: this.remotePort })
  }

  #emit(event: string, heard?: Uint8Array | Error): void {
    for (const hear of this.#hear.get(event) ?? []) hear(heard as Heard)
  }
}
