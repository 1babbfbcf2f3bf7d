/** `net.Socket` inside a lab: a Duplex over a connection of the simulated host's. */
import { Duplex } from 'node:stream'
import type { TcpSocket } from '../../stack/sockets.ts'
import type { Inside } from './inside.ts'
import { lookupInside } from './dns.ts'
import { Timeout } from './timers.ts'

export interface ConnectOptions {
  readonly port?: number | string
  readonly host?: string
}

type Done = (error?: Error | null) => void

export class NetSocket extends Duplex {
  readonly #inside: Inside
  #tcp: TcpSocket | undefined
  #connecting = false
  #drained: Done | undefined
  #idle: Timeout | undefined
  #idleFor = 0
  bytesRead = 0
  bytesWritten = 0
  timeout: number | undefined

  constructor(inside: Inside, options: { allowHalfOpen?: boolean } = {}, tcp?: TcpSocket) {
    super({ allowHalfOpen: options.allowHalfOpen ?? false, emitClose: true, autoDestroy: true })
    this.#inside = inside
    if (tcp !== undefined) this.#take(tcp)
  }

  /** `connect(port, host, done)`, `connect({ port, host }, done)`. */
  connect(...words: unknown[]): this {
    const { port, host = 'localhost' } = connectOptions(words)
    const done = words.find((word): word is () => void => typeof word === 'function')
    if (done !== undefined) this.once('connect', done)
    this.#connecting = true
    const address = lookupInside(this.#inside, host)
    if (address === undefined) {
      process.nextTick(() => this.destroy(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND', hostname: host })))
      return this
    }
    this.#take(this.#inside.sockets.connect({ address, port: Number(port) }, { allowHalfOpen: true }))
    return this
  }

  get connecting(): boolean {
    return this.#connecting
  }
  get pending(): boolean {
    return this.#tcp === undefined || this.#connecting
  }
  get readyState(): string {
    return this.#connecting ? 'opening' : this.destroyed ? 'closed' : this.readable && this.writable ? 'open' : this.readable ? 'readOnly' : this.writable ? 'writeOnly' : 'closed'
  }
  get remoteAddress(): string | undefined {
    return this.#tcp?.remoteAddress
  }
  get remotePort(): number | undefined {
    return this.#tcp?.remotePort
  }
  get remoteFamily(): string | undefined {
    return this.#tcp === undefined ? undefined : 'IPv4'
  }
  get localAddress(): string | undefined {
    return this.#tcp?.localAddress
  }
  get localPort(): number | undefined {
    return this.#tcp?.localPort
  }
  get localFamily(): string | undefined {
    return this.#tcp === undefined ? undefined : 'IPv4'
  }

  address(): object {
    return this.#tcp === undefined ? {} : { address: this.localAddress, port: this.localPort, family: 'IPv4' }
  }

  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  resetAndDestroy(): this {
    return this.destroy()
  }

  /** Silence for so long, in virtual milliseconds, is told by `timeout`; nothing is closed by it. */
  setTimeout(wait: number, done?: () => void): this {
    this.#idle?.close()
    this.timeout = wait
    this.#idleFor = wait
    this.#idle = wait > 0 ? new Timeout(this.#inside, () => void this.emit('timeout'), wait, false, []) : undefined
    if (done !== undefined) {
      if (wait > 0) this.once('timeout', done)
      else this.off('timeout', done)
    }
    return this
  }

  override _read(): void {
    this.#tcp?.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#active()
    if (this.#tcp === undefined) return done(Object.assign(new Error('This socket is not connected'), { code: 'ENOTCONN' }))
    this.bytesWritten += chunk.length
    if (this.#tcp.write(chunk)) done()
    else this.#drained = done
  }

  override _final(done: Done): void {
    this.#tcp?.end()
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#idle?.close()
    this.#tcp?.destroy()
    const waiting = this.#drained
    this.#drained = undefined
    waiting?.(error ?? Object.assign(new Error('The socket was closed'), { code: 'ERR_STREAM_DESTROYED' }))
    done(error)
  }

  #take(tcp: TcpSocket): void {
    this.#tcp = tcp
    const deliver = (act: () => void): void => this.#inside.deliver(() => {
      if (!this.destroyed) act()
    })
    tcp.on('connect', () => deliver(() => {
      this.#connecting = false
      this.emit('connect')
      this.emit('ready')
    }))
    tcp.on('data', (bytes) => deliver(() => {
      this.#active()
      this.bytesRead += bytes.length
      if (!this.push(Buffer.from(bytes))) tcp.pause()
    }))
    tcp.on('end', () => deliver(() => {
      this.push(null)
      // Without a reader the end would never be seen (as net.Socket does).
      if (this.readableLength === 0) this.read(0)
    }))
    tcp.on('drain', () => deliver(() => {
      const done = this.#drained
      this.#drained = undefined
      done?.()
    }))
    tcp.on('error', (error) => deliver(() => this.destroy(error)))
    tcp.on('close', () => deliver(() => {
      if (this.readableEnded && this.writableFinished) this.destroy()
      else if (!this.readableEnded && this.readableLength === 0) this.destroy()
    }))
  }

  #active(): void {
    if (this.#idleFor > 0) this.#idle?.refresh()
  }
}

/** The options in any of the forms that net.connect takes. */
export function connectOptions(words: readonly unknown[]): ConnectOptions {
  const [first, second] = words
  if (typeof first === 'object' && first !== null) return first as ConnectOptions
  return { port: first as number, ...(typeof second === 'string' ? { host: second } : {}) }
}
