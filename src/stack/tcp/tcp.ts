/**
 * TCP. RFC 9293, with window scale and timestamps (RFC 7323), SACK (RFC 2018, RFC 2883), RACK-TLP (RFC 8985) or NewReno (RFC 6582),
 * PRR (RFC 6937), CUBIC (RFC 9438), RFC 5961's defences and RFC 6528's initial sequence numbers.
 *
 * Theory of operation
 *
 * A connection is a `Connection` (connection.ts): RFC 9293's Transmission Control Block. What happens to it stands in files by role, as
 * functions over the block: arrive.ts (a segment came), handshake.ts (SYNs), acknowledge.ts (the ACK field), recovery.ts (what is lost
 * and what that means), receive.ts (text and window), output.ts (what may leave), timeouts.ts (what time brings), transmit.ts (how a
 * segment is written). Parts that know nothing of connections have state of their own: scoreboard.ts, rack.ts, cubic.ts, reduction.ts,
 * round-trip.ts, islands.ts, ring.ts, timer.ts.
 *
 * There are three ways in, and each ends in `Connection.settle()`: a segment, an alarm, a call of the user's. settle() tells the user what
 * there is (events run here, and nowhere else), then sends all that may be sent, then sends an acknowledgment alone if one is still owed.
 * So an answer that a user writes while it hears `data` carries the acknowledgment of that data. Calls of the user's only change the block
 * and ask for settle() after the present call, one nanosecond later (`later`): a header, a body and an end that are written one after
 * another leave as one segment, and no event runs inside a call.
 *
 * Sequence numbers are unwrapped (sequence.ts): they count on beyond 2^32 and compare with `<`. Bytes stand in rings under them.
 *
 * Sent and unacknowledged: the scoreboard has one piece for each segment sent, or for each super-frame, until acknowledgments or the
 * congestion window cut it. Every piece is in flight, sacked, or lost; `pipe` is what is in flight. RACK marks pieces lost, output()
 * sends lost ones before new ones, and each sending puts a piece at the end of the list by time, where RACK looks first for the overdue.
 *
 * Super-frames: where the interface lets checksum and segmentation be owed (link/port.ts), output() sends up to 64 KiB at once, cut by
 * whoever can't take it whole. What arrives as a super-frame is one segment to arrive.ts, which is told its segment size for the
 * counting of delayed acknowledgments only.
 *
 * Time: one timer for the sender (timeouts.ts says for what), one for the delayed acknowledgment, one for slow things. A timer that is put
 * off costs nothing (timer.ts). Connections in TIME-WAIT are a few words in one queue behind one alarm (time-wait.ts).
 *
 * Bounds, for hostile peers: half-open connections (accept.ts), connections, those in TIME-WAIT and bytes of all (settings.ts), islands
 * (islands.ts), pieces (scoreboard.ts), challenge ACKs (challenge.ts), dials held for NAT (forward.ts). No bytes throw.
 *
 * TCP does not look into addresses: a `Family` (family.ts) does, one for each IP version. Before you edit, read RFC 9293 §3.10 beside
 * arrive.ts, and the tests of the same names, which quote the section that each of them holds.
 */
import type { Scheduler } from '../../base/time.ts'
import type { Random } from '../../base/random.ts'
import type { Options } from '../../wire/tcp-options.ts'
import type { Parsed } from '../../wire/tcp.ts'
import type { Ip } from '../ip.ts'
import type { Failure, Incoming, IpProtocol } from '../protocol.ts'
import type { Endpoint, Listener, TcpOptions, TcpSocket } from '../sockets.ts'
import type { Ground } from './connection.ts'
import type { Address, Arriving, Ends, Family, Reach } from './family.ts'
import type { Dial } from './forward.ts'
import { u32be } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import * as tcp from '../../wire/tcp.ts'
import { parseOptions } from '../../wire/tcp-options.ts'
import { Listening } from './accept.ts'
import { arrive } from './arrive.ts'
import { Connection } from './connection.ts'
import { Family4 } from './family4.ts'
import { Forwarding } from './forward.ts'
import { answer, open } from './handshake.ts'
import { Memory } from './memory.ts'
import { heardError } from './path.ts'
import { isPort, Ports, refused } from './ports.ts'
import { purposes, Secret } from './secret.ts'
import { unwrap } from './sequence.ts'
import { Counters, defaults } from './settings.ts'
import type { Settings } from './settings.ts'
import { Socket } from './socket.ts'
import { Table } from './table.ts'
import { TimeWait, TimeWaits } from './time-wait.ts'
import { sendBare } from './transmit.ts'
import { Turn } from './turn.ts'
import { viewEntry, viewListener } from './view.ts'
import type { ConnectionView } from './view.ts'

export interface TcpParts {
  readonly ip: Ip
  /** The host's. */
  readonly name: string
  readonly scheduler: Scheduler
  readonly random: Random
  readonly settings?: Partial<Settings>
}

const noReach = (family: Family): Reach => ({ local: family.any, linkMtu: 1500, pathMtu: 1500, offload: false })

export class Tcp implements IpProtocol, Ground {
  readonly number = 6
  readonly name: string
  readonly scheduler: Scheduler
  readonly settings: Settings
  readonly memory: Memory
  readonly counters = new Counters()
  readonly families: Family[]
  /** For the IPv4 side of IpProtocol. */
  readonly #four: Family4
  readonly #secret: Secret
  readonly #table: Table<Connection | TimeWait>
  readonly #timeWaits: TimeWaits
  readonly #ports = new Ports()
  readonly #turn: Turn
  #forwarding: Forwarding | undefined

  constructor({ ip, name, scheduler, random, settings }: TcpParts) {
    this.name = `${name}.tcp`
    this.scheduler = scheduler
    this.settings = { ...defaults, ...settings }
    this.memory = new Memory(this.settings.memoryBytes)
    this.#four = new Family4(ip)
    this.families = [this.#four]
    this.#secret = new Secret(random.fork('tcp'))
    this.#table = new Table(this.#secret.hash(purposes.table, []))
    this.#timeWaits = new TimeWaits(scheduler, this.name, this.settings.timeWaits, (waited) => this.#table.remove(waited))
    this.#turn = new Turn(scheduler, this.name)
  }

  /** Listeners, connections and those in TIME-WAIT. */
  get connections(): readonly ConnectionView[] {
    return [...this.#ports.listening.map(viewListener), ...[...this.#table].map(viewEntry)]
  }

  /** @throws {Error} with `code` EADDRINUSE, EADDRNOTAVAIL, EINVAL or ERR_SOCKET_BAD_PORT. */
  listen(at: Endpoint, accept: (socket: TcpSocket) => void, options: TcpOptions = {}): Listener {
    const { family, address } = this.#addressOf(at)
    if (!family.equal(address, family.any) && !family.owns(address)) throw refused('EADDRNOTAVAIL', at, 'this host does not have that address')
    if (!isPort(at.port, 0)) throw refused('ERR_SOCKET_BAD_PORT', at, 'a port is from 0 to 65535')
    const port = at.port === 0 ? this.#ports.pick(this.#secret.hash(purposes.port, family.words(address)), () => true) : at.port
    if (port === undefined || this.#ports.taken(family, address, port)) throw refused('EADDRINUSE', at, 'another listener has that port')
    const listening = new Listening(family, address, port, this.settings.backlog, (connection) => accept(new Socket(connection, options)))
    this.#ports.add(listening)
    return {
      local: { address: at.address, port },
      close: () => {
        this.#ports.remove(listening)
        listening.close()
      },
    }
  }

  /** Errors of the network come as the socket's `error`. @throws {Error} with `code` EINVAL or ERR_SOCKET_BAD_PORT. */
  connect(to: Endpoint, options: TcpOptions = {}): TcpSocket {
    const { family, address: remote } = this.#addressOf(to)
    if (!isPort(to.port, 1)) throw refused('ERR_SOCKET_BAD_PORT', to, 'a port is from 1 to 65535')
    const chosen = options.localAddress === undefined ? undefined : family.parse(options.localAddress)
    const reach = family.isSingle(remote) ? family.reach(remote, chosen) : undefined
    const local = chosen ?? reach?.local ?? family.any
    const localPort = options.localPort ?? (reach === undefined ? undefined : this.#freePort(family, local, remote, to.port)) ?? 0
    const c = new Connection(this, family, { local, localPort, remote, remotePort: to.port }, reach ?? noReach(family))
    const socket = new Socket(c, options)
    const code = reach === undefined ? 'ENETUNREACH' : localPort === 0 ? 'EADDRNOTAVAIL' : this.#table.find(family, local, localPort, remote, to.port) === undefined ? undefined : 'EADDRINUSE'
    if (code === undefined) {
      this.#table.add(c)
      open(c)
    } else {
      c.state = 'SYN-SENT'
      c.softError = code
      this.later(c)
    }
    return socket
  }

  /** Who answers dials that no listener takes: to addresses that are not ours, whose packets it hands to `receive` (`ip.transit`), and to our own. */
  forward(hear: ((dial: Dial) => void) | undefined): void {
    const acts = { accept: this.#acceptDial.bind(this), refuse: this.#refuse.bind(this) }
    this.#forwarding = hear === undefined ? undefined : new Forwarding(hear, acts)
  }

  /** Whether a connection or a dial has these ends: NAT asks before it takes a packet for its own. */
  has(family: Family, ends: Ends): boolean {
    return this.#table.find(family, ends.local, ends.localPort, ends.remote, ends.remotePort) !== undefined
  }

  receive(incoming: Incoming): void {
    // "silently discard … a segment … addressed to a broadcast or multicast address" (RFC 9293 §3.9.2.3).
    if (incoming.group) return
    const { packet, trusted, segmentSize } = incoming
    this.arrive({ family: this.#four, local: packet.destination, remote: packet.source, bytes: packet.payload, trusted, segmentSize, complain: (complaint) => this.#four.complain(incoming, complaint) })
  }

  failed({ code, quoted }: Failure): void {
    this.hearFailure(this.#four, quoted.source, quoted.destination, code, quoted.payload)
  }

  /** A segment came by any family. Never throws on its bytes. */
  arrive(arriving: Arriving): void {
    this.counters.segmentsReceived++
    try {
      const { family, local, remote, trusted } = arriving
      const segment = tcp.parse(arriving.bytes, trusted ? undefined : family.addressSum(local, remote))
      if (segment.checksum === 'wrong') throw new Malformed('TCP checksum')
      this.#dispatch(arriving, segment)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.counters.malformed++
    }
  }

  /** An error about a segment of ours. @param quoted the segment's beginning: eight bytes, or more. */
  hearFailure(family: Family, local: Address, remote: Address, code: Failure['code'], quoted: Uint8Array): void {
    if (quoted.length < 8) return
    const found = this.#table.find(family, local, (quoted[0] << 8) | quoted[1], remote, (quoted[2] << 8) | quoted[3])
    if (found instanceof Connection) heardError(found, code, unwrap(u32be(quoted, 4), found.sndUna))
  }

  later(connection: Connection): void {
    this.#turn.later(connection)
  }

  after(act: () => void): void {
    this.#turn.after(act)
  }

  forget(connection: Connection): void {
    this.#table.remove(connection)
  }

  linger(connection: Connection): void {
    this.#table.remove(connection)
    this.#table.add(this.#timeWaits.add(connection))
  }

  initialSequence(family: Family, { local, localPort, remote, remotePort }: Ends): number {
    return this.#secret.initialSequence([...family.words(local), localPort, ...family.words(remote), remotePort], this.scheduler.now)
  }

  timestampOffset(family: Family, { local, remote }: Ends): number {
    return this.#secret.hash(purposes.timestamp, [...family.words(local), ...family.words(remote)])
  }

  #dispatch(arriving: Arriving, segment: Parsed): void {
    const { family, local, remote } = arriving
    const found = this.#table.find(family, local, segment.destinationPort, remote, segment.sourcePort)
    if (found instanceof Connection) return arrive(found, segment, arriving.segmentSize)
    if (found instanceof TimeWait) {
      const outcome = found.arrive(segment, this.scheduler.now)
      if (outcome === 'again') this.#timeWaits.restart(found)
      if (outcome !== 'open') return
      this.#timeWaits.end(found)
    }
    this.#stranger(arriving, segment)
  }

  /** CLOSED and LISTEN (RFC 9293 §3.10.7.1, §3.10.7.2). */
  #stranger(arriving: Arriving, segment: Parsed): void {
    const { family, local, remote } = arriving
    const { flags: bits } = segment
    const opens = (bits & (tcp.flags.syn | tcp.flags.ack | tcp.flags.rst | tcp.flags.fin)) === tcp.flags.syn
    const listening = opens ? this.#ports.find(family, local, segment.destinationPort) : undefined
    if (listening === undefined && opens && this.#forwarding !== undefined) return this.#forwarding.take(arriving, segment)
    if (listening === undefined) return this.#refuse(arriving, segment)
    if (!family.isSingle(remote)) return
    const c = this.#make(arriving, segment)
    if (c !== undefined) listening.take(c, segment.sequence, parseOptions(segment.options))
  }

  #make({ family, local, remote }: Arriving, segment: Parsed): Connection | undefined {
    const reach = family.reach(remote, local)
    if (reach === undefined || this.#table.size >= this.settings.connections) return undefined
    const c = new Connection(this, family, { local, localPort: segment.destinationPort, remote, remotePort: segment.sourcePort }, reach)
    this.#table.add(c)
    return c
  }

  #acceptDial(arriving: Arriving, segment: Parsed, options: Options, accept: (socket: TcpSocket | undefined) => void, how: TcpOptions): void {
    const { family, local, remote } = arriving
    const taken = this.#table.find(family, local, segment.destinationPort, remote, segment.sourcePort) !== undefined
    const c = taken ? undefined : this.#make(arriving, segment)
    if (c === undefined) return this.after(() => accept(undefined))
    c.opened = (well) => accept(well ? new Socket(c, how) : undefined)
    answer(c, segment.sequence, options)
  }

  /** The reset that answers a segment without a connection (RFC 9293 §3.10.7.1). */
  #refuse({ family, local, remote }: Arriving, segment: Parsed): void {
    const { flags: bits } = segment
    this.counters.strays++
    if ((bits & tcp.flags.rst) !== 0 || !family.isSingle(remote)) return
    this.counters.resetsSent++
    const ends = { local, localPort: segment.destinationPort, remote, remotePort: segment.sourcePort }
    const length = segment.payload.length + ((bits & tcp.flags.syn) !== 0 ? 1 : 0) + ((bits & tcp.flags.fin) !== 0 ? 1 : 0)
    if ((bits & tcp.flags.ack) !== 0) sendBare(family, ends, { sequence: segment.acknowledgment, acknowledgment: 0, flags: tcp.flags.rst, window: 0 })
    else sendBare(family, ends, { sequence: 0, acknowledgment: segment.sequence + length, flags: tcp.flags.rst | tcp.flags.ack, window: 0 })
  }

  #freePort(family: Family, local: Address, remote: Address, remotePort: number): number | undefined {
    const offset = this.#secret.hash(purposes.port, [...family.words(local), ...family.words(remote), remotePort])
    return this.#ports.pick(offset, (port) => this.#table.find(family, local, port, remote, remotePort) === undefined)
  }

  #addressOf(at: Endpoint): { readonly family: Family; readonly address: Address } {
    const version = at.address.includes(':') ? 6 : 4
    const family = this.families.find((each) => each.version === version)
    if (family === undefined) throw refused('EAFNOSUPPORT', at, `this host does not speak IPv${version}`)
    try {
      return { family, address: family.parse(at.address) }
    } catch {
      throw refused('EINVAL', at, 'not an address')
    }
  }
}
