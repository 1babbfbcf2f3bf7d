/**
 * Segment scripts in the manner of packetdrill: what the peer sends, what we must send, and how much time passes, one line each, in virtual
 * time. Numbers are relative: ours to our initial sequence number, the peer's to its own, which is 0.
 *
 * A line is `flags first:last(length) ack N win N <options>`, as tcpdump writes it: `S 0:0(0) win 65535 <mss 1460,sackOK>`.
 * Timestamps are written only where a test asks for them.
 */
import { expect } from 'vitest'
import type { Frame, FrameSink, Port } from '../../../src/link/port.ts'
import type { Options } from '../../../src/wire/tcp-options.ts'
import type { TcpOptions, TcpSocket } from '../../../src/stack/sockets.ts'
import type { Settings } from '../../../src/stack/tcp/settings.ts'
import type { Socket } from '../../../src/stack/tcp/socket.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Timeline } from '../../../src/base/timeline.ts'
import { milliseconds } from '../../../src/base/time.ts'
import type { Instant } from '../../../src/base/time.ts'
import { Host } from '../../../src/stack/host.ts'
import { addressSum4 } from '../../../src/wire/checksum.ts'
import * as ipv4 from '../../../src/wire/ipv4.ts'
import * as icmp from '../../../src/wire/icmp.ts'
import * as tcp from '../../../src/wire/tcp.ts'
import { buildOptions, parseOptions } from '../../../src/wire/tcp-options.ts'
import { ours, theirs } from '../bench.ts'

const letters = { F: tcp.flags.fin, S: tcp.flags.syn, R: tcp.flags.rst, P: tcp.flags.psh, '.': tcp.flags.ack, U: tcp.flags.urg } as const

class Wire implements Port {
  readonly name = 'script'
  readonly medium = 'ip'
  readonly frameMax = 1500
  readonly sent: { readonly at: number; readonly bytes: Uint8Array }[] = []
  readonly #time: Timeline
  #sink: FrameSink | undefined

  constructor(time: Timeline) {
    this.#time = time
  }

  send(frame: Frame): void {
    this.sent.push({ at: this.#time.now, bytes: frame.bytes.slice() })
  }

  listen(sink: FrameSink | undefined): void {
    this.#sink = sink
  }

  hear(bytes: Uint8Array): void {
    this.#sink?.receive({ bytes, offload: undefined })
  }
}

export class Script {
  readonly time = new Timeline()
  readonly host: Host
  readonly wire = new Wire(this.time)
  /** What happened to the sockets, in order. */
  readonly events: string[] = []
  /** The last socket accepted or made. */
  socket!: Socket
  /** Payload of the last segment expected. */
  payload: Uint8Array = new Uint8Array(0)
  /** Whether timestamps are shown, and sent with this value. */
  stamps = false
  ourPort = 80
  theirPort = 5000
  iss = 0
  /** Our last timestamp seen, which the peer echoes. */
  stamp = 0

  constructor(settings: Partial<Settings> = {}) {
    this.host = new Host({ name: 'h', scheduler: this.time, random: new SeededRandom(7), tcp: settings })
    this.host.addInterface({ name: 'tun0', port: this.wire, mac: new Uint8Array(6), addresses: [{ address: ours, prefix: 24 }] })
  }

  listen(options: TcpOptions = {}): this {
    this.host.listen({ address: '0.0.0.0', port: this.ourPort }, (socket) => this.#watch(socket, 'accept'), options)
    return this
  }

  connect(options: TcpOptions = {}): this {
    this.theirPort = 80
    this.#watch(this.host.connect({ address: '10.0.0.2', port: 80 }, options), undefined)
    this.ourPort = this.socket.localPort
    return this
  }

  /** Handshake with a peer that has these options, we listening. */
  established(peer = 'win 65535 <mss 1460,sackOK>', options: TcpOptions = {}): this {
    this.listen(options).send(`S 0:0(0) ${peer}`)
    this.#take()
    const scaled = /wscale (\d+)/.exec(peer)
    const window = /win (\d+)/.exec(peer)
    this.send(`. 1:1(0) ack 1 win ${Math.min(65_535, scaled === null ? Number(window?.[1] ?? 65_535) : 65_535)}`)
    return this.nothing()
  }

  /** The peer sends. */
  send(text: string): this {
    const { bits, sequence, length, acknowledgment, window, options } = this.#read(text)
    const payload = Uint8Array.from({ length }, (_, at) => sequence + at)
    const segment = { sourcePort: this.theirPort, destinationPort: this.ourPort, sequence, acknowledgment: (acknowledgment + this.iss) >>> 0, flags: bits, window, urgentPointer: 0, options, payload }
    this.hearIp(ipv4.protocols.tcp, tcp.build(segment, addressSum4(theirs, ours, 6)))
    return this.settle()
  }

  hearIp(protocol: number, payload: Uint8Array): this {
    this.wire.hear(ipv4.build({ protocol, source: theirs, destination: ours, payload }))
    return this
  }

  /** An ICMP error about the segment of ours that begins at `sequence`. */
  unreachable(code: number, mtu: number, sequence: number, size = 1500): this {
    const header = tcp.build({ sourcePort: this.ourPort, destinationPort: this.theirPort, sequence: (sequence + this.iss) >>> 0, acknowledgment: 0, flags: 16, window: 0, urgentPointer: 0, options: new Uint8Array(0), payload: new Uint8Array(size - 40) }, 0)
    const quoted = icmp.quote(ipv4.build({ protocol: 6, source: ours, destination: theirs, payload: header }))
    return this.hearIp(ipv4.protocols.icmp, icmp.build({ kind: 'unreachable', code, mtu, quoted })).settle()
  }

  /** We must have sent exactly these, in this order. */
  expect(...lines: readonly string[]): this {
    const sent = this.#take()
    expect(sent.map(({ bytes }) => this.#show(bytes))).toEqual(lines)
    return this
  }

  nothing(): this {
    return this.expect()
  }

  /** All that was sent is passed over. */
  flush(): this {
    this.#take()
    return this
  }

  /** As lines, for what a test must look at itself. */
  lines(): string[] {
    return this.#take().map(({ bytes }) => this.#show(bytes))
  }

  /** Moves time by milliseconds. */
  wait(span: number): this {
    this.time.run((this.time.now + milliseconds(span)) as Instant)
    return this
  }

  /** Lets what was put off for after the present call happen. */
  settle(): this {
    this.time.run((this.time.now + 2) as Instant)
    return this
  }

  write(length: number): boolean {
    const room = this.socket.write(Uint8Array.from({ length }, (_, at) => at))
    this.settle()
    return room
  }

  /** The events since the last call. */
  happened(): string[] {
    this.settle()
    return this.events.splice(0)
  }

  state(): string {
    return this.host.tcp.connections.find(({ state }) => state !== 'LISTEN')?.state ?? 'CLOSED'
  }

  #take(): { readonly at: number; readonly bytes: Uint8Array }[] {
    const sent = this.wire.sent.splice(0)
    for (const { bytes } of sent) {
      const { protocol, payload } = ipv4.parse(bytes)
      if (protocol === ipv4.protocols.tcp && (tcp.parse(payload).flags & tcp.flags.syn) !== 0) this.iss = tcp.parse(payload).sequence
    }
    return sent
  }

  #watch(socket: TcpSocket, event: string | undefined): void {
    this.socket = socket as Socket
    if (event !== undefined) this.events.push(event)
    socket.on('connect', () => this.events.push('connect'))
    socket.on('data', (bytes) => this.events.push(`data ${bytes.length}`))
    socket.on('end', () => this.events.push('end'))
    socket.on('drain', () => this.events.push('drain'))
    socket.on('error', (error) => this.events.push(`error ${error.code}`))
    socket.on('close', () => this.events.push('close'))
  }

  #read(text: string): { bits: number; sequence: number; length: number; acknowledgment: number; window: number; options: Uint8Array } {
    const match = /^([A-Z.]+) (-?\d+):(-?\d+)\((\d+)\)(?: ack (-?\d+))?(?: win (\d+))?(?: <(.*)>)?$/.exec(text)
    if (match === null) throw new Error(`not a segment: ${text}`)
    const [, flags, first, , length, ack, window, options] = match
    const bits = [...flags].reduce((sum, letter) => sum | letters[letter as keyof typeof letters], 0)
    return { bits, sequence: Number(first) >>> 0, length: Number(length), acknowledgment: Number(ack ?? -this.iss), window: Number(window ?? 65_535), options: buildOptions(this.#readOptions(options ?? '')) }
  }

  #readOptions(text: string): Options {
    const parts: Record<string, unknown> = {}
    for (const part of text.split(',').filter((each) => each !== '')) {
      const [name, value] = part.split(' ')
      if (name === 'mss') parts.mss = Number(value)
      else if (name === 'sackOK') parts.sackPermitted = true
      else if (name === 'wscale') parts.windowScale = Number(value)
      else if (name === 'TS') parts.timestamps = { value: Number(value), echo: this.stamp }
      else if (name === 'sack') parts.sack = part.slice(5).split(' ').map((block) => block.split(':').map((edge) => (Number(edge) + this.iss) >>> 0))
      else throw new Error(`not an option: ${part}`)
    }
    return parts
  }

  #show(bytes: Uint8Array): string {
    const packet = ipv4.parse(bytes)
    const segment = tcp.parse(packet.payload, addressSum4(packet.source, packet.destination, 6))
    expect(segment.checksum).toBe('right')
    this.payload = segment.payload
    const flags = Object.entries(letters).filter(([, bit]) => (segment.flags & bit) !== 0).map(([letter]) => letter)
    const syn = (segment.flags & tcp.flags.syn) !== 0
    const first = syn ? 0 : (segment.sequence - this.iss) | 0
    const ack = (segment.flags & tcp.flags.ack) === 0 ? '' : ` ack ${segment.acknowledgment | 0}`
    const options = parseOptions(segment.options)
    if (options.timestamps !== undefined) this.stamp = options.timestamps.value
    const shown = [
      options.mss === undefined ? '' : `mss ${options.mss}`,
      options.sackPermitted === true ? 'sackOK' : '',
      this.stamps && options.timestamps !== undefined ? `ecr ${options.timestamps.echo}` : '',
      options.windowScale === undefined ? '' : `wscale ${options.windowScale}`,
      options.sack === undefined ? '' : `sack ${options.sack.map(([left, right]) => `${left | 0}:${right | 0}`).join(' ')}`,
    ].filter((each) => each !== '')
    const notes = shown.length === 0 ? '' : ` <${shown.join(',')}>`
    return `${flags.join('')} ${first}:${first + segment.payload.length}(${segment.payload.length})${ack}${notes}`
  }
}
