/** `node:dgram` inside a lab: Node's UDP sockets over the simulated host's. Multicast groups are not joined; IPv6 is not there yet. */
import { EventEmitter } from 'node:events'
import type { Arrival, UdpSocket } from '../../stack/sockets.ts'
import type { Inside } from './inside.ts'
import { lookupInside } from './dns.ts'

type SendDone = (error: Error | null, bytes: number) => void
type Data = Uint8Array | string | readonly (Uint8Array | string)[]

/** What waits for somebody to listen: `dgram-as-promised` and its like take their listener off between two messages. */
const mostWaiting = 256

export class DgramSocket extends EventEmitter {
  readonly type: string
  readonly #inside: Inside
  #socket: UdpSocket | undefined
  #peer: { address: string; port: number } | undefined
  #closed = false
  readonly #waiting: (() => void)[] = []

  constructor(inside: Inside, options: string | { type?: string }, hear?: (...heard: unknown[]) => void) {
    super()
    this.#inside = inside
    this.type = (typeof options === 'string' ? options : options.type) ?? 'udp4'
    if (this.type !== 'udp4' && this.type !== 'udp6') throw Object.assign(new TypeError('Bad socket type specified. Valid types are: udp4, udp6'), { code: 'ERR_SOCKET_BAD_TYPE' })
    if (hear !== undefined) super.on('message', hear)
  }

  override on(event: string | symbol, hear: (...heard: unknown[]) => void): this {
    super.on(event, hear)
    if (event === 'message') for (const tell of this.#waiting.splice(0)) tell()
    return this
  }

  override once(event: string | symbol, hear: (...heard: unknown[]) => void): this {
    super.once(event, hear)
    if (event === 'message') this.#waiting.shift()?.()
    return this
  }

  /** `bind(port, address, done)`, `bind({ port, address }, done)`, `bind(done)`. */
  bind(...words: unknown[]): this {
    const done = words.find((word): word is () => void => typeof word === 'function')
    const [first, second] = words
    const { port = 0, address } = typeof first === 'object' && first !== null ? (first as { port?: number; address?: string }) : { port: typeof first === 'number' || typeof first === 'string' ? Number(first) : 0, address: typeof second === 'string' ? second : undefined }
    if (done !== undefined) super.once('listening', done)
    this.#tried(() => {
      if (this.#socket !== undefined) throw Object.assign(new Error('Socket is already bound'), { code: 'ERR_SOCKET_ALREADY_BOUND' })
      this.#open(port, address ?? '0.0.0.0')
    })
    return this
  }

  connect(port: number, address: string | (() => void) = '127.0.0.1', done?: () => void): void {
    const told = typeof address === 'function' ? address : done
    this.#peer = { port, address: lookupInside(this.#inside, typeof address === 'string' ? address : '127.0.0.1') ?? String(address) }
    this.#open(0, '0.0.0.0')
    if (told !== undefined) super.once('connect', told)
    process.nextTick(() => this.emit('connect'))
  }

  disconnect(): void {
    this.#peer = undefined
  }

  /** `send(data, [offset, length], [port, [address]], [done])`. */
  send(data: Data, ...words: unknown[]): void {
    const done = words.find((word): word is SendDone => typeof word === 'function')
    const plain = words.filter((word) => typeof word !== 'function' && word !== undefined)
    const sliced = !Array.isArray(data) && typeof plain[0] === 'number' && typeof plain[1] === 'number' && (plain.length >= 3 || this.#peer !== undefined)
    const [offset, length] = sliced ? (plain.splice(0, 2) as [number, number]) : []
    const whole = joined(data)
    const bytes = offset === undefined ? whole : whole.subarray(offset, offset + (length as number))
    const [port = this.#peer?.port, address = this.#peer?.address ?? '127.0.0.1'] = plain as [number | undefined, string | undefined]
    this.#tried(() => {
      const known = lookupInside(this.#inside, address)
      if (known === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${address}`), { code: 'ENOTFOUND', hostname: address })
      this.#open(0, '0.0.0.0').send(bytes, { address: known, port: Number(port) })
      if (done !== undefined) process.nextTick(() => done(null, bytes.length))
    }, done)
  }

  address(): { address: string; port: number; family: 'IPv4' } {
    if (this.#socket === undefined) throw Object.assign(new Error('getsockname EBADF'), { code: 'EBADF' })
    return { ...this.#socket.local, family: 'IPv4' }
  }

  remoteAddress(): { address: string; port: number; family: 'IPv4' } {
    if (this.#peer === undefined) throw Object.assign(new Error('Not connected'), { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' })
    return { ...this.#peer, family: 'IPv4' }
  }

  close(done?: () => void): this {
    if (this.#closed) throw Object.assign(new Error('Not running'), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' })
    this.#closed = true
    this.#socket?.close()
    if (done !== undefined) super.once('close', done)
    process.nextTick(() => this.emit('close'))
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  setBroadcast(): void {}
  setTTL(ttl: number): number {
    return ttl
  }
  setMulticastTTL(ttl: number): number {
    return ttl
  }
  setMulticastLoopback(on: boolean): boolean {
    return on
  }
  setMulticastInterface(): void {}
  addMembership(): void {}
  dropMembership(): void {}
  getRecvBufferSize(): number {
    return 212_992
  }
  getSendBufferSize(): number {
    return 212_992
  }
  setRecvBufferSize(): void {}
  setSendBufferSize(): void {}
  getSendQueueSize(): number {
    return 0
  }
  getSendQueueCount(): number {
    return 0
  }

  #open(port: number, address: string): UdpSocket {
    if (this.#closed) throw Object.assign(new Error('Not running'), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' })
    if (this.#socket === undefined) {
      this.#socket = this.#inside.sockets.bind({ address, port }, (payload, arrival) => this.#hear(payload, arrival), ({ code, to }) => this.#refused(code, to))
      process.nextTick(() => this.emit('listening'))
    }
    return this.#socket
  }

  #hear(payload: Uint8Array, { from }: Arrival): void {
    if (this.#peer !== undefined && (from.address !== this.#peer.address || from.port !== this.#peer.port)) return
    const message = Buffer.from(payload)
    const tell = (): void => this.#inside.deliver(() => this.emit('message', message, { ...from, family: 'IPv4', size: message.length }))
    if (this.listenerCount('message') > 0) tell()
    else if (this.#waiting.length < mostWaiting) this.#waiting.push(tell)
  }

  /** As Linux, only a connected socket hears of ICMP errors. */
  #refused(code: string, { address, port }: { address: string; port: number }): void {
    if (this.#peer === undefined) return
    this.#inside.deliver(() => this.emit('error', Object.assign(new Error(`recvmsg ${code}`), { code, syscall: 'recvmsg', address, port })))
  }

  #tried(act: () => void, done?: SendDone): void {
    try {
      act()
    } catch (error) {
      if ((error as { code?: string }).code === undefined) throw error
      process.nextTick(() => (done === undefined ? this.emit('error', error) : done(error as Error, 0)))
    }
  }
}

function joined(data: Data): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  if (data instanceof Uint8Array) return data
  return Buffer.concat((data as readonly (Uint8Array | string)[]).map((each) => (typeof each === 'string' ? Buffer.from(each) : each)))
}

/** The module, for `require('dgram')`. */
export function dgramModule(inside: Inside): Record<string, unknown> {
  class Socket extends DgramSocket {
    constructor(options: string | { type?: string }, hear?: (...heard: unknown[]) => void) {
      super(inside, options, hear)
    }
  }
  return { createSocket: (options: string | { type?: string }, hear?: (...heard: unknown[]) => void) => new Socket(options, hear), Socket }
}
