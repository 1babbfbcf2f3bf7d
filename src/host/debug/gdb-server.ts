/** Where a debugger comes in: a TCP port for one machine, one debugger at a time. */
import { createServer, type Server, type Socket } from 'node:net'
import type { Debuggee } from '../../lab/debug/debuggee.ts'
import { GdbSession } from '../../lab/debug/gdb-session.ts'
import { HostError } from '../host-error.ts'

export interface GdbPlace {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
}

export class GdbServer {
  readonly #attach: () => Debuggee
  readonly #server: Server
  #guest: { readonly socket: Socket; readonly session: GdbSession } | undefined

  /** @param attach called when a debugger comes: from then on the machine stands, until the debuggee is released. */
  constructor(attach: () => Debuggee) {
    this.#attach = attach
    this.#server = createServer({ noDelay: true }, (socket) => this.#welcome(socket))
  }

  /** @returns where it listens. @throws {HostError} when the port is taken. */
  open({ host, port }: GdbPlace): Promise<GdbPlace> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', ({ code = 'EIO', message }: NodeJS.ErrnoException) => {
        reject(new HostError(code, `no debugger can come in at ${host}:${port}: ${message}`, code === 'EADDRINUSE' ? 'choose another port, or none: any free one is taken' : undefined))
      })
      this.#server.listen({ host, port }, () => {
        const address = this.#server.address()
        resolve({ host, port: typeof address === 'object' && address !== null ? address.port : port })
      })
    })
  }

  /** Sends the debugger away; the machine goes on. */
  close(): void {
    this.#server.close()
    this.#guest?.socket.destroy()
  }

  #welcome(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    if (this.#guest !== undefined) return void socket.destroy()
    const session = new GdbSession(this.#attach(), (bytes) => void socket.write(bytes))
    this.#guest = { socket, session }
    socket.on('data', (bytes) => session.receive(new Uint8Array(bytes)))
    socket.on('close', () => {
      this.#guest = undefined
      session.close()
    })
  }
}
