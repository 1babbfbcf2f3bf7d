/**
 * The HTTP service point: static files by HTTP/1.1. RFC 9110, 9112.
 *
 * It is our own small server and not Node's: a service point has no window on the host, and with virtual time for Date and time-outs the
 * same run sends the same bytes. Node's own server runs in a lab as well, as any Node library does (host/node-facade).
 */
import type { FileTree } from '../../src/stack/files.ts'
import type { ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import type { Listener, TcpSocket } from '../../src/stack/sockets.ts'
import type { Answer } from './answer.ts'
import type { HttpConfig } from './config.ts'
import type { Request } from './request.ts'
import { usualEpoch } from '../../src/base/calendar.ts'
import { legible } from '../../src/wire/format.ts'
import { nearNames } from '../tftp/look.ts'
import { answerTo } from './answer.ts'
import { parseConfig } from './config.ts'
import { Connection } from './connection.ts'
import { formatDate } from './http-date.ts'

export const http: ServiceKind<HttpConfig> = { kind: 'http', bothVersions: true, parse: parseConfig, create: (config, room) => new HttpService(config, room) }

class HttpService implements ServicePoint {
  readonly #config: HttpConfig
  readonly #room: ServiceRoom
  readonly #files: FileTree
  readonly #listener: Listener
  readonly #connections = new Set<Connection>()
  readonly #counters = { served: 0, missing: 0, refused: 0, turnedAway: 0 }
  #count = 0

  constructor(config: HttpConfig, room: ServiceRoom) {
    this.#config = config
    this.#room = room
    this.#files = room.files(config.root)
    this.#listener = room.sockets.listen({ address: '0.0.0.0', port: config.port }, (socket) => this.#accept(socket), { allowHalfOpen: true })
  }

  close(): void {
    this.#listener.close()
    for (const connection of this.#connections) connection.close()
  }

  inspect(): ReturnType<NonNullable<ServicePoint['inspect']>> {
    return { counters: [{ ...this.#counters, connections: this.#connections.size }] }
  }

  #accept(socket: TcpSocket): void {
    const client = socket.remoteAddress ?? ''
    if (this.#connections.size >= this.#config.connections) {
      this.#counters.turnedAway++
      if (this.#counters.turnedAway === 1) this.#room.log.warn('http.busy', `${client} is turned away: there are ${this.#connections.size} connections already`, { client })
      return void socket.destroy()
    }
    const { scheduler, name } = this.#room
    const connection = new Connection({
      socket,
      alarm: (ring) => scheduler.alarm(`${name}.connection${this.#count++}`, ring),
      idle: this.#config.idle,
      date: () => formatDate(usualEpoch + scheduler.now / 1e9),
      answer: (request) => answerTo(request, this.#files, this.#config),
      done: (request, answer, bytes) => this.#done(client, request, answer, bytes),
      closed: () => void this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }

  #done(client: string, request: Request | undefined, { status, name, headers }: Answer, bytes: number): void {
    const { log } = this.#room
    const file = legible(name)
    const fields = { client, file, status, bytes }
    if (status === 404) return this.#missing(client, name)
    if (status >= 400) {
      this.#counters.refused++
      return log.warn('http.refused', `${client} is refused ${file === '' ? 'a request' : file}: ${status}`, fields)
    }
    this.#counters.served++
    const length = Number(headers.find(([key]) => key === 'Content-Length')?.[1] ?? 0)
    if (request?.method === 'GET' && bytes < length) log.warn('http.cut', `${client} went away after ${bytes} of ${length} bytes of ${file}`, fields)
    else log.info('http.done', `${client} has ${file}, ${bytes} bytes, status ${status}`, fields)
  }

  #missing(client: string, name: string): void {
    this.#counters.missing++
    const near = nearNames(this.#files, name)
    const file = legible(name)
    this.#room.log.warn('http.missing', `${client} asks for ${file}, which is not there${near.length === 0 ? '' : `; there is ${near.join(', ')}`}`, { client, file, ...(near.length === 0 ? {} : { near: near.join(', ') }) })
  }
}
