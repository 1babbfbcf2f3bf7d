/** ICMP on our host: echoes answered, errors sent at a bounded rate, errors heard and told to who sent. RFC 792, RFC 1122 §3.2.2. */
import type { Clock } from '../base/time.ts'
import type { Complaint, Ip } from './ip.ts'
import type { FailureCode, Incoming, IpProtocol } from './protocol.ts'
import { Malformed } from '../base/errors.ts'
import * as icmp from '../wire/icmp.ts'
import * as ipv4 from '../wire/ipv4.ts'
import * as quoted from '../wire/quoted.ts'
import { headroom } from './ip.ts'
import { TokenBucket } from './token-bucket.ts'

/** An echo reply, or the error that came instead. */
export type HearEcho = (heard: { readonly from: number; readonly sequence: number; readonly payload: Uint8Array; readonly ttl: number } | { readonly failed: FailureCode; readonly sequence: number }) => void

export class Icmp implements IpProtocol {
  readonly number = ipv4.protocols.icmp
  readonly counters = { malformed: 0, echoes: 0, errorsSent: 0, errorsHeld: 0 }
  readonly #ip: Ip
  readonly #bucket: TokenBucket
  readonly #echoes = new Map<number, HearEcho>()

  constructor(ip: Ip, clock: Clock) {
    this.#ip = ip
    this.#bucket = new TokenBucket(clock)
  }

  /** Whoever sends echoes with `identifier` hears what comes back. @returns false when the identifier is taken. */
  listen(identifier: number, hear: HearEcho | undefined): boolean {
    if (hear === undefined) return this.#echoes.delete(identifier)
    if (this.#echoes.has(identifier)) return false
    this.#echoes.set(identifier, hear)
    return true
  }

  send(message: icmp.Message, to: { readonly destination: number; readonly source?: number | undefined; readonly ttl?: number | undefined }): FailureCode | undefined {
    const bytes = icmp.build(message)
    const buffer = new Uint8Array(headroom + bytes.length)
    buffer.set(bytes, headroom)
    return this.#ip.send(buffer, { protocol: this.number, ...to })
  }

  receive(incoming: Incoming): void {
    try {
      const message = icmp.parse(incoming.packet.payload)
      if (message.checksum === 'wrong' && !incoming.trusted) throw new Malformed('ICMP checksum')
      this.#hear(message, incoming)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.counters.malformed++
    }
  }

  /** An error came back for something that we sent: an echo. */
  failed({ code, quoted: { payload } }: { readonly code: FailureCode; readonly quoted: quoted.Quoted }): void {
    if (payload.length < icmp.headerBytes || payload[0] !== icmp.types.echo) return
    const identifier = (payload[4] << 8) | payload[5]
    this.#echoes.get(identifier)?.({ failed: code, sequence: (payload[6] << 8) | payload[7] })
  }

  /** Sends an error about a packet, where one may be sent (RFC 1122 §3.2.2). */
  complain(about: Incoming, { kind, code, mtu }: Complaint): void {
    const { packet, bytes, group } = about
    if (group || packet.fragmentOffset > 0 || packet.source === 0 || isError(packet)) return
    if (!this.#allowed()) return
    const quote = icmp.quote(bytes)
    const source = this.#ip.owns(packet.destination) ? packet.destination : undefined
    this.send(kind === 'unreachable' ? { kind, code, mtu, quoted: quote } : { kind, code, quoted: quote }, { destination: packet.source, source })
  }

  #hear(message: icmp.Message, { packet, group }: Incoming): void {
    switch (message.kind) {
      case 'echo':
        // "An ICMP Echo Request destined to an IP broadcast … MAY be silently discarded": smurf attacks (RFC 1122 §3.2.2.6).
        if (group) return
        this.counters.echoes++
        this.send({ ...message, kind: 'echo reply' }, { destination: packet.source, source: packet.destination })
        return
      case 'echo reply':
        this.#echoes.get(message.identifier)?.({ from: packet.source, sequence: message.sequence, payload: message.payload, ttl: packet.ttl })
        return
      case 'unreachable':
        return this.#unreachable(message)
      case 'time exceeded':
        return this.#failure('EHOSTUNREACH', message.quoted)
      case 'parameter problem':
        return this.#failure('EPROTO', message.quoted)
      case 'redirect':
      case 'other':
    }
  }

  #unreachable({ code, mtu, quoted: bytes }: Extract<icmp.Message, { kind: 'unreachable' }>): void {
    if (code !== icmp.unreachable.fragmentationNeeded) return this.#failure(unreachableCodes[code] ?? 'EHOSTUNREACH', bytes)
    const about = quoted.parse(bytes)
    if (!this.#ip.owns(about.source)) return
    const now = this.#ip.pathMtu.lower(about.destination, mtu, about.totalLength)
    this.#ip.tellFailure('EMSGSIZE', bytes, now)
  }

  #failure(code: FailureCode, bytes: Uint8Array): void {
    if (this.#ip.owns(quoted.parse(bytes).source)) this.#ip.tellFailure(code, bytes)
  }

  #allowed(): boolean {
    const allowed = this.#bucket.take()
    this.counters[allowed ? 'errorsSent' : 'errorsHeld']++
    return allowed
  }
}

/** As Linux maps them (`icmp_err_convert`), in Node's words. */
const unreachableCodes: readonly FailureCode[] = ['ENETUNREACH', 'EHOSTUNREACH', 'EPROTO', 'ECONNREFUSED', 'EMSGSIZE', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTUNREACH', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTUNREACH', 'EHOSTUNREACH']

/** "An ICMP error message MUST NOT be sent as the result of receiving an ICMP error message"; of unknown types one can't know. */
function isError({ protocol, payload }: ipv4.Parsed): boolean {
  return protocol === ipv4.protocols.icmp && payload[0] !== icmp.types.echo && payload[0] !== icmp.types.echoReply
}
