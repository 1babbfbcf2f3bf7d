/** The syslog service point: what guests log stands in the lab's own log, at the virtual time it arrived. RFC 5424, 5426, 6587, 3164. */
import type { Log, Severity } from '../../src/base/log.ts'
import type { ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import type { Listener, TcpSocket, UdpSocket } from '../../src/stack/sockets.ts'
import type { Message } from '../../src/wire/syslog.ts'
import { Malformed } from '../../src/base/errors.ts'
import { formatTime, type Instant } from '../../src/base/time.ts'
import { legible } from '../../src/wire/format.ts'
import { facilities, format, parse, serverPort, severities } from '../../src/wire/syslog.ts'
import { Settings } from '../settings.ts'
import { Cutter } from './cutter.ts'

export interface SyslogConfig {
  readonly port: number
  /** Messages that `inspect` shows, the last ones. */
  readonly keep: number
  /** The least urgent severity that is taken, a place in `severities`. */
  readonly level: number
}

export const syslog: ServiceKind<SyslogConfig> = { kind: 'syslog', bothVersions: true, parse: parseConfig, create: (config, room) => new SyslogService(config, room) }

/** @throws {ServiceConfigError} */
export function parseConfig(config: unknown): SyslogConfig {
  const settings = new Settings(config, ['port', 'keep', 'level'])
  const level = settings.text('level') ?? 'debug'
  const place = severities.findIndex((each) => each === level)
  if (place < 0) return settings.refuse('level', `one of ${severities.join(', ')}`)
  return { port: settings.whole('port', 1, 65_535, serverPort), keep: settings.whole('keep', 0, 10_000, 500), level: place }
}

/** As the lab's log has it: emergencies to errors, warnings, notices and informational, debugging. */
const ours: readonly Severity[] = ['error', 'error', 'error', 'error', 'warn', 'info', 'info', 'debug']
const mostConnections = 128
/** Characters of a message that are kept; a datagram may bring 65,507 bytes. */
const longestText = 2048

interface Kept {
  readonly time: Instant
  readonly from: string
  readonly message: Message
}

class SyslogService implements ServicePoint {
  readonly #config: SyslogConfig
  readonly #room: ServiceRoom
  readonly #socket: UdpSocket
  readonly #listener: Listener
  readonly #streams = new Set<TcpSocket>()
  readonly #kept: Kept[] = []
  readonly #counters = { messages: 0, passedOver: 0, malformed: 0 }

  constructor(config: SyslogConfig, room: ServiceRoom) {
    this.#config = config
    this.#room = room
    const at = { address: '0.0.0.0', port: config.port }
    this.#socket = room.sockets.bind(at, (payload, { from }) => this.#hear(payload, from.address))
    this.#listener = room.sockets.listen(at, (stream) => this.#accept(stream))
  }

  close(): void {
    this.#socket.close()
    this.#listener.close()
    for (const stream of this.#streams) stream.destroy()
  }

  inspect(): ReturnType<NonNullable<ServicePoint['inspect']>> {
    const messages = this.#kept.map(({ time, from, message }) => ({
      time: formatTime(time),
      from,
      facility: facilities[message.facility],
      severity: severities[message.severity],
      app: legible(message.app),
      text: legible(message.text),
    }))
    return { messages, counters: [{ ...this.#counters, connections: this.#streams.size }] }
  }

  #accept(stream: TcpSocket): void {
    if (this.#streams.size >= mostConnections) return void stream.destroy()
    this.#streams.add(stream)
    const cutter = new Cutter()
    const from = stream.remoteAddress ?? ''
    stream.on('data', (bytes) => {
      for (const message of cutter.take(bytes)) this.#hear(message, from)
    })
    // What has no line end at the stream's end is a message all the same.
    stream.on('end', () => {
      for (const message of cutter.rest()) this.#hear(message, from)
    })
    stream.on('error', () => undefined)
    stream.on('close', () => void this.#streams.delete(stream))
  }

  #hear(payload: Uint8Array, from: string): void {
    try {
      const read = parse(payload)
      if (read.severity > this.#config.level) return void this.#counters.passedOver++
      this.#take({ ...read, text: read.text.slice(0, longestText) }, from)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.#counters.malformed++
    }
  }

  #take(message: Message, from: string): void {
    this.#counters.messages++
    const { keep } = this.#config
    if (keep > 0) this.#kept.push({ time: this.#room.scheduler.now, from, message })
    if (this.#kept.length > keep) this.#kept.shift()
    const node = this.#room.nodes.find((each) => each.addresses.includes(from))?.name
    const fields = { from, ...(node === undefined ? {} : { node }), facility: facilities[message.facility], severity: severities[message.severity], app: legible(message.app) }
    say(this.#room.log, ours[message.severity], `${node ?? from}: ${format(message).replace(/^syslog /, '')}`, fields)
  }
}

function say(log: Log, severity: Severity, sentence: string, fields: Parameters<Log['info']>[2]): void {
  log[severity]('syslog.message', sentence, fields)
}
