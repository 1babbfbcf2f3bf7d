/** The DNS service point: questions on port 53 by UDP and TCP, answered from the lab's zones or by the servers it forwards to. RFC 1034, 1035. */
import type { ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import type { UdpSocket } from '../../src/stack/sockets.ts'
import type { Message, Question } from '../../src/wire/dns.ts'
import type { DnsConfig } from './config.ts'
import { u16be } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { formatData, formatType, types } from '../../src/wire/dns-data.ts'
import { build, format, headerBytes, leastUdpBytes, parse, rcodes, serverPort } from '../../src/wire/dns.ts'
import { fold, parentOf } from '../../src/wire/dns-name.ts'
import { nearest } from '../near.ts'
import { answer, blank, ourUdpBytes, refusal } from './answer.ts'
import { parseConfig } from './config.ts'
import { Forwarder } from './forwarder.ts'
import { DnsStreams } from './streams.ts'
import { Zones } from './zones.ts'
import { isOwnAddress } from '../own-address.ts'

export const dns: ServiceKind<DnsConfig> = { kind: 'dns', bothVersions: true, parse: parseConfig, create: (config, room) => new DnsService(config, room) }

/** Names that somebody was told don't exist; each is logged once. */
const mostMissed = 256

type Reply = (answer: Message) => void

class DnsService implements ServicePoint {
  readonly #room: ServiceRoom
  readonly #zones: Zones
  readonly #forwarder: Forwarder
  readonly #socket: UdpSocket
  readonly #streams: DnsStreams
  readonly #missed = new Set<string>()
  readonly #counters = { answered: 0, forwarded: 0, missing: 0, refused: 0, malformed: 0 }

  constructor(config: DnsConfig, room: ServiceRoom) {
    this.#room = room
    this.#zones = new Zones(config, room)
    const { name, sockets, scheduler, random } = room
    this.#forwarder = new Forwarder({ name, sockets, scheduler, random: random.fork('forward'), servers: config.forward })
    this.#socket = sockets.bind({ address: '0.0.0.0', port: serverPort }, (payload, { from, to }) => {
      if (!isOwnAddress(room.interfaces, to.address)) return
      this.#hear(payload, from.address, (message, asked) => {
        // "the lesser of what both sides take"; 512 where the asker didn't say (RFC 6891 §6.2.5).
        const room = Math.min(ourUdpBytes, Math.max(leastUdpBytes, asked?.edns?.udpBytes ?? leastUdpBytes))
        this.#socket.send(build(message, room), from, { source: to.address })
      })
    })
    this.#streams = new DnsStreams({ name, sockets, scheduler, hear: (bytes, from, reply) => this.#hear(bytes, from, (message) => reply(build(message))) })
  }

  close(): void {
    this.#socket.close()
    this.#streams.close()
    this.#forwarder.close()
  }

  inspect(): ReturnType<NonNullable<ServicePoint['inspect']>> {
    const names = this.#zones.names.flatMap((name) => (this.#zones.of(name)?.look(name) ?? []).filter((each) => each.type === types.a || each.type === types.aaaa || each.type === types.cname))
    const rows = names.map((record) => ({ name: record.name, type: formatType(record.type), ttl: record.ttl, data: formatData(record.data) }))
    return { names: rows, counters: [{ ...this.#counters, connections: this.#streams.connections }] }
  }

  #hear(payload: Uint8Array, from: string, reply: (answer: Message, query: Message | undefined) => void): void {
    let query: Message
    try {
      query = parse(payload)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      return this.#malformed(payload, from, error, reply)
    }
    // An answer that is answered makes a loop of two servers.
    if (query.response) return
    const code = refusal(query)
    if (code !== undefined) {
      this.#counters.refused++
      return reply(blank(query, code, this.#forwarder.able), query)
    }
    this.#answer(query, from, (message) => reply(message, query))
  }

  /** Whoever's message has a header is told that the rest is wrong. */
  #malformed(payload: Uint8Array, from: string, error: Malformed, reply: (answer: Message, query: undefined) => void): void {
    this.#counters.malformed++
    if (this.#counters.malformed === 1) this.#room.log.warn('dns.malformed', `a message from ${from} can't be read: ${error.message}`, { from })
    if (payload.length < headerBytes || (payload[2] & 0x80) !== 0) return
    const header = payload.slice(0, headerBytes).fill(0, 4)
    reply({ ...blank(parse(header), rcodes.formatError), id: u16be(payload, 0) }, undefined)
  }

  #answer(query: Message, from: string, reply: Reply): void {
    const { message, elsewhere } = answer(query, this.#zones, this.#forwarder.able)
    if (elsewhere !== undefined && query.recursionDesired && this.#forwarder.able) return this.#forward(query, message, elsewhere, from, reply)
    this.#count(message, query.questions[0], from)
    reply(message)
  }

  /** What was found so far, an alias that leads out, stands in front of what the others say. */
  #forward(query: Message, found: Message, question: Question, from: string, reply: Reply): void {
    this.#counters.forwarded++
    this.#forwarder.ask(question, query.edns, (said) => {
      if (said === undefined) this.#room.log.warn('dns.no-answer', `nobody answered for ${question.name}, asked by ${from}`, { name: question.name, from })
      const { rcode, answers, authorities, additionals } = said ?? { rcode: rcodes.serverFailure, answers: [], authorities: [], additionals: [] }
      reply({ ...found, rcode: said === undefined || query.edns !== undefined ? rcode : rcode & 15, authoritative: false, answers: [...found.answers, ...answers], authorities, additionals })
    })
  }

  #count(message: Message, question: Question, from: string): void {
    const { log } = this.#room
    log.debug('dns.answer', `${from}: ${format(message)}`, { from, name: question.name, type: formatType(question.type) })
    if (message.rcode === rcodes.ok) this.#counters.answered++
    else if (message.rcode === rcodes.refused) this.#refused(question, from)
    else if (message.rcode === rcodes.noSuchName) this.#missing(question, from)
  }

  #missing({ name }: Question, from: string): void {
    this.#counters.missing++
    if (!this.#firstTime(name)) return
    // Resolvers try every search domain, and addresses backwards, as a matter of course.
    const [near] = nearest(name, this.#zones.names.filter((each) => parentOf(each) === parentOf(fold(name))), 1)
    this.#room.log.info('dns.missing', `${from} asks for ${name}, which does not exist${near === undefined ? '' : `; there is ${near}`}`, { from, name, ...(near === undefined ? {} : { near }) })
  }

  #refused({ name }: Question, from: string): void {
    this.#counters.refused++
    if (this.#firstTime(name)) this.#room.log.info('dns.refused', `${from} asks for ${name}, which is not in this lab, and no server is named that could be asked (forward:)`, { from, name })
  }

  #firstTime(name: string): boolean {
    const key = fold(name)
    if (this.#missed.has(key) || this.#missed.size >= mostMissed) return false
    this.#missed.add(key)
    return true
  }
}
