/**
 * TIME-WAIT: what is left of a connection until no segment of it can be under way any more. RFC 9293 §3.6.1 and §3.10.7.4; RFC 1337 (resets
 * are passed over); RFC 6191 (a new SYN may take the ends over when it is certainly newer).
 *
 * All wait equally long, so they stand in one queue behind one alarm.
 */
import type { Alarm, Instant, Scheduler } from '../../base/time.ts'
import type { Parsed } from '../../wire/tcp.ts'
import type { Connection } from './connection.ts'
import type { Ends, Family } from './family.ts'
import { between, seconds } from '../../base/time.ts'
import { flags } from '../../wire/tcp.ts'
import { buildOptions, parseOptions } from '../../wire/tcp-options.ts'
import { older } from './sequence.ts'
import { sendBare } from './transmit.ts'

/** Twice the maximum segment lifetime; as Linux', and half of what RFC 9293 §3.4.2 arbitrarily says. */
const span = seconds(60)
/** At most one answer to a peer in this time: two in TIME-WAIT must not keep answering one another. */
const answerEvery = seconds(0.5)

export class TimeWait {
  readonly family: Family
  readonly ends: Ends
  readonly sndNxt: number
  readonly rcvNxt: number
  readonly #timestamps: { readonly recent: number; readonly stamp: (now: Instant) => number } | undefined
  until: Instant
  #answered = Number.NEGATIVE_INFINITY

  constructor(c: Connection, until: Instant) {
    this.family = c.family
    this.ends = c.ends
    this.sndNxt = c.sndNxt
    this.rcvNxt = c.receiver.rcvNxt
    const { agreement } = c
    this.#timestamps = agreement.timestamps ? { recent: agreement.recent, stamp: (now) => agreement.stamp(now) } : undefined
    this.until = until
  }

  /** @returns `open` when the segment is a SYN that may begin a new connection, `again` when the wait starts anew. */
  arrive(segment: Parsed, now: Instant): 'open' | 'again' | 'nothing' {
    if ((segment.flags & flags.rst) !== 0) return 'nothing'
    if ((segment.flags & (flags.syn | flags.ack)) === flags.syn && this.#isNewer(segment)) return 'open'
    if (now - this.#answered >= answerEvery) {
      this.#answered = now
      this.#acknowledge(now)
    }
    return (segment.flags & flags.fin) !== 0 ? 'again' : 'nothing'
  }

  /** RFC 6191 §2: a larger timestamp, or where there are none a larger sequence number. */
  #isNewer(segment: Parsed): boolean {
    const { timestamps } = parseOptions(segment.options)
    if (this.#timestamps !== undefined && timestamps !== undefined && timestamps.value !== this.#timestamps.recent) return older(this.#timestamps.recent, timestamps.value)
    return older(this.rcvNxt, segment.sequence)
  }

  #acknowledge(now: Instant): void {
    const stamps = this.#timestamps
    const options = stamps === undefined ? {} : { options: buildOptions({ timestamps: { value: stamps.stamp(now), echo: stamps.recent } }) }
    sendBare(this.family, this.ends, { sequence: this.sndNxt, acknowledgment: this.rcvNxt, flags: flags.ack, window: 0xffff, ...options })
  }
}

export class TimeWaits {
  readonly #scheduler: Scheduler
  readonly #alarm: Alarm
  readonly #most: number
  readonly #gone: (waited: TimeWait) => void
  /** By when they end; a set remembers the order of entry. */
  readonly #queue = new Set<TimeWait>()

  /** @param gone told of each that has waited long enough, or had to make room. */
  constructor(scheduler: Scheduler, name: string, most: number, gone: (waited: TimeWait) => void) {
    this.#scheduler = scheduler
    this.#alarm = scheduler.alarm(`${name}.time-wait`, () => this.#ring())
    this.#most = most
    this.#gone = gone
  }

  add(c: Connection): TimeWait {
    if (this.#queue.size >= this.#most) this.end(this.#queue.values().next().value as TimeWait)
    const made = new TimeWait(c, (this.#scheduler.now + span) as Instant)
    this.#queue.add(made)
    if (this.#alarm.due === undefined) this.#alarm.arm(span)
    return made
  }

  restart(waiting: TimeWait): void {
    this.#queue.delete(waiting)
    waiting.until = (this.#scheduler.now + span) as Instant
    this.#queue.add(waiting)
  }

  end(waiting: TimeWait): void {
    this.#queue.delete(waiting)
    this.#gone(waiting)
  }

  #ring(): void {
    for (const first of this.#queue) {
      if (first.until > this.#scheduler.now) return this.#alarm.arm(between(this.#scheduler.now, first.until))
      this.end(first)
    }
  }
}
