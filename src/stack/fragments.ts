/**
 * Reassembly of IPv4 fragments. RFC 791 §3.2, RFC 815; a datagram with overlapping fragments is dropped whole, as RFC 5722 asks of IPv6:
 * honest senders never overlap. Bounded in datagrams, in datagrams per source and in bytes.
 */
import type { Alarm, Instant, Scheduler } from '../base/time.ts'
import type { Parsed } from '../wire/ipv4.ts'
import { between, seconds } from '../base/time.ts'

export interface Whole {
  /** The first fragment's header with the whole payload. */
  readonly packet: Parsed
  /** The first fragment as it came. */
  readonly bytes: Uint8Array
}

interface Piece {
  readonly offset: number
  readonly payload: Uint8Array
}

interface Partial {
  readonly key: string
  readonly source: number
  readonly due: Instant
  /** In order of offset, without overlap. */
  readonly pieces: Piece[]
  bytes: number
  /** Length of the whole payload, known once the last fragment is there. */
  total: number | undefined
  first: Whole | undefined
  /** Poisoned by an overlap or a lie; further pieces are swallowed until it times out. */
  dead: boolean
}

const patience = seconds(30)
const most = 256
const mostPerSource = 32
const mostBytes = 4 << 20
/** What a piece costs beside its payload: many tiny ones must not slip under the bound. */
const pieceBytes = 64

export class Fragments {
  readonly #scheduler: Scheduler
  readonly #expired: (first: Whole) => void
  readonly #alarm: Alarm
  readonly #partials = new Map<string, Partial>()
  #bytes = 0

  /** @param expired hears of a datagram that timed out, if its first fragment came (RFC 792: time exceeded, code 1). */
  constructor(scheduler: Scheduler, name: string, expired: (first: Whole) => void) {
    this.#scheduler = scheduler
    this.#expired = expired
    this.#alarm = scheduler.alarm(`${name}.fragments`, () => this.#ring())
  }

  get waiting(): number {
    return this.#partials.size
  }

  /** Takes a fragment (a copy is made). @returns the whole packet when this was its missing piece. */
  add(packet: Parsed, bytes: Uint8Array): Whole | undefined {
    const { payload, fragmentOffset: offset, moreFragments } = packet
    if (payload.length === 0 || (moreFragments && payload.length % 8 !== 0)) return undefined
    const partial = this.#partialOf(packet)
    if (partial.dead) return undefined
    const verdict = place(partial, offset, payload.length, moreFragments)
    if (verdict === 'duplicate') return undefined
    if (verdict === 'wrong') return this.#poison(partial)
    if (this.#bytes + payload.length + pieceBytes > mostBytes) return this.#drop(partial)
    partial.pieces.splice(verdict, 0, { offset, payload: payload.slice() })
    partial.bytes += payload.length
    this.#bytes += payload.length + pieceBytes
    if (offset === 0) partial.first = keep(packet, bytes)
    if (!moreFragments) partial.total = offset + payload.length
    return partial.bytes === partial.total ? this.#finish(partial) : undefined
  }

  #partialOf(packet: Parsed): Partial {
    const key = `${packet.source} ${packet.destination} ${packet.protocol} ${packet.identification}`
    const known = this.#partials.get(key)
    if (known !== undefined) return known
    this.#makeRoom(packet.source)
    const due = (this.#scheduler.now + patience) as Instant
    const partial: Partial = { key, source: packet.source, due, pieces: [], bytes: 0, total: undefined, first: undefined, dead: false }
    this.#partials.set(key, partial)
    if (this.#alarm.due === undefined) this.#alarm.arm(patience)
    return partial
  }

  /** The oldest goes, of a source that has too many or of all. */
  #makeRoom(source: number): void {
    const same = [...this.#partials.values()].filter((partial) => partial.source === source)
    if (same.length >= mostPerSource) this.#drop(same[0])
    const [oldest] = this.#partials.values()
    if (this.#partials.size >= most) this.#drop(oldest)
  }

  #finish(partial: Partial): Whole | undefined {
    this.#drop(partial)
    if (partial.first === undefined) return undefined
    const payload = new Uint8Array(partial.bytes)
    for (const piece of partial.pieces) payload.set(piece.payload, piece.offset)
    const { packet, bytes } = partial.first
    return { packet: { ...packet, payload, moreFragments: false, fragmentOffset: 0, totalLength: packet.totalLength - packet.payload.length + payload.length }, bytes }
  }

  #poison(partial: Partial): undefined {
    partial.dead = true
    partial.first = undefined
    this.#bytes -= costOf(partial)
    partial.bytes = 0
    partial.pieces.length = 0
  }

  #drop(partial: Partial): undefined {
    if (this.#partials.delete(partial.key)) this.#bytes -= costOf(partial)
  }

  /** All are equally patient, so the map's order is the order in which they end. */
  #ring(): void {
    for (const partial of this.#partials.values()) {
      if (partial.due > this.#scheduler.now) return this.#alarm.arm(between(this.#scheduler.now, partial.due))
      this.#drop(partial)
      if (partial.first !== undefined) this.#expired(partial.first)
    }
  }
}

const costOf = (partial: Partial): number => partial.bytes + partial.pieces.length * pieceBytes

/** Where among the pieces [offset, offset + length) belongs, or why it doesn't. */
function place(partial: Partial, offset: number, length: number, more: boolean): number | 'duplicate' | 'wrong' {
  const end = offset + length
  const { pieces, total } = partial
  const last = pieces.at(-1)
  const known = last === undefined ? 0 : last.offset + last.payload.length
  if (!more && ((total !== undefined && total !== end) || known > end)) return 'wrong'
  if (more && total !== undefined && end > total) return 'wrong'
  let at = last !== undefined && last.offset < offset ? pieces.length : pieces.findIndex((piece) => piece.offset >= offset)
  if (at < 0) at = pieces.length
  const next = pieces[at]
  if (next !== undefined && next.offset === offset && next.payload.length === length) return 'duplicate'
  const before = pieces[at - 1]
  if (before !== undefined && before.offset + before.payload.length > offset) return 'wrong'
  return next !== undefined && end > next.offset ? 'wrong' : at
}

function keep(packet: Parsed, bytes: Uint8Array): Whole {
  return { packet: { ...packet, options: packet.options.slice(), payload: packet.payload.slice() }, bytes: bytes.slice() }
}
