/** A disk for clients on a unix socket or a TCP port: QEMU, nbd-client, nbdcopy, fio. */
import { rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { BlockDevice } from '../disk/block.ts'
import { HostError } from './host-error.ts'
import { Farewell, NbdSession } from './nbd-session.ts'

export type NbdPlace = { readonly unix: string } | { readonly host: string; readonly port: number }

/** A client that reads slower than it asks is not heard while so much waits for it, in bytes. */
const mostWaiting = 64 << 20
const mostClients = 64

export class NbdServer {
  readonly #disk: BlockDevice
  readonly #name: string
  readonly #server: Server
  readonly #clients = new Set<Socket>()
  #place: NbdPlace | undefined

  /** @param name under which clients find the disk; without a name they find it, too. */
  constructor(disk: BlockDevice, name: string) {
    this.#disk = disk
    this.#name = name
    this.#server = createServer((socket) => this.#welcome(socket))
    this.#server.maxConnections = mostClients
  }

  /** @returns the address that a client is given. @throws {HostError} when the place is taken. */
  open(place: NbdPlace): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const where = 'unix' in place ? place.unix : `${place.host}:${place.port}`
        reject(new HostError(error.code ?? 'EIO', `the disk can't be served at ${where}: ${error.message}`, error.code === 'EADDRINUSE' ? 'choose another place: --unix PATH or --port NUMBER' : undefined, error))
      })
      this.#server.listen('unix' in place ? { path: place.unix } : place, () => {
        this.#place = place
        const address = this.#server.address()
        if ('unix' in place) resolve(`nbd+unix:///${encodeURIComponent(this.#name)}?socket=${place.unix}`)
        else resolve(`nbd://${place.host.includes(':') ? `[${place.host}]` : place.host}:${typeof address === 'object' ? address?.port : place.port}/${encodeURIComponent(this.#name)}`)
      })
    })
  }

  /** Lets the clients go; the disk stays open. */
  close(): void {
    this.#server.close()
    for (const socket of this.#clients) socket.destroy()
    if (this.#place !== undefined && 'unix' in this.#place) rmSync(this.#place.unix, { force: true })
  }

  #welcome(socket: Socket): void {
    this.#clients.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#clients.delete(socket))
    socket.on('drain', () => socket.resume())
    const session = new NbdSession(this.#disk, this.#name, (bytes) => {
      socket.write(bytes)
      if (socket.writableLength > mostWaiting) socket.pause()
    })
    socket.on('data', (bytes) => {
      try {
        session.hear(new Uint8Array(bytes))
      } catch (error) {
        if (!(error instanceof Farewell)) throw error
        socket.end()
        socket.removeAllListeners('data')
        socket.resume()
      }
    })
  }
}
