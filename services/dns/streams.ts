/** DNS over TCP: connections with several questions on each, bounded in number and idle time. RFC 7766. */
import type { Alarm, Scheduler } from '../../src/base/time.ts'
import type { Listener, Sockets, TcpSocket } from '../../src/stack/sockets.ts'
import { seconds } from '../../src/base/time.ts'
import { serverPort } from '../../src/wire/dns.ts'
import { frame, Frames } from './frames.ts'

export interface StreamsParts {
  readonly name: string
  readonly sockets: Sockets
  readonly scheduler: Scheduler
  /** @param reply takes the answer, now or later, once. */
  readonly hear: (message: Uint8Array, from: string, reply: (message: Uint8Array) => void) => void
}

const mostConnections = 128
/** "idle … on the order of a few seconds" (RFC 7766 §6.2.3). */
const idle = seconds(10)

export class DnsStreams {
  readonly #parts: StreamsParts
  readonly #listener: Listener
  readonly #open = new Map<TcpSocket, Alarm>()
  #count = 0

  constructor(parts: StreamsParts) {
    this.#parts = parts
    this.#listener = parts.sockets.listen({ address: '0.0.0.0', port: serverPort }, (socket) => this.#accept(socket))
  }

  get connections(): number {
    return this.#open.size
  }

  close(): void {
    this.#listener.close()
    for (const [socket, alarm] of this.#open) {
      alarm.disarm()
      socket.destroy()
    }
    this.#open.clear()
  }

  #accept(socket: TcpSocket): void {
    if (this.#open.size >= mostConnections) return void socket.destroy()
    const frames = new Frames()
    const from = socket.remoteAddress ?? ''
    const alarm = this.#parts.scheduler.alarm(`${this.#parts.name}.stream${this.#count++}`, () => void socket.destroy())
    this.#open.set(socket, alarm)
    alarm.arm(idle)
    let clogged = false
    socket.on('drain', () => {
      clogged = false
      socket.resume()
    })
    socket.on('data', (bytes) => {
      for (const message of frames.take(bytes)) {
        alarm.arm(idle)
        this.#parts.hear(message, from, (answer) => {
          if (this.#open.has(socket)) clogged = !socket.write(frame(answer))
          // A client that asks and doesn't read the answers is not listened to.
          if (clogged) socket.pause()
        })
      }
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      alarm.disarm()
      this.#open.delete(socket)
    })
  }
}
