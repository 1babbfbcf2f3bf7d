/** An NFS service on sockets that are no network: datagrams and streams go straight in and out. And a client that speaks to it by hand. */
import { concat, fromLatin1, u32be } from '../../../src/base/bytes.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Instant } from '../../../src/base/time.ts'
import { Timeline } from '../../../src/base/timeline.ts'
import { MemoryVolume } from '../../../src/lab/volume/memory-volume.ts'
import type { ServicePoint, ServiceRoom } from '../../../src/stack/service.ts'
import type { Endpoint, HearDatagram, Sockets, TcpSocket } from '../../../src/stack/sockets.ts'
import type { Volume } from '../../../src/stack/volume.ts'
import { buildCall, buildSystem, parse, type Reply } from '../../../src/wire/rpc.ts'
import { XdrReader, XdrWriter } from '../../../src/wire/xdr.ts'
import { nfs } from '../../../services/nfs/nfs.ts'
import { MemoryJournals, TestLog } from '../bench.ts'

export const epoch = 1_767_225_600n * 1_000_000_000n

/** A socket of the service's, seen from the client. */
export class FakeStream implements TcpSocket {
  readonly remoteAddress = '10.0.0.2'
  readonly remotePort = 700
  readonly localAddress = '10.0.0.1'
  readonly localPort = 2049
  readonly written: Uint8Array[] = []
  /** What `write` says. */
  takes = true
  paused = false
  destroyed = false
  readonly #hear = new Map<string, (bytes: Uint8Array) => void>()

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes.slice())
    return this.takes
  }

  end(): void {}

  resetAndDestroy(): void {
    this.destroyed = true
  }

  destroy(): void {
    this.destroyed = true
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  on(event: string, hear: never): void {
    this.#hear.set(event, hear)
  }

  tell(event: string, bytes: Uint8Array = new Uint8Array(0)): void {
    this.#hear.get(event)?.(bytes)
  }
}

export interface Who {
  readonly uid?: number
  readonly gid?: number
  readonly groups?: readonly number[]
  readonly address?: string
  readonly port?: number
  readonly xid?: number
}

export interface NfsBench {
  readonly time: Timeline
  readonly log: TestLog
  readonly volume: Volume
  readonly service: ServicePoint
  /** Sends bytes to a UDP port. @returns the reply, if there was one. */
  readonly say: (payload: Uint8Array, port: number, who?: Who) => Uint8Array | undefined
  readonly rpc: (program: number, version: number, procedure: number, args: Uint8Array, who?: Who) => Reply
  /** A call that is accepted. @returns its results. */
  readonly call: (program: number, version: number, procedure: number, args?: (xdr: XdrWriter) => unknown, who?: Who) => XdrReader
  /** Opens a stream to a port. */
  readonly connect: (port: number) => FakeStream
  readonly wait: (span: number) => void
  /** Datagrams that the service sent, replies too. */
  readonly sent: { readonly payload: Uint8Array; readonly to: Endpoint }[]
  /** A datagram to where the service calls from. */
  readonly answer: (payload: Uint8Array, address: string) => void
}

export const ports: Readonly<Record<number, number>> = { 100_000: 111, 100_003: 2049, 100_005: 20_048, 100_021: 4045, 100_024: 4046 }

export function nfsBench(config: unknown, options: { tcp?: boolean; volume?: (time: Timeline) => Volume; volumes?: Readonly<Record<string, Volume>>; seed?: number; journals?: MemoryJournals } = {}): NfsBench {
  const time = new Timeline()
  const log = new TestLog(time)
  const volume = options.volume?.(time) ?? new MemoryVolume({ clock: () => epoch + BigInt(time.now) })
  const sent: { payload: Uint8Array; to: Endpoint }[] = []
  const bound = new Map<number, HearDatagram>()
  const listening = new Map<number, (socket: TcpSocket) => void>()
  let reply: Uint8Array | undefined
  const sockets: Sockets = {
    bind: (at, hear) => {
      bound.set(at.port, hear)
      return { local: at, send: (payload, to) => {
        reply = payload.slice()
        sent.push({ payload: reply, to })
      }, join: () => {}, leave: () => {}, close: () => bound.delete(at.port) }
    },
    listen: (at, accept) => {
      if (options.tcp === false) throw Object.assign(new Error('no TCP'), { code: 'EPROTONOSUPPORT' })
      listening.set(at.port, accept)
      return { local: at, close: () => listening.delete(at.port) } as never
    },
    connect: () => {
      throw new Error('nobody connects')
    },
  }
  const room: ServiceRoom = {
    name: 'lan.nfs',
    sockets,
    interfaces: [{ name: 'eth0', mac: new Uint8Array(6), ipv4: { address: '10.0.0.1', prefix: 24 }, mtu: 1500 }],
    scheduler: time,
    random: new SeededRandom(options.seed ?? 1),
    files: () => {
      throw new Error('no files')
    },
    journal: (options.journals ?? new MemoryJournals()).open,
    volume: ({ path }) => options.volumes?.[path ?? ''] ?? volume,
    log,
    probe: () => undefined,
    nodes: [],
  }
  const service = nfs.create(nfs.parse(config), room)
  const say: NfsBench['say'] = (payload, port, { address = '10.0.0.2', port: from = 700 } = {}) => {
    reply = undefined
    bound.get(port)?.(payload, { from: { address, port: from }, to: { address: '10.0.0.1', port }, interface: 'eth0' })
    return reply
  }
  let xid = 0x1000
  const rpc: NfsBench['rpc'] = (program, version, procedure, args, who = {}) => {
    const credential = buildSystem({ stamp: 1, machine: 'node1', uid: who.uid ?? 0, gid: who.gid ?? who.uid ?? 0, groups: who.groups ?? [] })
    const answer = say(buildCall({ xid: who.xid ?? ++xid, program, version, procedure, credential, payload: args }), ports[program], who)
    if (answer === undefined) throw new Error('silence')
    const message = parse(answer)
    if (message.kind !== 'reply') throw new Error('no reply')
    return message
  }
  return {
    time,
    log,
    volume,
    service,
    say,
    rpc,
    call: (program, version, procedure, args = () => undefined, who) => {
      const xdr = new XdrWriter()
      args(xdr)
      const { verdict, payload } = rpc(program, version, procedure, xdr.bytes, who)
      if (verdict.kind !== 'accepted' || verdict.status !== 0) throw new Error(JSON.stringify(verdict))
      return new XdrReader(payload)
    },
    connect: (port) => {
      const stream = new FakeStream()
      listening.get(port)?.(stream)
      return stream
    },
    sent,
    answer: (payload, address) => bound.get(0)?.(payload, { from: { address, port: 111 }, to: { address: '10.0.0.1', port: 0 }, interface: 'eth0' }),
    wait: (span) => time.run((time.now + span) as Instant),
  }
}

/** What a stream was sent: whole records, each in one fragment. */
export function records(stream: FakeStream): Uint8Array[] {
  const bytes = concat(...stream.written.splice(0))
  const found: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = u32be(bytes, at) & 0x7fff_ffff
    found.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return found
}

export interface Seen {
  readonly type: number
  readonly mode: number
  readonly links: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly used: number
  readonly major: number
  readonly minor: number
  readonly fsid: bigint
  readonly fileid: number
  readonly accessed: number
  readonly modified: number
  readonly changed: number
}

const seconds = (xdr: XdrReader): number => xdr.u32() + xdr.u32() / 1e9

export function attributes(xdr: XdrReader): Seen {
  return {
    type: xdr.u32(), mode: xdr.u32(), links: xdr.u32(), uid: xdr.u32(), gid: xdr.u32(), size: xdr.offset(), used: xdr.offset(), major: xdr.u32(), minor: xdr.u32(),
    fsid: xdr.u64(), fileid: xdr.offset(), accessed: seconds(xdr), modified: seconds(xdr), changed: seconds(xdr),
  }
}

export const after = (xdr: XdrReader): Seen | undefined => xdr.optional(() => attributes(xdr))

export function cacheData(xdr: XdrReader): { before: { size: number; modified: number; changed: number } | undefined; after: Seen | undefined } {
  return { before: xdr.optional(() => ({ size: xdr.offset(), modified: seconds(xdr), changed: seconds(xdr) })), after: after(xdr) }
}

/** sattr3. */
export function sattr(xdr: XdrWriter, set: { mode?: number; uid?: number; gid?: number; size?: number; accessed?: number | 'server'; modified?: number | 'server' } = {}): XdrWriter {
  for (const word of [set.mode, set.uid, set.gid]) xdr.optional(word, (value) => xdr.u32(value))
  xdr.optional(set.size, (value) => xdr.offset(value))
  for (const time of [set.accessed, set.modified]) {
    if (time === undefined) xdr.u32(0)
    else if (time === 'server') xdr.u32(1)
    else xdr.u32(2).u32(time).u32(0)
  }
  return xdr
}

export type Done = { readonly status: number; readonly xdr: XdrReader }

/** NFSv3 by hand. Every answer is a status and what is behind it. */
export class Client {
  readonly #bench: NfsBench
  readonly #who: Who

  constructor(bench: NfsBench, who: Who = {}) {
    this.#bench = bench
    this.#who = who
  }

  ask(procedure: number, args: (xdr: XdrWriter) => unknown, who: Who = {}): Done {
    const xdr = this.#bench.call(100_003, 3, procedure, args, { ...this.#who, ...who })
    return { status: xdr.u32(), xdr }
  }

  mount(path: string): Uint8Array {
    const xdr = this.#bench.call(100_005, 3, 1, (each) => each.string(path), this.#who)
    if (xdr.u32() !== 0) throw new Error('not mounted')
    return xdr.opaque(64)
  }

  getattr(handle: Uint8Array): Seen {
    const { status, xdr } = this.ask(1, (each) => each.opaque(handle))
    if (status !== 0) throw new Error(`status ${status}`)
    const seen = attributes(xdr)
    xdr.end()
    return seen
  }

  setattr(handle: Uint8Array, set: Parameters<typeof sattr>[1], guard?: number): Done {
    return this.ask(2, (each) => sattr(each.opaque(handle), set).optional(guard, (time) => each.u32(Math.floor(time)).u32(Math.round((time % 1) * 1e9))))
  }

  lookup(folder: Uint8Array, name: string): Uint8Array {
    const { status, xdr } = this.ask(3, (each) => each.opaque(folder).string(name))
    if (status !== 0) throw new Error(`status ${status}`)
    return xdr.opaque(64)
  }

  named(procedure: number, folder: Uint8Array, name: string): Done {
    return this.ask(procedure, (each) => each.opaque(folder).string(name))
  }

  access(handle: Uint8Array, bits = 0x3f): number {
    const { xdr } = this.ask(4, (each) => each.opaque(handle).u32(bits))
    after(xdr)
    return xdr.u32()
  }

  read(handle: Uint8Array, offset = 0, count = 65_536): { status: number; text: string; eof: boolean } {
    const { status, xdr } = this.ask(6, (each) => each.opaque(handle).offset(offset).u32(count))
    after(xdr)
    if (status !== 0) return { status, text: '', eof: false }
    const length = xdr.u32()
    const eof = xdr.bool()
    const bytes = xdr.opaque(length)
    xdr.end()
    return { status, text: fromLatin1(bytes), eof }
  }

  write(handle: Uint8Array, offset: number, data: Uint8Array, stable = 2, who?: Who): Done {
    return this.ask(7, (each) => each.opaque(handle).offset(offset).u32(data.length).u32(stable).opaque(data), who)
  }

  /** UNCHECKED unless `how` says otherwise. @returns the handle. */
  create(folder: Uint8Array, name: string, set: Parameters<typeof sattr>[1] = {}, how = 0, who?: Who): Uint8Array {
    const { status, xdr } = this.ask(8, (each) => sattr(each.opaque(folder).string(name).u32(how), set), who)
    if (status !== 0) throw new Error(`status ${status}`)
    return xdr.optional(() => xdr.opaque(64)) as Uint8Array
  }

  mkdir(folder: Uint8Array, name: string, set: Parameters<typeof sattr>[1] = {}): Uint8Array {
    const { status, xdr } = this.ask(9, (each) => sattr(each.opaque(folder).string(name), set))
    if (status !== 0) throw new Error(`status ${status}`)
    return xdr.optional(() => xdr.opaque(64)) as Uint8Array
  }

  /** Names, by as many calls as it takes. */
  readdir(folder: Uint8Array, maxBytes = 1024, between: (name: readonly string[]) => void = () => undefined): string[] {
    const names: string[] = []
    for (let cookie = 0n, eof = false; !eof; ) {
      const { status, xdr } = this.ask(16, (each) => each.opaque(folder).u64(cookie).fixed(new Uint8Array(8)).u32(maxBytes))
      if (status !== 0) throw new Error(`status ${status}`)
      after(xdr)
      xdr.fixed(8)
      const got = xdr.list(10_000, () => {
        xdr.offset()
        const name = xdr.string(255)
        cookie = xdr.u64()
        return name
      })
      eof = xdr.bool()
      xdr.end()
      names.push(...got)
      between(got)
    }
    return names
  }
}
