/** ICMPv6 on our host: echoes answered, errors sent at a bounded rate, errors heard and told to who sent, discovery handed to its link. RFC 4443. */
import type { Clock } from '../../base/time.ts'
import type { Message } from '../../wire/icmpv6.ts'
import type { FailureCode } from '../protocol.ts'
import type { Ip6 } from './ip6.ts'
import type { Link6 } from './link6.ts'
import type { Complaint6, Failure6, Incoming6, Ip6Protocol, Saying } from './protocol6.ts'
import { Malformed } from '../../base/errors.ts'
import * as icmpv6 from '../../wire/icmpv6.ts'
import * as ipv6 from '../../wire/ipv6.ts'
import { isAnyIpv6, isMulticastIpv6, keyOf } from '../../wire/ipv6-address.ts'
import * as quoted6 from '../../wire/quoted6.ts'
import { headroom6 } from './ip6.ts'
import { TokenBucket } from '../token-bucket.ts'
import { addressSum, zoned } from './zone.ts'

/** An echo reply, or the error that came instead. */
export type HearEcho6 = (heard: { readonly from: Uint8Array; readonly sequence: number; readonly payload: Uint8Array; readonly hopLimit: number } | { readonly failed: FailureCode; readonly sequence: number }) => void

export const icmp6Number = 58
/** An error is no longer than this, its IP header included (RFC 4443 §2.4 c). */
const longestError = 1280
/** Hop-by-hop: router alert of value 0 (MLD), two bytes of padding; the protocol that follows stands in front (RFC 2711, RFC 3810 §5). */
const routerAlert = Uint8Array.of(icmp6Number, 0, 5, 2, 0, 0, 1, 0)

export class Icmp6 implements Ip6Protocol {
  readonly number = icmp6Number
  readonly counters = { malformed: 0, echoes: 0, errorsSent: 0, errorsHeld: 0 }
  readonly #ip6: Ip6
  readonly #bucket: TokenBucket
  readonly #echoes = new Map<number, HearEcho6>()

  constructor(ip6: Ip6, clock: Clock) {
    this.#ip6 = ip6
    this.#bucket = new TokenBucket(clock)
  }

  /** Whoever sends echoes with `identifier` hears what comes back. @returns false when the identifier is taken. */
  listen(identifier: number, hear: HearEcho6 | undefined): boolean {
    if (hear === undefined) return this.#echoes.delete(identifier)
    if (this.#echoes.has(identifier)) return false
    this.#echoes.set(identifier, hear)
    return true
  }

  /** @returns why it couldn't be sent. */
  send(message: Message, how: Saying, link?: Link6): FailureCode | undefined {
    const way = this.#ip6.way({ destination: how.destination, source: how.source, link })
    if (way === undefined) return 'ENETUNREACH'
    const bytes = icmpv6.build(message, addressSum(way.source, how.destination, icmp6Number))
    const front = how.routerAlert === true ? routerAlert.length : 0
    const buffer = new Uint8Array(headroom6 + front + bytes.length)
    if (front > 0) buffer.set(routerAlert, headroom6)
    buffer.set(bytes, headroom6 + front)
    return this.#ip6.send(buffer, { ...how, source: way.source, protocol: front > 0 ? ipv6.extensions.hopByHop : icmp6Number, link })
  }

  /** Discovery's own way out: by that link, even before any address is ours. */
  say(link: Link6, message: Message, how: Saying): void {
    // A report before the link-local address is ours comes from nobody (RFC 3810 §5.2.13).
    this.send(message, { ...how, source: how.source ?? link.linkLocal ?? new Uint8Array(16) }, link)
  }

  receive(incoming: Incoming6): void {
    try {
      const { packet, trusted } = incoming
      const message = icmpv6.parse(packet.payload, trusted ? undefined : addressSum(packet.source, packet.destination, icmp6Number))
      if (message.checksum === 'wrong') throw new Malformed('ICMPv6 checksum')
      this.#hear(message, incoming)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.counters.malformed++
    }
  }

  /** An error came back for something that we sent: an echo. */
  failed({ code, quoted: { payload } }: Failure6): void {
    if (payload.length < 8 || payload[0] !== icmpv6.types.echo) return
    this.#echoes.get((payload[4] << 8) | payload[5])?.({ failed: code, sequence: (payload[6] << 8) | payload[7] })
  }

  /** Sends an error about a packet, where one may be sent (RFC 4443 §2.4 e). */
  complain(about: Incoming6, { kind, code, value }: Complaint6, evenToGroups = false): void {
    const { packet, bytes, group } = about
    if ((group && !evenToGroups && kind !== 'packet too big') || isAnyIpv6(packet.source) || isError(packet)) return
    if ((packet.fragment?.offset ?? 0) > 0) return
    if (!this.#bucket.take()) {
      this.counters.errorsHeld++
      return
    }
    this.counters.errorsSent++
    const quoted = bytes.slice(0, longestError - ipv6.headerBytes - 8)
    const source = this.#ip6.owns(packet.destination) ? packet.destination : undefined
    this.send(errorOf(kind, code, value, quoted), { destination: packet.source, source })
  }

  #hear(message: icmpv6.Parsed, incoming: Incoming6): void {
    const { packet, link } = incoming
    switch (message.kind) {
      case 'echo':
        // RFC 4443 §4.2 has it answered when it was sent to a group, too, from an address of our own; smurfs make us decline (as §2.4 e lets errors be).
        if (incoming.group || isAnyIpv6(packet.source)) return
        this.counters.echoes++
        this.send({ kind: 'echo reply', identifier: message.identifier, sequence: message.sequence, payload: message.payload }, { destination: packet.source, source: packet.destination })
        return
      case 'echo reply':
        this.#echoes.get(message.identifier)?.({ from: packet.source, sequence: message.sequence, payload: message.payload, hopLimit: packet.hopLimit })
        return
      case 'unreachable':
        return this.#failure(unreachableCodes[message.code] ?? 'EHOSTUNREACH', message.quoted, link)
      case 'time exceeded':
        return this.#failure('EHOSTUNREACH', message.quoted, link)
      case 'parameter problem':
        return this.#failure('EPROTO', message.quoted, link)
      case 'packet too big':
        return this.#tooBig(message, link)
      case 'listener report':
      case 'other':
        return
      default:
        link.discover(message, incoming)
    }
  }

  /** RFC 8201 §4: what says less than 1280 is passed over. */
  #tooBig({ mtu, quoted: bytes }: Extract<Message, { kind: 'packet too big' }>, link: Link6): void {
    const about = quoted6.parse(bytes)
    if (mtu < 1280 || !this.#ip6.owns(zoned(about.source, link.zone))) return
    const now = this.#ip6.pathMtu.lower(keyOf(zoned(about.destination, link.zone)), mtu, Number.POSITIVE_INFINITY)
    this.#ip6.tellFailure('EMSGSIZE', bytes, link, now)
  }

  #failure(code: FailureCode, bytes: Uint8Array, link: Link6): void {
    if (this.#ip6.owns(zoned(quoted6.parse(bytes).source, link.zone))) this.#ip6.tellFailure(code, bytes, link)
  }
}

/** As Linux maps them (`icmpv6_err_convert`), in Node's words. */
const unreachableCodes: readonly FailureCode[] = ['ENETUNREACH', 'EHOSTUNREACH', 'EHOSTUNREACH', 'EHOSTUNREACH', 'ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTUNREACH']

/** An error as the message that says it. */
export function errorOf(kind: Complaint6['kind'], code: number, value: number, quoted: Uint8Array): Message {
  if (kind === 'packet too big') return { kind, mtu: value, quoted }
  return kind === 'parameter problem' ? { kind, code, pointer: value, quoted } : { kind, code, quoted }
}

/** "An ICMPv6 error message MUST NOT be originated as a result of receiving an ICMPv6 error message [or] redirect"; nor of any from a group. */
function isError({ protocol, payload, source }: ipv6.Parsed): boolean {
  return isMulticastIpv6(source) || (protocol === icmp6Number && (payload.length === 0 || payload[0] < 128 || payload[0] === icmpv6.types.redirect))
}
