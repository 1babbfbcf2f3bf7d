/** One UDP mapping of NAT's outside: a socket of this computer's, or two where a name server speaks IPv6 only. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Endpoint } from '../../stack/sockets.ts'
import type { OutsideEvent } from '../../nat/outside.ts'
import { getSystemErrorName } from 'node:util'
import { tryAgain } from '../uplinks/libc.ts'
import { type ErrorQueue, errorQueue, fdOf } from './error-queue.ts'
import type { SocketCalls } from './socket-calls.ts'

/** Bytes that Node may hold for a socket that does not get rid of them. */
const mostQueued = 1 << 20
/** What the kernel may hold of one socket's while we are busy; it gives less to who has no rights (net.core.rmem_max). A burst of 64-byte datagrams weighs a kilobyte each there. */
const kernelQueueBytes = 1 << 20

interface Own {
  /** -1: not known. */
  readonly fd: number
  readonly socket: Socket
  ttl: number
}

export class HostDatagrams {
  readonly #flow: number
  readonly #enter: (event: OutsideEvent) => void
  /** What addresses are called inside where that is another name: a name server is the resolver. */
  readonly #names = new Map<string, string>()
  readonly #sockets = new Map<'udp4' | 'udp6', Own>()

  readonly #calls: SocketCalls | undefined

  /** @param calls for sending past Node, where they are. */
  constructor(flow: number, enter: (event: OutsideEvent) => void, calls?: SocketCalls) {
    this.#calls = calls
    this.#flow = flow
    this.#enter = enter
  }

  /** @param name what the address is called inside. */
  send(to: Endpoint, bytes: Uint8Array, ttl: number, name: string): void {
    if (name === to.address) this.#names.delete(name)
    else this.#names.set(to.address, name)
    const type = isIPv6(to.address) ? 'udp6' : 'udp4'
    const own = this.#sockets.get(type) ?? this.#open(type)
    if (own === undefined || own.socket.getSendQueueSize() > mostQueued) return
    if (own.ttl !== ttl) {
      own.socket.setTTL(ttl)
      own.ttl = ttl
    }
    if (own.fd >= 0 && this.#calls !== undefined && !to.address.includes('%')) return this.#sendRaw(own.fd, this.#calls, to, bytes)
    own.socket.send(bytes, to.port, to.address, (error: NodeJS.ErrnoException | null) => {
      if (error !== null) this.#complain(to.address, to.port, { by: undefined, code: error.code ?? 'EIO', mtu: 0 })
    })
  }

  /** Past Node's queue of requests, which costs several times the call. What the host has no room for is lost, as on any interface. */
  #sendRaw(fd: number, calls: SocketCalls, to: Endpoint, bytes: Uint8Array): void {
    let result = calls.sendTo(fd, bytes, to)
    // An error of the datagram before, which the queue of errors tells about, comes out of this call and is gone with it.
    if (result < 0 && result !== tryAgain) result = calls.sendTo(fd, bytes, to)
    if (result >= 0 || result === tryAgain) return
    const code = getSystemErrorName(result)
    setImmediate(() => this.#complain(to.address, to.port, { by: undefined, code, mtu: 0 }))
  }

  close(): void {
    for (const { socket } of this.#sockets.values()) socket.close()
    this.#sockets.clear()
  }

  #open(type: 'udp4' | 'udp6'): Own | undefined {
    // Addresses only, so nothing is looked up, and what is sent is sent inside the call: with its own time to live.
    const socket = createSocket({ type, recvBufferSize: kernelQueueBytes, lookup: (address, _, done) => done(null, address, type === 'udp4' ? 4 : 6) })
    socket.on('message', (bytes, { address, port }) => this.#enter({ kind: 'datagram', flow: this.#flow, from: { address: this.#nameOf(address), port }, bytes }))
    let queue: ErrorQueue | undefined
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (queue?.drain() !== true && error.syscall !== 'recvmsg') this.#lose(type, error.code ?? 'EIO')
    })
    socket.bind({ port: 0, exclusive: true })
    const own = { socket, ttl: 64, fd: this.#calls === undefined ? -1 : fdOf(socket) }
    this.#sockets.set(type, own)
    queue = errorQueue(socket, (error) => this.#complain(error.to, error.port, error), type === 'udp6')
    return own
  }

  #lose(type: 'udp4' | 'udp6', code: string): void {
    this.#sockets.get(type)?.socket.close()
    this.#sockets.delete(type)
    this.#enter({ kind: 'lost', flow: this.#flow, code })
  }

  #complain(address: string, port: number, { by, code, mtu }: { readonly by: string | undefined; readonly code: string; readonly mtu: number }): void {
    this.#enter({ kind: 'complaint', flow: this.#flow, to: { address: this.#nameOf(address), port }, sequence: 0, complaint: { by: by === undefined || this.#names.has(by) ? undefined : by, code, mtu } })
  }

  #nameOf(address: string): string {
    return this.#names.get(address) ?? address
  }
}
