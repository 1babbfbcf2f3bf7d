/** One ICMP query mapping: a guest's echo identifier, and one ping socket of the host's. RFC 5508 §3. Replies are only ever what the host heard. */
import type { Instant } from '../base/time.ts'
import type { FlowRow, Ground } from './ground.ts'
import type { OutsideComplaint, OutsideEvent } from './outside.ts'
import type { Address } from '../stack/tcp/family.ts'
import type { Inside } from './inside.ts'
import { reasonOf } from './ledger.ts'
import { echoIdle, mostEchoesKept } from './limits.ts'

export class EchoFlow {
  readonly number: number
  readonly direction = 'out'
  lastAt: Instant
  readonly #ground: Ground
  readonly #inside: Inside
  readonly #guest: Address
  readonly #identifier: number
  /** Sequence number → the address as the outside has it. */
  readonly #asked = new Map<number, string>()
  #last = ''
  #sent = 0
  #received = 0

  constructor(number: number, guest: Address, identifier: number, inside: Inside, ground: Ground) {
    this.number = number
    this.#inside = inside
    this.#guest = guest
    this.#identifier = identifier
    this.#ground = ground
    this.lastAt = ground.clock.now
  }

  get row(): FlowRow {
    const idle = Math.floor((this.#ground.clock.now - this.lastAt) / 1e9)
    return { protocol: 'icmp', inside: `${this.#inside.format(this.#guest)} id ${this.#identifier}`, outside: this.#last, direction: 'out', state: 'open', sent: this.#sent, received: this.#received, idle, reason: '' }
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
    this.#inside.echoReply(from, this.#guest, { identifier: this.#identifier, sequence }, bytes, Math.max(1, ttl - 1))
  }

  #complain({ sequence, complaint }: Extract<OutsideEvent, { kind: 'complaint' }>): void {
    const to = this.#asked.get(sequence)
    if (to === undefined) return
    this.#ground.ledger.refuse('icmp', this.#inside.format(this.#guest), to, reasonOf(complaint.code))
    this.#tell(sequence, to, complaint)
  }

  /** The host can't ping at all: every echo that waits is told so. */
  #lost(code: string): void {
    this.#ground.ledger.refuse('icmp', this.#inside.format(this.#guest), this.#last, reasonOf(code))
    for (const [sequence, to] of this.#asked) this.#tell(sequence, to, { code, mtu: 0, by: undefined })
    this.#ground.forget(this.number)
  }

  #tell(sequence: number, to: string, complaint: OutsideComplaint): void {
    this.#inside.complainEcho(this.#guest, { identifier: this.#identifier, sequence }, to, complaint)
  }
}
