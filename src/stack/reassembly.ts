/**
 * Reassembly, of either IP version. RFC 815; a packet with overlapping fragments is dropped whole, as RFC 5722 asks of IPv6: honest
 * senders never overlap. Bounded in packets, in packets per source and in bytes.
 */
import type { Alarm, Duration, Instant, Scheduler } from '../base/time.ts'
import { between } from '../base/time.ts'

export interface Part<Head> {
  /** The same for all parts of one packet. */
  readonly key: string
  /** Who sent it: none may take all the room. */
  readonly source: string | number
  /** In bytes. */
  readonly offset: number
  readonly more: boolean
  readonly payload: Uint8Array
  /** What is to be kept of the first part beside its payload: a copy. Asked for once. */
  readonly head: () => Head
}

export interface Assembled<Head> {
  readonly head: Head
  readonly payload: Uint8Array
}

interface Piece {
  readonly offset: number
  readonly payload: Uint8Array
}

interface Partial<Head> {
  readonly key: string
  readonly source: string | number
  readonly due: Instant
  /** In order of offset, without overlap. */
  readonly pieces: Piece[]
  bytes: number
  /** Length of the whole payload, known once the last fragment is there. */
  total: number | undefined
  first: Head | undefined
  /** Poisoned by an overlap or a lie; further pieces are swallowed until it times out. */
  dead: boolean
}

const most = 256
const mostPerSource = 32
const mostBytes = 4 << 20
/** What a piece costs beside its payload: many tiny ones must not slip under the bound. */
const pieceBytes = 64

export class Reassembly<Head> {
  readonly #scheduler: Scheduler
  readonly #patience: Duration
  readonly #expired: (first: Head) => void
  readonly #alarm: Alarm
  readonly #partials = new Map<string, Partial<Head>>()
  #bytes = 0

  /** @param name the alarm's. @param expired hears of a packet that timed out, if its first part came. */
  constructor(scheduler: Scheduler, name: string, patience: Duration, expired: (first: Head) => void) {
    this.#scheduler = scheduler
    this.#patience = patience
    this.#expired = expired
    this.#alarm = scheduler.alarm(name, () => this.#ring())
  }

  get waiting(): number {
    return this.#partials.size
  }

  /** Takes a part (a copy is made). @returns the whole when this was its missing piece. */
  add(part: Part<Head>): Assembled<Head> | undefined {
    const { payload, offset, more } = part
    if (payload.length === 0 || (more && payload.length % 8 !== 0)) return undefined
    const partial = this.#partialOf(part)
    if (partial.dead) return undefined
    const verdict = place(partial, offset, payload.length, more)
    if (verdict === 'duplicate') return undefined
    if (verdict === 'wrong') return this.#poison(partial)
    if (this.#bytes + payload.length + pieceBytes > mostBytes) return this.#drop(partial)
    partial.pieces.splice(verdict, 0, { offset, payload: payload.slice() })
    partial.bytes += payload.length
    this.#bytes += payload.length + pieceBytes
    if (offset === 0) partial.first = part.head()
    if (!more) partial.total = offset + payload.length
    return partial.bytes === partial.total ? this.#finish(partial) : undefined
  }

  #partialOf({ key, source }: Part<Head>): Partial<Head> {
    const known = this.#partials.get(key)
    if (known !== undefined) return known
    this.#makeRoom(source)
    const due = (this.#scheduler.now + this.#patience) as Instant
    const partial: Partial<Head> = { key, source, due, pieces: [], bytes: 0, total: undefined, first: undefined, dead: false }
    this.#partials.set(key, partial)
    if (this.#alarm.due === undefined) this.#alarm.arm(this.#patience)
    return partial
  }

  /** The oldest goes, of a source that has too many or of all. */
  #makeRoom(source: string | number): void {
    const same = [...this.#partials.values()].filter((partial) => partial.source === source)
    if (same.length >= mostPerSource) this.#drop(same[0])
    const [oldest] = this.#partials.values()
    if (this.#partials.size >= most) this.#drop(oldest)
  }

  #finish(partial: Partial<Head>): Assembled<Head> | undefined {
    this.#drop(partial)
    if (partial.first === undefined) return undefined
    const payload = new Uint8Array(partial.bytes)
    for (const piece of partial.pieces) payload.set(piece.payload, piece.offset)
    return { head: partial.first, payload }
  }

  #poison(partial: Partial<Head>): undefined {
    partial.dead = true
    partial.first = undefined
    this.#bytes -= costOf(partial)
    partial.bytes = 0
    partial.pieces.length = 0
  }

  #drop(partial: Partial<Head>): undefined {
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

const costOf = (partial: Partial<unknown>): number => partial.bytes + partial.pieces.length * pieceBytes

/** Where among the pieces [offset, offset + length) belongs, or why it doesn't. */
function place(partial: Partial<unknown>, offset: number, length: number, more: boolean): number | 'duplicate' | 'wrong' {
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
