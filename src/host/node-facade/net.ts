/** `node:net` inside a lab. Unix sockets and named pipes are the host's and are not there. */
import { EventEmitter } from 'node:events'
import nodeNet from 'node:net'
import type { Listener, TcpSocket } from '../../stack/sockets.ts'
import type { Inside } from './inside.ts'
import { connectOptions, NetSocket } from './net-socket.ts'

interface ServerOptions {
  readonly allowHalfOpen?: boolean
  readonly pauseOnConnect?: boolean
}

/** How a server gets its connections; `http.Server` is given the same (http.ts). */
export class Listening {
  readonly #inside: Inside
  readonly #emitter: EventEmitter
  readonly #options: ServerOptions
  readonly connections = new Set<NetSocket>()
  #listener: Listener | undefined
  maxConnections = Number.POSITIVE_INFINITY

  constructor(inside: Inside, emitter: EventEmitter, options: ServerOptions = {}) {
    this.#inside = inside
    this.#emitter = emitter
    this.#options = options
  }

  get open(): boolean {
    return this.#listener !== undefined
  }

  /** `listen(port, host, backlog, done)`, `listen({ port, host }, done)`. */
  listen(words: readonly unknown[]): void {
    const done = words.find((word): word is () => void => typeof word === 'function')
    const { port = 0, host = '0.0.0.0' } = connectOptions(words.filter((word) => typeof word !== 'function'))
    if (done !== undefined) this.#emitter.once('listening', done)
    try {
      const address = host === '::' || host === 'localhost' ? '0.0.0.0' : host
      this.#listener = this.#inside.sockets.listen({ address, port: Number(port) }, (tcp) => this.#accept(tcp), { allowHalfOpen: true })
      process.nextTick(() => this.#emitter.emit('listening'))
    } catch (error) {
      process.nextTick(() => this.#emitter.emit('error', Object.assign(error as Error, { syscall: 'listen', address: host, port })))
    }
  }

  address(): { address: string; port: number; family: string } | null {
    return this.#listener === undefined ? null : { ...this.#listener.local, family: 'IPv4' }
  }

  /** `close` is told when the last connection has gone. */
  close(done?: (error?: Error) => void): void {
    if (this.#listener === undefined) {
      if (done !== undefined) process.nextTick(done, Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' }))
      return
    }
    if (done !== undefined) this.#emitter.once('close', done)
    this.#listener.close()
    this.#listener = undefined
    this.#closed()
  }

  #accept(tcp: TcpSocket): void {
    if (this.connections.size >= this.maxConnections) return void tcp.destroy()
    this.#inside.deliver(() => {
      const socket = new NetSocket(this.#inside, this.#options, tcp)
      this.connections.add(socket)
      socket.once('close', () => {
        this.connections.delete(socket)
        this.#closed()
      })
      if (this.#options.pauseOnConnect === true) socket.pause()
      this.#emitter.emit('connection', socket)
    })
  }

  #closed(): void {
    if (this.#listener === undefined && this.connections.size === 0) process.nextTick(() => this.#emitter.emit('close'))
  }
}

export class NetServer extends EventEmitter {
  readonly #listening: Listening

  constructor(inside: Inside, options: ServerOptions = {}, hear?: (socket: NetSocket) => void) {
    super()
    this.#listening = new Listening(inside, this, options)
    if (hear !== undefined) this.on('connection', hear)
  }

  get listening(): boolean {
    return this.#listening.open
  }
  get maxConnections(): number {
    return this.#listening.maxConnections
  }
  set maxConnections(count: number) {
    this.#listening.maxConnections = count
  }

  listen(...words: unknown[]): this {
    this.#listening.listen(words)
    return this
  }

  address(): ReturnType<Listening['address']> {
    return this.#listening.address()
  }

  close(done?: (error?: Error) => void): this {
    this.#listening.close(done)
    return this
  }

  getConnections(tell: (error: null, count: number) => void): this {
    process.nextTick(tell, null, this.#listening.connections.size)
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

/** The module, for `require('net')`. */
export function netModule(inside: Inside): Record<string, unknown> {
  class Socket extends NetSocket {
    constructor(options?: ServerOptions) {
      super(inside, options)
    }
  }
  class Server extends NetServer {
    constructor(options?: ServerOptions | ((socket: NetSocket) => void), hear?: (socket: NetSocket) => void) {
      super(inside, typeof options === 'function' ? {} : options, typeof options === 'function' ? options : hear)
    }
  }
  const connect = (...words: unknown[]): Socket => new Socket(connectOptions(words) as ServerOptions).connect(...words)
  const createServer = (options?: ServerOptions, hear?: (socket: NetSocket) => void): Server => new Server(options, hear)
  const { isIP, isIPv4, isIPv6, BlockList, SocketAddress } = nodeNet
  return { Socket, Stream: Socket, Server, connect, createConnection: connect, createServer, isIP, isIPv4, isIPv6, BlockList, SocketAddress }
}
