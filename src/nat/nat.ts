/**
 * User-mode NAT at a network's gateway: our stack inside, sockets of the host outside, one flow between. RFC 5382 (TCP), RFC 4787 (UDP),
 * RFC 5508 (ICMP); where it ends connections itself it is what RFC 1919 calls a transparent proxy.
 *
 * Theory of operation
 *
 * The gateway's IP hands over packets that are for nobody it knows (`ip.transit`), its TCP the dials that no listener takes, its UDP the
 * datagrams that no socket hears. policy.ts says which of them may leave, and where to. A TCP connection is ended here and made anew
 * outside (stream-flow.ts): the guest's handshake is answered only once the outside's is done. A UDP endpoint of a guest is one socket
 * outside (datagram-flow.ts), an echo identifier one ping socket (echo-flow.ts); what comes back is sent on from the address it came from.
 * FTP's control connections announce others, which are opened outside (ftp-alg.ts). What comes by a forwarded port is admitted by `inbound` events: the gateway itself dials the guest then (stream-flow.ts, inbound-flow.ts).
 *
 * The outside is a seam (outside.ts) of commands and events. Commands are given as the guest acts. Events come by the lab's door, with the
 * instant at which they are to happen, and wait here for it; nothing else comes in. So what a guest sees is decided by its own acts and
 * by recorded events alone, and with `nowhere` in the outside's place a recorded run is played back.
 *
 * Bounds, for hostile guests: streams, dials under way, mappings, their peers (limits.ts); bytes of each stream (outside.ts: windowOf) and of all
 * together, by the stack's own memory; datagrams that wait; what is remembered of refusals (ledger.ts). No bytes throw.
 *
 * Before you edit, read RFC 5382 §7, RFC 4787 §12, and house.md's law 6.
 */
import type { Log } from '../base/log.ts'
import type { Alarm, Instant, Scheduler } from '../base/time.ts'
import type { Host } from '../stack/host.ts'
import type { Endpoint } from '../stack/sockets.ts'
import type { Transit } from '../stack/ip.ts'
import type { Incoming } from '../stack/protocol.ts'
import type { Incoming6 } from '../stack/ip6/protocol6.ts'
import type { Stack6 } from '../stack/ip6/stack6.ts'
import type { Address } from '../stack/tcp/family.ts'
import type { Dial } from '../stack/tcp/forward.ts'
import type { FlowRow, Ground } from './ground.ts'
import type { GuestDatagram, GuestEcho, Inside } from './inside.ts'
import type { Outside, OutsideEvent } from './outside.ts'
import type { Verdict } from './policy.ts'
import { between, milliseconds } from '../base/time.ts'
import { parseIpv4, parseIpv6 } from '../wire/address.ts'
import type * as udp from '../wire/udp.ts'
import { prohibited } from './complaints.ts'
import { DatagramFlow } from './datagram-flow.ts'
import { EchoFlow } from './echo-flow.ts'
import { InboundFlow } from './inbound-flow.ts'
import { Inside4 } from './inside4.ts'
import { Inside6 } from './inside6.ts'
import { end, Ledger } from './ledger.ts'
import { mostDatagrams, mostDials, mostEchoes, mostStreams, mostWaiting, sweepEvery, tightShare } from './limits.ts'
import { nowhere, windowOf } from './outside.ts'
import { Policy } from './policy.ts'
import { Policy6 } from './policy6.ts'
import { StreamFlow } from './stream-flow.ts'
import { Transition } from './transition.ts'
import { prohibited6, Transition6 } from './transition6.ts'

export interface NatConfig {
  /** The network's name. */
  readonly name: string
  readonly host: Host
  readonly scheduler: Scheduler
  /** The gateway's address inside, dotted. */
  readonly gateway: string
  /** Where guests speak IPv6: its address there. */
  readonly gateway6?: string
  readonly hostLoopback: boolean
  readonly log?: Log
}

export interface NatCounters {
  /** Dials and datagrams for which there was no room. */
  full: number
  /** Datagrams from outside that came faster than the lab took them. */
  dropped: number
  /** Packets that made no sense here. */
  malformed: number
}

type Flow = StreamFlow | DatagramFlow | EchoFlow | InboundFlow

/** So long memory may stay tight before it is looked at again. */
const relief = milliseconds(5)

export class Nat implements Ground {
  readonly name: string
  readonly clock: Scheduler
  readonly host: Host
  readonly ledger: Ledger
  readonly counters: NatCounters = { full: 0, dropped: 0, malformed: 0 }
  outside: Outside = nowhere
  readonly #gateway: string
  readonly #gateway6: string | undefined
  readonly #four: Inside
  readonly #six: Inside | undefined
  readonly #flows = new Map<number, Flow>()
  /** `10.0.0.10:4000` → UDP mapping, `10.0.0.10#7` → echo mapping; the one idle for longest first. */
  readonly #mappings = new Map<string, DatagramFlow | EchoFlow>()
  readonly #keys = new Map<number, string>()
  /** Streams that wait for the outside's answer. */
  readonly #dialling = new Set<number>()
  readonly #sweep: Alarm
  readonly #entry: Alarm
  readonly #relief: Alarm
  #starved = new Set<StreamFlow>()
  /** Whom the guest expects at its ends, by end: connections that FTP's commands announced. */
  readonly #expected = new Map<string, string>()
  #waiting: { readonly time: Instant; readonly event: OutsideEvent }[] = []
  #waitingBytes = 0
  #next = 1
  #streams = 0
  #echoes = 0

  constructor({ name, host, scheduler, gateway, gateway6, hostLoopback, log }: NatConfig) {
    this.name = name
    this.#gateway = gateway
    this.#gateway6 = gateway6
    this.clock = scheduler
    this.host = host
    this.#four = new Inside4(host, new Policy({ gateway: parseIpv4(gateway), hostLoopback }))
    this.ledger = new Ledger(scheduler, log)
    this.#sweep = scheduler.alarm(`${name}.nat sweep`, () => this.#swept())
    this.#entry = scheduler.alarm(`${name}.nat`, () => this.#enter())
    this.#relief = scheduler.alarm(`${name}.nat relief`, () => this.#relieve())
    const transition = new Transition(host, scheduler, {
      datagram: (datagram, incoming) => this.#fromGuest4(datagram, incoming),
      echo: (identifier, sequence, payload, incoming) => this.#echoFromGuest4(identifier, sequence, payload, incoming),
      malformed: () => void this.counters.malformed++,
    })
    host.ip.transit = beside(host, host.ip.transit, transition.take)
    host.udp.stranger = (datagram, incoming) => this.#stranger(this.#four, guestDatagram4(datagram, incoming))
    this.#six = host.six === undefined || gateway6 === undefined ? undefined : this.#speakSix(host.six, new Policy6({ gateway: parseIpv6(gateway6), hostLoopback }))
    host.tcp.forward((dial) => this.#dialled(dial))
  }

  /** What would be heard of every flow that is open if the whole outside went away now. */
  get partings(): OutsideEvent[] {
    const code = 'ECONNRESET'
    return [...this.#flows].map(([number, flow]) => (flow instanceof StreamFlow ? { kind: 'closed', flow: number, code } : { kind: 'lost', flow: number, code }))
  }

  /** The outside from now on; undefined: none. Flows of the one before are cut. */
  connect(outside: Outside | undefined): void {
    if (this.outside !== nowhere) for (const flow of this.#flows.values()) flow.cut()
    this.outside = outside ?? nowhere
  }

  /** For the door: something that is to happen at `time`. @returns false when it was dropped, which happens to datagrams only. */
  enter(time: Instant, event: OutsideEvent): boolean {
    const bytes = event.kind === 'datagram' || event.kind === 'inbound datagram' || event.kind === 'echo reply' ? event.bytes.length + 64 : 0
    if (bytes > 0 && this.#waitingBytes + bytes > mostWaiting) {
      this.counters.dropped++
      return false
    }
    this.#waitingBytes += bytes
    this.#waiting.push({ time, event })
    if (this.#entry.due === undefined) this.#entry.arm(between(this.clock.now, time))
    return true
  }

  /** Flows under way, then what was refused. */
  get rows(): FlowRow[] {
    const refused = this.ledger.refusals.map(({ protocol, from, to, reason, count, last }): FlowRow => ({
      protocol: protocol as FlowRow['protocol'], inside: from, outside: to, direction: 'out', state: 'refused', sent: 0, received: 0,
      idle: Math.floor((this.clock.now - last) / 1e9), reason: count > 1 ? `${reason} (${count} times)` : reason,
    }))
    return [...[...this.#flows.values()].map((flow) => flow.row), ...refused]
  }

  get window(): number {
    return windowOf(this.#streams)
  }

  get tight(): boolean {
    const { usedBytes, limitBytes } = this.host.tcp.memory
    return usedBytes > limitBytes * tightShare
  }

  starve(flow: StreamFlow): void {
    this.#starved.add(flow)
    if (this.#relief.due === undefined) this.#relief.arm(relief)
  }

  expect(number: number, from: string, to: Endpoint, seen: string | undefined): void {
    const key = end(to)
    this.#expected.delete(key)
    // The gateway's own address is what it dials from anyway.
    if (seen !== undefined && seen !== this.#gateway && seen !== this.#gateway6) this.#expected.set(key, seen)
    if (this.#expected.size > mostStreams) this.#expected.delete(this.#expected.keys().next().value as string)
    this.outside.expect(number, from, to)
  }

  forget(number: number): void {
    const flow = this.#flows.get(number)
    if (!this.#flows.delete(number)) return
    this.#dialling.delete(number)
    if (flow instanceof StreamFlow) this.#streams--
    if (flow instanceof EchoFlow) this.#echoes--
    const key = this.#keys.get(number)
    if (key !== undefined && this.#keys.delete(number)) this.#mappings.delete(key)
  }

  #dialled(dial: Dial): void {
    const { address, port } = dial.to
    // A link-local address with its zone is our own: none other comes here (ip6/ip6.ts).
    const verdict = address.includes(':') ? (this.#six?.judge(parseIpv6(address.split('%')[0]), port) ?? noSix) : this.#four.judge(parseIpv4(address), port)
    if ('refused' in verdict) {
      this.ledger.refuse('tcp', dial.from.address, end(dial.to), verdict.refused)
      return verdict.how === 'refuse' ? dial.refuse() : dial.unreachable(prohibited)
    }
    if (this.#streams >= mostStreams || this.#dialling.size >= mostDials) {
      this.counters.full++
      return dial.ignore()
    }
    const flow = new StreamFlow(this.#next++, { inside: dial.from, outside: dial.to }, this)
    this.#add(flow)
    this.#dialling.add(flow.number)
    flow.dial(dial, { address: verdict.at, port: dial.to.port })
  }

  #speakSix(six: Stack6, policy: Policy6): Inside {
    const inside = new Inside6(six, policy)
    const complain = (incoming: Incoming6) => (): void => six.ip.complain(incoming, prohibited6)
    const transition = new Transition6(six, {
      datagram: (datagram, incoming) => this.#datagram(inside, datagram, complain(incoming)),
      echo: (echo, incoming) => this.#echo(inside, echo, complain(incoming)),
      malformed: () => void this.counters.malformed++,
    })
    const forward = six.ip.transit
    six.ip.transit = (incoming) => (six.ip.hasRoute(incoming.packet.destination) ? (forward?.(incoming) ?? false) : transition.take(incoming))
    six.datagrams.stranger = (datagram) => this.#stranger(inside, datagram)
    return inside
  }

  #fromGuest4(datagram: udp.Parsed, incoming: Incoming): void {
    this.#datagram(this.#four, guestDatagram4(datagram, incoming), () => this.host.ip.complain(incoming, prohibited))
  }

  #echoFromGuest4(identifier: number, sequence: number, payload: Uint8Array, incoming: Incoming): void {
    const { source, destination, ttl } = incoming.packet
    this.#echo(this.#four, { source, destination, identifier, sequence, payload, ttl: ttl - 1 }, () => this.host.ip.complain(incoming, prohibited))
  }

  /** A datagram for the gateway itself that none of its sockets hears. @returns whether it may leave. */
  #stranger(inside: Inside, datagram: GuestDatagram): boolean {
    const { source, destination, destinationPort } = datagram
    const verdict = inside.judge(destination, destinationPort)
    if ('refused' in verdict) {
      this.ledger.refuse('udp', inside.format(source), end({ address: inside.format(destination), port: destinationPort }), verdict.refused)
      return false
    }
    this.#send(inside, datagram, verdict.at)
    return true
  }

  #datagram(inside: Inside, datagram: GuestDatagram, prohibit: () => void): void {
    const { source, destination, destinationPort } = datagram
    const verdict = inside.judge(destination, destinationPort)
    if ('at' in verdict) return this.#send(inside, datagram, verdict.at)
    this.ledger.refuse('udp', inside.format(source), end({ address: inside.format(destination), port: destinationPort }), verdict.refused)
    prohibit()
  }

  #send(inside: Inside, { source, sourcePort, destinationPort, payload, ttl, segmentSize }: GuestDatagram, at: string): void {
    // Port 0 is nobody's: where nothing can be answered, nothing is sent.
    if (sourcePort === 0 || destinationPort === 0) return void this.counters.malformed++
    const flow = this.#mapping(`${inside.format(source)} ${sourcePort}`, (number) => new DatagramFlow(number, copied(source), sourcePort, inside, this)) as DatagramFlow
    const step = segmentSize === 0 ? Math.max(1, payload.length) : segmentSize
    const to = { address: at, port: destinationPort }
    for (let from = 0; from === 0 || from < payload.length; from += step) flow.send(to, payload.subarray(from, from + step), ttl)
  }

  #echo(inside: Inside, { source, destination, identifier, sequence, payload, ttl }: GuestEcho, prohibit: () => void): void {
    const verdict = inside.judge(destination, 0)
    if ('refused' in verdict) {
      this.ledger.refuse('icmp', inside.format(source), inside.format(destination), verdict.refused)
      return prohibit()
    }
    const flow = this.#mapping(`${inside.format(source)}#${identifier}`, (number) => new EchoFlow(number, copied(source), identifier, inside, this)) as EchoFlow
    flow.send(verdict.at, sequence, payload, ttl)
  }

  /** The mapping of that name, made if need be, and now the one that is idle for the shortest time. */
  #mapping(key: string, make: (number: number) => DatagramFlow | EchoFlow): DatagramFlow | EchoFlow {
    const known = this.#mappings.get(key)
    if (known !== undefined) {
      this.#mappings.delete(key)
      this.#mappings.set(key, known)
      return known
    }
    const flow = make(this.#next++)
    this.#makeRoom(flow)
    this.#add(flow)
    this.#mappings.set(key, flow)
    this.#keys.set(flow.number, key)
    return flow
  }

  #makeRoom(flow: DatagramFlow | EchoFlow): void {
    const echo = flow instanceof EchoFlow
    const full = echo ? this.#echoes >= mostEchoes : this.#mappings.size - this.#echoes >= mostDatagrams
    if (echo) this.#echoes++
    if (!full) return
    this.counters.full++
    for (const each of this.#mappings.values()) if (each instanceof EchoFlow === echo) return each.cut()
  }

  #add(flow: Flow): void {
    this.#flows.set(flow.number, flow)
    if (flow instanceof StreamFlow) this.#streams++
    if (this.#sweep.due === undefined) this.#sweep.arm(sweepEvery)
  }

  #enter(): void {
    const { now } = this.clock
    let due = 0
    for (; due < this.#waiting.length && this.#waiting[due].time <= now; due++) this.#happen(this.#waiting[due].event)
    this.#waiting = due === this.#waiting.length ? [] : this.#waiting.slice(due)
    if (this.#waiting.length > 0) this.#entry.arm(between(now, this.#waiting[0].time))
    else this.#waitingBytes = 0
  }

  #happen(event: OutsideEvent): void {
    if (event.kind === 'inbound') return this.#admit(event)
    if (event.kind === 'inbound datagram' && !this.#flows.has(event.flow)) return this.#admitDatagram(event)
    const flow = this.#flows.get(event.flow)
    if (flow === undefined) return
    if (event.kind === 'open' || event.kind === 'closed') this.#dialling.delete(event.flow)
    hear(flow, event)
  }

  #admit({ flow, from, to }: Extract<OutsideEvent, { kind: 'inbound' }>): void {
    if (this.#streams >= mostStreams) {
      this.counters.full++
      return this.outside.reset(flow)
    }
    const stream = new StreamFlow(flow, { inside: to, outside: from }, this)
    this.#add(stream)
    const seen = this.#expected.get(end(to))
    this.#expected.delete(end(to))
    stream.admit(seen === undefined ? undefined : { address: seen, port: from.port })
  }

  #admitDatagram(event: Extract<OutsideEvent, { kind: 'inbound datagram' }>): void {
    try {
      const flow = new InboundFlow(event.flow, event.to, event.from, this)
      this.#add(flow)
      flow.hear(event)
    } catch (error) {
      this.counters.full++
      this.outside.release(event.flow)
      if ((error as { code?: string }).code === undefined) throw error
    }
  }

  #swept(): void {
    const { now } = this.clock
    for (const flow of this.#flows.values()) if (flow.expired(now)) flow.cut()
    if (this.#flows.size > 0) this.#sweep.arm(sweepEvery)
  }

  #relieve(): void {
    if (this.tight) return this.#relief.arm(relief)
    const starved = this.#starved
    this.#starved = new Set()
    for (const flow of starved) {
      if (this.tight) this.#starved.add(flow)
      else flow.relieve()
    }
    if (this.#starved.size > 0) this.#relief.arm(relief)
  }
}

/** Each kind of flow hears what is its own; the outside says nothing else of it, and a recording that does is passed over. */
function hear(flow: Flow, event: Exclude<OutsideEvent, { kind: 'inbound' }>): void {
  if (flow instanceof StreamFlow) {
    if (event.kind === 'open' || event.kind === 'data' || event.kind === 'end' || event.kind === 'room' || event.kind === 'closed' || event.kind === 'expecting') flow.hear(event)
  } else if (flow instanceof EchoFlow) {
    if (event.kind === 'echo reply' || event.kind === 'complaint' || event.kind === 'lost') flow.hear(event)
  } else if (flow instanceof InboundFlow) {
    if (event.kind === 'inbound datagram' || event.kind === 'datagram' || event.kind === 'complaint' || event.kind === 'lost') flow.hear(event)
  } else if (event.kind === 'datagram' || event.kind === 'complaint' || event.kind === 'lost') flow.hear(event)
}

/** What the gateway has a way to inside the lab is forwarded as before, if it was; all else is NAT's. */
function beside(host: Host, forward: Transit | undefined, nat: Transit): Transit {
  return (incoming) => (host.ip.routes.find(incoming.packet.destination) === undefined ? nat(incoming) : (forward?.(incoming) ?? false))
}

const noSix: Verdict = { refused: 'this gateway has no IPv6', how: 'prohibit' }
const copied = (address: Address): Address => (typeof address === 'number' ? address : address.slice())

function guestDatagram4({ sourcePort, destinationPort, payload }: udp.Parsed, { packet, segmentSize }: Incoming): GuestDatagram {
  return { source: packet.source, sourcePort, destination: packet.destination, destinationPort, payload, ttl: packet.ttl - 1, segmentSize }
}
