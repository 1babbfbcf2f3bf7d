/**
 * Where the next data connection comes from or goes to. RFC 959 §3.2, 5.2; RFC 2428; against theft and bounce RFC 2577 §3, §4:
 * only the control connection's own peer may come, and only to it do we go.
 */
import type { Listener, Sockets, TcpSocket } from '../../src/stack/sockets.ts'

export interface DataPortParts {
  readonly sockets: Sockets
  /** The two ends of the control connection. */
  readonly local: string
  readonly peer: string
  /** A stranger came to the passive port. */
  readonly stranger: (address: string) => void
}

/** Said when a transfer is asked for and no data port was. */
export const notReady = 'Say PASV, EPSV, PORT or EPRT first'

export class DataPort {
  readonly #parts: DataPortParts
  #listener: Listener | undefined
  /** Came before it was asked for. */
  #early: TcpSocket | undefined
  #target: number | undefined
  #wanted: ((socket: TcpSocket) => void) | undefined

  constructor(parts: DataPortParts) {
    this.#parts = parts
  }

  /** Whether PORT, PASV or their like has been said for the next transfer. */
  get ready(): boolean {
    return this.#listener !== undefined || this.#early !== undefined || this.#target !== undefined
  }

  /** @returns the port that the client is to come to. @throws {Error} with `code` EADDRINUSE. */
  passive(): number {
    this.close()
    const { sockets, local, peer } = this.#parts
    this.#listener = sockets.listen({ address: local, port: 0 }, (socket) => {
      if (socket.remoteAddress !== peer || this.#early !== undefined) {
        if (socket.remoteAddress !== peer) this.#parts.stranger(socket.remoteAddress ?? '')
        return void socket.destroy()
      }
      this.#listener?.close()
      this.#listener = undefined
      // What it sends before it is wanted waits in the stack.
      socket.pause()
      socket.on('error', () => undefined)
      const wanted = this.#wanted
      this.#wanted = undefined
      if (wanted === undefined) this.#early = socket
      else wanted(socket)
    }, { allowHalfOpen: true })
    return this.#listener.local.port
  }

  /** @returns false: not the control connection's peer, or a port that belongs to a system. */
  active(address: string, port: number): boolean {
    this.close()
    if (address !== this.#parts.peer || port < 1024 || port > 65_535) return false
    this.#target = port
    return true
  }

  /** The data connection, once: `use` hears it when it stands, now or later; `failed` that the client can't be reached. */
  take(use: (socket: TcpSocket) => void, failed: (code: string) => void): void {
    const { sockets, peer } = this.#parts
    const early = this.#early
    const target = this.#target
    this.#early = undefined
    this.#target = undefined
    if (early !== undefined) return use(early)
    this.#wanted = use
    if (target === undefined) return
    const socket = sockets.connect({ address: peer, port: target }, { allowHalfOpen: true })
    socket.on('connect', () => {
      const wanted = this.#wanted
      this.#wanted = undefined
      if (wanted === undefined) socket.destroy()
      else wanted(socket)
    })
    socket.on('error', (error) => {
      const waiting = this.#wanted !== undefined
      this.#wanted = undefined
      if (waiting) failed(error.code ?? error.message)
    })
  }

  close(): void {
    this.#listener?.close()
    this.#early?.destroy()
    this.#listener = undefined
    this.#early = undefined
    this.#target = undefined
    this.#wanted = undefined
  }
}
