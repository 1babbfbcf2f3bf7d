/**
 * The stack's port: one host of ours on virtual time, driven by requests, so that a conformance suite can play the network and the user at once.
 *
 * Theory of operation. The host has one interface, whose far side is a `PacketTap`; nothing else is there, and no clock but its timeline. A request
 * is done at the present instant. What the stack has put off for after the call (house.md, law 4: nothing is delivered inside a send) is
 * done before the answer is given, which takes a few nanoseconds of virtual time. Every answer carries the time and all packets that were
 * sent since the one before, so a driver never has to wait and never misses one. Time moves only by `advance`. The same requests to the same
 * seed give the same answers, byte for byte. docs/stack-port.md has every request.
 */
import { hex, unhex, utf8 } from '../../base/bytes.ts'
import { ConfigError, Malformed } from '../../base/errors.ts'
import { SeededRandom } from '../../base/random.ts'
import { type Duration, type Instant, nanoseconds } from '../../base/time.ts'
import { Timeline } from '../../base/timeline.ts'
import { parseIpv4, parseMac } from '../../wire/address.ts'
import { Host } from '../../stack/host.ts'
import { defaults, type Settings } from '../../stack/tcp/settings.ts'
import type { Endpoint } from '../../stack/sockets.ts'
import { duration } from '../units.ts'
import { DatagramEnd, StreamEnd, usualRead } from './ends.ts'
import { PacketTap } from './packet-tap.ts'
import { type Json, Refusal, Request } from './request.ts'

export type Answer = { readonly id: Json; readonly ok: true; readonly time: number; readonly value: Json; readonly packets: Json } | { readonly id: Json; readonly ok: false; readonly time: number; readonly code: string; readonly message: string; readonly packets: Json }

type End = StreamEnd | DatagramEnd

const mostSockets = 16_384
/** Rounds of what was put off, after one request: more of them would be a loop. */
const mostRounds = 1000
/** Virtual time ends at 2^53 ns. */
const lastInstant = 2 ** 53 - 1
const verbs = ['stack', 'socket', 'bind', 'listen', 'accept', 'connect', 'write', 'read', 'shutdown', 'close', 'setsockopt', 'getsockopt', 'poll', 'packet', 'packets', 'advance', 'time', 'connections', 'counters', 'help'] as const
type Verb = (typeof verbs)[number]
const tcpSettings = Object.keys(defaults) as (keyof Settings)[]

export class StackPort {
  #time = new Timeline()
  #tap!: PacketTap
  #host!: Host
  #ends = new Map<number, End>()
  #next = 3
  readonly #acts: Readonly<Record<Verb, (request: Request) => Json>>

  constructor() {
    this.#acts = {
      stack: (request) => this.#make(request),
      socket: (request) => this.#give(request.word('type', ['stream', 'datagram'], 'stream') === 'stream' ? new StreamEnd(this.#host) : new DatagramEnd(this.#host)),
      bind: (request) => this.#bound(request),
      listen: (request) => this.#listen(request),
      accept: (request) => this.#accept(request),
      connect: (request) => this.#connect(request),
      write: (request) => this.#write(request),
      read: (request) => this.#read(request),
      shutdown: (request) => done(this.#stream(request).shutdown(request.word('how', ['read', 'write', 'both'], 'write'))),
      close: (request) => this.#close(request),
      setsockopt: (request) => this.#set(request),
      getsockopt: (request) => this.#get(request),
      poll: (request) => this.#poll(request),
      packet: (request) => done(this.#tap.hear(bytesOf(request))),
      packets: () => null,
      advance: (request) => this.#advance(request),
      time: () => ({ now: this.#time.now, next: this.#time.next ?? null }),
      connections: () => this.#host.tcp.connections.map((each) => ({ ...each })),
      counters: () => ({ tcp: { ...this.#host.tcp.counters }, udp: { ...this.#host.udp.counters }, tap: { ...this.#tap.counters } }),
      help: () => [...verbs],
    }
    this.#make(new Request({}))
  }

  /** One line in, one line out, both without the line's end. Never throws. */
  line(text: string): string {
    return JSON.stringify(this.#parsed(text))
  }

  handle(value: Json): Answer {
    let id: Json = null
    try {
      const request = new Request(value)
      id = request.id
      const result = this.#do(request)
      this.#settle()
      return { id, ok: true, time: this.#time.now, value: result, packets: this.#sent() }
    } catch (error) {
      this.#settle()
      return { id, ok: false, time: this.#time.now, ...refusalOf(error), packets: this.#sent() }
    }
  }

  #parsed(text: string): Answer {
    let value: Json
    try {
      value = JSON.parse(text) as Json
    } catch (error) {
      return { id: null, ok: false, time: this.#time.now, code: 'EPROTO', message: `not JSON: ${(error as Error).message}`, packets: [] }
    }
    return this.handle(value)
  }

  #do(request: Request): Json {
    const { verb } = request
    if (!(verbs as readonly string[]).includes(verb)) throw new Refusal('ENOSYS', `there is no request "${verb}"; there is ${verbs.join(', ')}`)
    const result = this.#acts[verb as Verb](request)
    request.done()
    return result
  }

  #make(request: Request): Json {
    const medium = request.word('medium', ['ip', 'ethernet'], 'ip')
    const mtu = request.count('mtu', 68, 65_535, 1500)
    const seed = request.json('seed') ?? 1
    if (typeof seed !== 'number' && typeof seed !== 'string') throw new Refusal('EINVAL', '"seed" must be a number or a string')
    const addresses = request.texts('address', ['10.0.0.1/24']).map(addressOf)
    const gateway = request.has('gateway') ? parseIpv4(request.text('gateway')) : undefined
    const tcp = settingsOf(request.fields('tcp'))
    const mac = parseMac(request.text('mac', '02:00:00:00:00:01'))
    this.#time = new Timeline()
    this.#tap = new PacketTap(this.#time, medium, medium === 'ip' ? mtu : mtu + 14)
    this.#host = new Host({ name: 'stack', scheduler: this.#time, random: new SeededRandom(seed), tcp })
    const made = this.#host.addInterface({ name: 'eth0', port: this.#tap, mac, mtu, addresses })
    if (gateway !== undefined) this.#host.setGateway(made, gateway)
    this.#ends = new Map()
    return null
  }

  #give(end: End): Json {
    if (this.#ends.size >= mostSockets) throw new Refusal('EMFILE', `there are ${mostSockets} sockets open; close some`)
    const number = this.#next++
    this.#ends.set(number, end)
    return number
  }

  #bound(request: Request): Json {
    const end = this.#end(request)
    end.bind(endpointOf(request, 0))
    return place(end.local)
  }

  #listen(request: Request): Json {
    const end = this.#stream(request)
    end.listen()
    return place(end.local)
  }

  #accept(request: Request): Json {
    const end = this.#stream(request).accept()
    return { socket: this.#give(end), peer: place(end.peer) }
  }

  #connect(request: Request): Json {
    const end = this.#end(request)
    end.connect(endpointOf(request, 1))
    return place(end.local)
  }

  #write(request: Request): Json {
    const end = this.#end(request)
    const bytes = bytesOf(request)
    if (end instanceof StreamEnd) return end.write(bytes)
    return end.write(bytes, request.has('address') ? endpointOf(request, 1) : undefined)
  }

  #read(request: Request): Json {
    const end = this.#end(request)
    const most = request.count('most', 1, 1 << 20, usualRead)
    if (end instanceof DatagramEnd) {
      const { bytes, arrival } = end.read(most)
      return { hex: hex(bytes), from: place(arrival.from), to: place(arrival.to) }
    }
    const bytes = end.read(most)
    return { hex: hex(bytes), end: bytes.length === 0 }
  }

  #close(request: Request): Json {
    const end = this.#end(request)
    end.close()
    this.#ends.delete(request.count('socket', 0, lastInstant))
    return null
  }

  #set(request: Request): Json {
    const end = this.#stream(request)
    const option = request.word('option', ['noDelay', 'keepAlive', 'linger'])
    if (option === 'noDelay') end.set({ noDelay: request.flag('value') })
    else if (option === 'linger') end.set({ reset: request.json('value') !== null && request.count('value', 0, 0) === 0 })
    else end.set({ keepAlive: request.json('value') === false ? undefined : request.count('value', 1, 1e9) })
    return null
  }

  #get(request: Request): Json {
    const end = this.#end(request)
    const option = request.word('option', ['type', 'error', 'local', 'peer', 'noDelay', 'keepAlive', 'linger', 'info'])
    if (option === 'type') return end.type
    if (option === 'error') return end.error()
    if (option === 'local') return place(end.local)
    if (option === 'peer') return place(end.peer)
    const { settings, info } = this.#stream(request)
    return option === 'info' ? info : option === 'linger' ? (settings.reset ? 0 : null) : option === 'noDelay' ? settings.noDelay : (settings.keepAlive ?? false)
  }

  #poll(request: Request): Json {
    const numbers = request.numbers('sockets') ?? [...this.#ends.keys()]
    return numbers.map((number) => ({ socket: number, ready: this.#found(number).ready }))
  }

  #advance(request: Request): Json {
    if (!request.has('by')) {
      const until = request.word('until', ['timer', 'packet'], 'timer')
      return { rang: until === 'timer' ? this.#time.step() : this.#untilPacket() }
    }
    const until = (this.#time.now + spanOf(request)) as Instant
    if (until > lastInstant) throw new Refusal('EINVAL', 'virtual time ends after 104 days; make a new stack')
    const rang = this.#time.next !== undefined && this.#time.next <= until
    this.#time.run(until)
    return { rang }
  }

  #untilPacket(): boolean {
    const before = this.#tap.counters.sent
    for (let round = 0; round < mostRounds && this.#tap.counters.sent === before; round++) if (!this.#time.step()) return false
    return this.#tap.counters.sent > before
  }

  /** Everything that was put off for after the request. */
  #settle(): void {
    for (let round = 0; round < mostRounds && this.#time.next !== undefined && this.#time.next <= this.#time.now + 1; round++) this.#time.step()
  }

  #sent(): Json {
    return this.#tap.take().map(({ time, bytes }) => ({ time, hex: hex(bytes) }))
  }

  #end(request: Request): End {
    return this.#found(request.count('socket', 0, lastInstant))
  }

  #found(number: number): End {
    const end = this.#ends.get(number)
    if (end === undefined) throw new Refusal('EBADF', `there is no socket ${number}; "socket" makes one`)
    return end
  }

  #stream(request: Request): StreamEnd {
    const end = this.#end(request)
    if (end instanceof StreamEnd) return end
    throw new Refusal('EOPNOTSUPP', 'that is for stream sockets, and this is one for datagrams')
  }
}

function refusalOf(error: unknown): { readonly code: string; readonly message: string } {
  const { message, code } = error as Error & { code?: unknown }
  if (typeof code === 'string') return { code, message }
  if (error instanceof Malformed || error instanceof ConfigError) return { code: 'EINVAL', message }
  throw error
}

function settingsOf(request: Request | undefined): Partial<Settings> {
  if (request === undefined) return {}
  const settings = Object.fromEntries(tcpSettings.filter((key) => request.has(key)).map((key) => [key, request.count(key, 0, 2 ** 31)])) as Partial<Settings>
  request.done()
  return settings
}

function addressOf(text: string): { readonly address: number; readonly prefix: number } {
  const [address, prefix = '24'] = text.split('/')
  if (!/^\d{1,2}$/.test(prefix) || Number(prefix) > 32) throw new Refusal('EINVAL', `"${text}" is not an address with a prefix, like 10.0.0.1/24`)
  return { address: parseIpv4(address), prefix: Number(prefix) }
}

function endpointOf(request: Request, leastPort: number): Endpoint {
  const address = request.text('address', leastPort === 0 ? '0.0.0.0' : undefined)
  return { address, port: request.count('port', leastPort, 65_535, leastPort === 0 ? 0 : undefined) }
}

/** `hex`, `text` (UTF-8), or so many zeros. */
function bytesOf(request: Request): Uint8Array {
  if (request.has('text')) return utf8(request.text('text'))
  if (request.has('length')) return new Uint8Array(request.count('length', 0, 1 << 24))
  const text = request.text('hex').replaceAll(/[\s:]/g, '')
  if (!/^(?:[\da-f]{2})*$/i.test(text)) throw new Refusal('EINVAL', '"hex" must be pairs of hexadecimal digits; blanks and colons may stand between them')
  return unhex(text)
}

function spanOf(request: Request): Duration {
  const value = request.json('by')
  if (typeof value === 'string' && duration.pattern.test(value)) return duration.read(value)
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return nanoseconds(value)
  throw new Refusal('EINVAL', '"by" must be whole nanoseconds, or a span with its unit, like "40ms"')
}

const place = (at: Endpoint | undefined): Json => (at === undefined ? null : { address: at.address, port: at.port })
/** Of a request that has nothing to say. */
function done(nothing: void): null {
  return nothing ?? null
}
