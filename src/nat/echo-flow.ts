/** One ICMP query mapping: a guest's echo identifier, and one ping socket of the host's. RFC 5508 §3. Replies are only ever what the host heard. */
import type { Instant } from '../base/time.ts'
import type { FlowRow, Ground } from './ground.ts'
import type { OutsideEvent } from './outside.ts'
import { formatIpv4 } from '../wire/address.ts'
import * as icmp from '../wire/icmp.ts'
import * as ipv4 from '../wire/ipv4.ts'
import * as quoted from '../wire/quoted.ts'
import { complaintOf } from './complaints.ts'
import { reasonOf } from './ledger.ts'
import { echoIdle, mostEchoesKept } from './limits.ts'
import { tell } from './tell.ts'

const protocol = ipv4.protocols.icmp

export class EchoFlow {
  readonly number: number
  readonly direction = 'out'
  lastAt: Instant
  readonly #ground: Ground
  readonly #guest: number
  readonly #identifier: number
  /** Sequence number → the address as the outside has it. */
  readonly #asked = new Map<number, string>()
  #last = ''
  #sent = 0
  #received = 0

  constructor(number: number, guest: number, identifier: number, ground: Ground) {
    this.number = number
    this.#guest = guest
    this.#identifier = identifier
    this.#ground = ground
    this.lastAt = ground.clock.now
  }

  get row(): FlowRow {
    const idle = Math.floor((this.#ground.clock.now - this.lastAt) / 1e9)
    return { protocol: 'icmp', inside: `${formatIpv4(this.#guest)} id ${this.#identifier}`, outside: this.#last, direction: 'out', state: 'open', sent: this.#sent, received: this.#received, idle, reason: '' }
  }

  /** From the guest. The payload is copied. */
  send(to: string, sequence: number, payload: Uint8Array, ttl: number): void {
    this.lastAt = this.#ground.clock.now
    this.#sent += payload.length
    this.#last = to
    this.#asked.delete(sequence)
    if (this.#asked.size >= mostEchoesKept) this.#asked.delete(this.#asked.keys().next().value as number)
    this.#asked.set(sequence, to)
    this.#ground.outside.ping(this.number, to, sequence, payload.slice(), ttl)
  }

  hear(event: Extract<OutsideEvent, { kind: 'echo reply' | 'complaint' | 'lost' }>): void {
    if (event.kind === 'echo reply') this.#reply(event)
    else if (event.kind === 'complaint') this.#complain(event)
    else this.#lost(event.code)
  }

  expired(now: Instant): boolean {
    return now - this.lastAt > echoIdle
  }

  cut(): void {
    this.#ground.outside.release(this.number)
    this.#ground.forget(this.number)
  }

  #reply({ from, sequence, bytes, ttl }: Extract<OutsideEvent, { kind: 'echo reply' }>): void {
    if (!this.#asked.has(sequence)) return
    this.#received += bytes.length
    const source = this.#ground.policy.seenAs(from)
    this.#ground.host.icmp.send({ kind: 'echo reply', identifier: this.#identifier, sequence, payload: bytes }, { destination: this.#guest, source, ttl: Math.max(1, ttl - 1) })
  }

  #complain({ sequence, complaint }: Extract<OutsideEvent, { kind: 'complaint' }>): void {
    const to = this.#asked.get(sequence)
    if (to === undefined) return
    this.#ground.ledger.refuse('icmp', formatIpv4(this.#guest), to, reasonOf(complaint.code))
    this.#tell(sequence, to, complaint)
  }

  /** The host can't ping at all: every echo that waits is told so. */
  #lost(code: string): void {
    this.#ground.ledger.refuse('icmp', formatIpv4(this.#guest), this.#last, reasonOf(code))
    for (const [sequence, to] of this.#asked) this.#tell(sequence, to, { code, mtu: 0, by: undefined })
    this.#ground.forget(this.number)
  }

  #tell(sequence: number, to: string, complaint: { readonly code: string; readonly mtu: number; readonly by: string | undefined }): void {
    const message = complaintOf(complaint)
    if (message === undefined) return
    const payload = icmp.build({ kind: 'echo', identifier: this.#identifier, sequence, payload: new Uint8Array(0) })
    const about = quoted.build({ source: this.#guest, destination: this.#ground.policy.seenAs(to), protocol, payload })
    tell(this.#ground.host, message, about, complaint.by === undefined ? undefined : this.#ground.policy.seenAs(complaint.by))
  }
}
