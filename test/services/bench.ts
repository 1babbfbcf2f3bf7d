/** A service point on a host of our stack, its far end a test port: frames in and out as on a wire, files in memory, a log to read. */
import type { Log, LogEntry } from '../../src/base/log.ts'
import type { FileInfo, FileTree, JournalFile, OpenFile } from '../../src/stack/files.ts'
import type { NodeView, ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import type { Instant, Scheduler } from '../../src/base/time.ts'
import { concat, latin1 } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { FileError } from '../../src/stack/files.ts'
import { Host } from '../../src/stack/host.ts'
import { probeOf } from '../../src/lab/service-views.ts'
import { parseIpv4, parseMac } from '../../src/wire/address.ts'
import { addressSum4 } from '../../src/wire/checksum.ts'
import * as ethernet from '../../src/wire/ethernet.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as udp from '../../src/wire/udp.ts'
import { arpFrame, noMac, TestPort } from '../stack/bench.ts'

export const serverMac = parseMac('02:00:00:00:00:01')
export const clientMac = parseMac('52:54:00:12:34:56')
export const server = parseIpv4('10.0.0.1')
export const client = parseIpv4('10.0.0.100')

/** Files by name; folders are what stands before a slash. */
export class MemoryFiles implements FileTree {
  readonly files: Map<string, Uint8Array>
  opened = 0

  constructor(files: Readonly<Record<string, Uint8Array | string>>) {
    this.files = new Map(Object.entries(files).map(([name, data]) => [name, typeof data === 'string' ? latin1(data) : data]))
  }

  open(written: string, mode: 'read' | 'write' | 'create'): OpenFile {
    const name = normal(written)
    if (mode === 'create') {
      if (this.files.has(name)) throw new FileError('EEXIST', name)
      this.files.set(name, new Uint8Array(0))
    }
    const info = this.stat(name)
    if (info.kind === 'folder') throw new FileError('EISDIR', name)
    this.opened++
    return {
      info,
      read: (offset, length) => (this.files.get(name) ?? new Uint8Array(0)).slice(offset, offset + length),
      write: (offset, bytes) => {
        const old = this.files.get(name) ?? new Uint8Array(0)
        const grown = new Uint8Array(Math.max(old.length, offset + bytes.length))
        grown.set(old)
        grown.set(bytes, offset)
        this.files.set(name, grown)
      },
      truncate: (length) => this.files.set(name, (this.files.get(name) ?? new Uint8Array(0)).slice(0, length)),
      close: () => {
        this.opened--
      },
    }
  }

  stat(written: string): FileInfo {
    const name = normal(written)
    const data = this.files.get(name)
    if (data !== undefined) return { kind: 'file', size: data.length, modified: 0 }
    if (name === '' || [...this.files.keys()].some((each) => each.startsWith(`${name}/`))) return { kind: 'folder', size: 0, modified: 0 }
    throw new FileError('ENOENT', name)
  }

  list(written: string): readonly string[] {
    const name = normal(written)
    if (this.stat(name).kind !== 'folder') throw new FileError('ENOTDIR', name)
    const prefix = name === '' ? '' : `${name}/`
    return [...new Set([...this.files.keys()].filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length).split('/')[0]))].sort()
  }
}

/** Journals that outlive a bench. */
export class MemoryJournals {
  readonly kept = new Map<string, Uint8Array>()

  readonly open = (file: string): JournalFile => ({
    content: this.kept.get(file) ?? new Uint8Array(0),
    append: (bytes) => void this.kept.set(file, concat(this.kept.get(file) ?? new Uint8Array(0), bytes)),
    replace: (bytes) => void this.kept.set(file, bytes.slice()),
    close: () => undefined,
  })
}

function normal(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw new FileError('EACCES', name)
  return parts.join('/')
}

export class TestLog implements Log {
  readonly entries: LogEntry[] = []
  readonly #clock: Scheduler

  constructor(clock: Scheduler) {
    this.#clock = clock
  }

  debug: Log['debug'] = (event, message, fields) => this.#say('debug', event, message, fields)
  info: Log['info'] = (event, message, fields) => this.#say('info', event, message, fields)
  warn: Log['warn'] = (event, message, fields) => this.#say('warn', event, message, fields)
  error: Log['error'] = (event, message, fields) => this.#say('error', event, message, fields)

  /** Events since the last call, with their sentences. */
  take(): string[] {
    return this.entries.splice(0).map((entry) => `${entry.severity} ${entry.event}: ${entry.message}`)
  }

  #say(severity: LogEntry['severity'], event: string, message: string, fields: LogEntry['fields'] = {}): void {
    this.entries.push({ time: this.#clock.now, severity, source: 'test', event, message, fields })
  }
}

/** A datagram as it lies in a frame. */
export interface Seen {
  readonly frame: Uint8Array
  readonly to: Uint8Array
  readonly packet: ipv4.Parsed
  readonly datagram: udp.Parsed
}

export interface ServiceBench {
  readonly time: Timeline
  readonly port: TestPort
  readonly host: Host
  readonly files: MemoryFiles
  readonly log: TestLog
  readonly service: ServicePoint
  readonly wait: (span: number) => void
  /** The client's address is known to the server from here on. */
  readonly meet: (address?: number, mac?: Uint8Array) => void
  /** Sends a UDP payload to the server. */
  readonly say: (payload: Uint8Array, from: { address?: number; port: number; mac?: Uint8Array }, to: { address?: number; port: number; mac?: Uint8Array }) => void
  /** UDP datagrams sent by the server since the last call; ARP and ICMP are left out. */
  readonly heard: () => Seen[]
}

export interface ServiceBenchOptions {
  readonly files?: Readonly<Record<string, Uint8Array | string>>
  readonly nodes?: readonly (Pick<NodeView, 'name' | 'macs'> & Partial<NodeView>)[]
  readonly journals?: MemoryJournals
  readonly mtu?: number
}

export function serviceBench<Config>(kind: ServiceKind<Config>, config: unknown, options: ServiceBenchOptions = {}): ServiceBench {
  const time = new Timeline()
  const port = new TestPort('ethernet', 14 + (options.mtu ?? 1500))
  const host = new Host({ name: 'lan', scheduler: time, random: new SeededRandom(1) })
  host.addInterface({ name: 'eth0', port, mac: serverMac, mtu: options.mtu ?? 1500, addresses: [{ address: server, prefix: 24 }] })
  const files = new MemoryFiles(options.files ?? {})
  const log = new TestLog(time)
  const room: ServiceRoom = {
    name: `lan.${kind.kind}`,
    sockets: host.sockets,
    interfaces: host.views,
    scheduler: time,
    random: new SeededRandom(2),
    files: () => files,
    journal: (options.journals ?? new MemoryJournals()).open,
    log,
    probe: probeOf(host),
    nodes: (options.nodes ?? []).map((node) => ({ addresses: [], ...node })),
  }
  const service = kind.create(kind.parse(config), room)
  return {
    time,
    port,
    host,
    files,
    log,
    service,
    wait: (span) => time.run((time.now + span) as Instant),
    meet: (address = client, mac = clientMac) => {
      port.hear(arpFrame(1, mac, address, noMac, server, serverMac))
      port.sent.length = 0
    },
    say: (payload, from, to) => port.hear(datagramFrame(payload, from, to)),
    heard: () => port.take().flatMap(seen),
  }
}

function datagramFrame(payload: Uint8Array, from: { address?: number; port: number; mac?: Uint8Array }, to: { address?: number; port: number; mac?: Uint8Array }): Uint8Array {
  const [source, destination] = [from.address ?? client, to.address ?? server]
  const datagram = udp.build({ sourcePort: from.port, destinationPort: to.port, payload }, addressSum4(source, destination, 17))
  return ethernet.build({ destination: to.mac ?? serverMac, source: from.mac ?? clientMac, type: 0x0800, payload: ipv4.build({ protocol: 17, source, destination, payload: datagram }) })
}

function seen(frame: Uint8Array): Seen[] {
  const { destination, type, payload } = ethernet.parse(frame)
  if (type !== 0x0800) return []
  const packet = ipv4.parse(payload)
  if (packet.protocol !== 17) return []
  return [{ frame, to: destination, packet, datagram: udp.parse(packet.payload, addressSum4(packet.source, packet.destination, 17)) }]
}
