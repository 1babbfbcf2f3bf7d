/** A port of this computer for one connection that was announced: open for a minute, and to one address only. */
import { createSocket } from 'node:dgram'
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import type { Endpoint } from '../../stack/sockets.ts'
import { plain } from './plain-address.ts'

const patience = 60_000

export class ExpectedPort {
  readonly #server: Server
  readonly #timer: NodeJS.Timeout
  #closed = false

  /**
   * @param from who may come. @param opened hears where that is, once, or undefined when there is no such port.
   * @param came the connection, at most once.
   */
  constructor(from: Endpoint, opened: (at: Endpoint | undefined) => void, came: (socket: Socket) => void) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      if (plain(socket.remoteAddress ?? '') !== from.address || this.#closed) {
        socket.on('error', () => {})
        return void socket.resetAndDestroy()
      }
      this.close()
      came(socket)
    })
    this.#timer = setTimeout(() => this.close(), patience)
    this.#timer.unref()
    this.#server.once('error', () => this.#fail(opened))
    this.#reach(from, (address) => {
      if (this.#closed) return
      if (address === undefined) return this.#fail(opened)
      this.#server.listen({ host: address, port: 0, exclusive: true, backlog: 1 }, () => opened({ address, port: (this.#server.address() as { port: number }).port }))
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    this.#server.close()
  }

  #fail(opened: (at: undefined) => void): void {
    if (this.#closed) return
    this.close()
    opened(undefined)
  }

  /** Which of this computer's addresses somebody is spoken with from: the one that he can dial. */
  #reach({ address, port }: Endpoint, tell: (own: string | undefined) => void): void {
    const probe = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    const done = (own: string | undefined): void => {
      probe.close()
      tell(own)
    }
    // Nothing is sent: a datagram socket that is connected only has its own address chosen.
    probe.connect(port, address, ((error?: Error) => done(error instanceof Error ? undefined : probe.address().address)) as () => void)
  }
}
