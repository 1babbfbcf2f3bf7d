/** RPC programs on UDP and TCP ports. RFC 5531. */
import type { ServiceRoom } from '../../src/stack/service.ts'
import type { Arrival, Listener, TcpSocket, UdpSocket } from '../../src/stack/sockets.ts'
import { Malformed } from '../../src/base/errors.ts'
import { markBytes, putMark } from '../../src/wire/rpc-record.ts'
import { Dispatcher, type Program, type RpcCounters } from './dispatch.ts'
import { RecordReader } from './records.ts'

/** Largest datagram that UDP over IPv4 carries. */
const largestDatagram = 65_507
/** A write of one MiB with all that stands around it. */
const longestRecord = 2 ** 20 + 16_384
/** Over all ports; a newcomer takes the place of who was silent for longest. */
const mostConnections = 256

/** A port and the programs behind it. */
export interface Door {
  readonly port: number
  readonly programs: readonly Program[]
}

export class RpcServer {
  /** Whether this host has TCP. */
  readonly tcp: boolean
  readonly #room: ServiceRoom
  readonly #sockets: (UdpSocket | Listener)[] = []
  readonly #dispatchers: Dispatcher[] = []
  /** The one heard last stands last. */
  readonly #connections = new Set<Connection>()
  #warned = false

  constructor(room: ServiceRoom, doors: readonly Door[]) {
    this.#room = room
    let tcp = true
    try {
      for (const door of doors) tcp = this.#open(door) && tcp
    } catch (error) {
      this.close()
      throw error
    }
    this.tcp = tcp
  }

  get counters(): RpcCounters & { connections: number } {
    const sum = { calls: 0, malformed: 0, refused: 0, repeated: 0, connections: this.#connections.size }
    for (const { counters } of this.#dispatchers) for (const key of ['calls', 'malformed', 'refused', 'repeated'] as const) sum[key] += counters[key]
    return sum
  }

  close(): void {
    for (const socket of this.#sockets) socket.close()
    for (const connection of this.#connections) connection.close()
  }

  /** @returns whether the door is open over TCP too. */
  #open({ port, programs }: Door): boolean {
    const dispatcher = new Dispatcher(programs, this.#room.scheduler)
    this.#dispatchers.push(dispatcher)
    const { sockets } = this.#room
    const udp = sockets.bind({ address: '0.0.0.0', port }, (payload, arrival) => this.#hear(dispatcher, udp, payload, arrival))
    this.#sockets.push(udp)
    try {
      this.#sockets.push(sockets.listen({ address: '0.0.0.0', port }, (socket) => this.#accept(dispatcher, socket), { noDelay: true }))
      return true
    } catch (error) {
      if ((error as { code?: string }).code !== 'EPROTONOSUPPORT') throw error
      return false
    }
  }

  #hear(dispatcher: Dispatcher, udp: UdpSocket, payload: Uint8Array, { from, to }: Arrival): void {
    const own = this.#room.interfaces.some((each) => each.ipv4?.address === to.address)
    const local = own ? to.address : (this.#room.interfaces[0]?.ipv4?.address ?? to.address)
    const before = dispatcher.counters.malformed
    const reply = dispatcher.answer(payload, { address: from.address, port: from.port, transport: 'udp', local }, 0)
    if (dispatcher.counters.malformed > before) this.#warn(from.address, 'a datagram that is no call')
    if (reply !== undefined && reply.length <= largestDatagram) udp.send(reply, from, { source: local })
  }

  #accept(dispatcher: Dispatcher, socket: TcpSocket): void {
    if (this.#connections.size >= mostConnections) {
      const [oldest] = this.#connections
      oldest.close()
    }
    const connection = new Connection(socket, dispatcher, {
      heard: () => {
        this.#connections.delete(connection)
        this.#connections.add(connection)
      },
      broken: (why) => {
        dispatcher.counters.malformed++
        this.#warn(socket.remoteAddress ?? 'somebody', why)
      },
      gone: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }

  #warn(address: string, what: string): void {
    if (this.#warned) return
    this.#warned = true
    this.#room.log.warn('rpc.malformed', `${address} sends ${what}; more of the kind is only counted`, { client: address })
  }
}

interface Events {
  readonly heard: () => void
  readonly broken: (why: string) => void
  readonly gone: () => void
}

/** A TCP connection. While the peer doesn't take what it asked for, nothing more is read from it. */
class Connection {
  readonly #socket: TcpSocket
  readonly #dispatcher: Dispatcher
  readonly #events: Events
  readonly #records = new RecordReader(longestRecord)
  #full = false
  #over = false

  constructor(socket: TcpSocket, dispatcher: Dispatcher, events: Events) {
    this.#socket = socket
    this.#dispatcher = dispatcher
    this.#events = events
    socket.on('data', (bytes) => this.#hear(bytes))
    socket.on('drain', () => this.#drained())
    socket.on('error', () => this.close())
    socket.on('close', () => this.close())
  }

  close(): void {
    if (this.#over) return
    this.#over = true
    this.#socket.destroy()
    this.#events.gone()
  }

  #hear(bytes: Uint8Array): void {
    if (this.#over) return
    this.#events.heard()
    this.#records.push(bytes)
    this.#work()
  }

  #drained(): void {
    if (this.#over || !this.#full) return
    this.#full = false
    this.#work()
    if (!this.#full) this.#socket.resume()
  }

  #work(): void {
    const { remoteAddress = '', remotePort = 0, localAddress = '' } = this.#socket
    const caller = { address: remoteAddress, port: remotePort, transport: 'tcp', local: localAddress } as const
    try {
      while (!this.#full && !this.#over) {
        const record = this.#records.next()
        if (record === undefined) return
        const reply = this.#dispatcher.answer(record, caller, markBytes)
        if (reply !== undefined) this.#send(reply)
      }
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.#events.broken(error.message)
      this.close()
    }
  }

  #send(reply: Uint8Array): void {
    putMark(reply, reply.length - markBytes)
    if (this.#socket.write(reply)) return
    this.#full = true
    this.#socket.pause()
  }
}
