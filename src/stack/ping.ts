/** The echo client: `count` requests, `interval` apart, and what came of each. RFC 792, RFC 4443 §4. */
import type { Alarm, Duration, Instant, Scheduler } from '../base/time.ts'
import type { Host } from './host.ts'
import type { FailureCode } from './protocol.ts'
import { seconds } from '../base/time.ts'
import { parseIpv4 } from '../wire/address.ts'
import { parseZoned } from './ip6/text.ts'

export interface PingOptions {
  /** Default 1. */
  readonly count?: number
  /** Between requests; default one second. */
  readonly interval?: Duration
  /** For each reply; default one second. */
  readonly timeout?: Duration
  /** Payload bytes; default 56. */
  readonly sizeBytes?: number
  readonly ttl?: number
}

export type Echo = { readonly sequence: number } & ({ readonly outcome: 'reply'; readonly time: Duration; readonly ttl: number } | { readonly outcome: 'timeout' } | { readonly outcome: 'error'; readonly code: FailureCode })

export interface PingResult {
  readonly sent: number
  readonly received: number
  readonly echoes: readonly Echo[]
}

/**
 * Starts at once; `done` hears the result when every request is answered or timed out.
 * @param address dotted, or of IPv6 where the host speaks it. @throws {Error} with `code` EAGAIN when all identifiers are in use; {Malformed} for no address.
 */
export function ping(host: Host, scheduler: Scheduler, address: string, options: PingOptions, done: (result: PingResult) => void): void {
  new Ping(host.name, address.includes(':') ? echoes6(host, address) : echoes4(host, address), scheduler, options, done).start()
}

type Heard = { readonly sequence: number } & ({ readonly failed: FailureCode } | { readonly payload: Uint8Array; readonly ttl: number })

/** One version's echoes with one destination. */
interface Echoes {
  listen(identifier: number, hear: ((heard: Heard) => void) | undefined): boolean
  send(identifier: number, sequence: number, payload: Uint8Array, ttl: number | undefined): FailureCode | undefined
}

function echoes4({ icmp }: Host, address: string): Echoes {
  const destination = parseIpv4(address)
  return {
    listen: (identifier, hear) => icmp.listen(identifier, hear),
    send: (identifier, sequence, payload, ttl) => icmp.send({ kind: 'echo', identifier, sequence, payload }, { destination, ttl }),
  }
}

/** On a host without IPv6 there is no way anywhere. */
function echoes6({ six }: Host, address: string): Echoes {
  if (six === undefined) return { listen: () => true, send: () => 'ENETUNREACH' }
  const destination = parseZoned(address, six.ip)
  return {
    listen: (identifier, hear) => six.icmp.listen(identifier, hear && ((heard) => hear('failed' in heard ? heard : { ...heard, ttl: heard.hopLimit }))),
    send: (identifier, sequence, payload, hopLimit) => six.icmp.send({ kind: 'echo', identifier, sequence, payload }, { destination, hopLimit }),
  }
}

class Ping {
  readonly #over: Echoes
  readonly #scheduler: Scheduler
  readonly #options: Required<Omit<PingOptions, 'ttl'>> & { readonly ttl: number | undefined }
  readonly #done: (result: PingResult) => void
  readonly #alarm: Alarm
  readonly #identifier: number
  readonly #sentAt: Instant[] = []
  readonly #echoes = new Map<number, Echo>()

  constructor(name: string, over: Echoes, scheduler: Scheduler, options: PingOptions, done: (result: PingResult) => void) {
    this.#over = over
    this.#scheduler = scheduler
    this.#options = { count: options.count ?? 1, interval: options.interval ?? seconds(1), timeout: options.timeout ?? seconds(1), sizeBytes: options.sizeBytes ?? 56, ttl: options.ttl }
    this.#done = done
    this.#identifier = this.#free()
    this.#alarm = scheduler.alarm(`${name}.ping.${this.#identifier}`, () => this.#ring())
  }

  start(): void {
    this.#sendNext()
    this.#arm()
  }

  #free(): number {
    for (let identifier = 1; identifier < 0x1_0000; identifier++) {
      const free = this.#over.listen(identifier, (heard) => {
        if ('failed' in heard) this.#settle({ sequence: heard.sequence, outcome: 'error', code: heard.failed })
        else if (heard.payload.length === this.#options.sizeBytes) this.#reply(heard.sequence, heard.ttl)
      })
      if (free) return identifier
    }
    throw Object.assign(new Error('EAGAIN: too many pings at once'), { code: 'EAGAIN' })
  }

  #sendNext(): void {
    const sequence = this.#sentAt.length + 1
    this.#sentAt.push(this.#scheduler.now)
    const payload = Uint8Array.from({ length: this.#options.sizeBytes }, (_, at) => at)
    const code = this.#over.send(this.#identifier, sequence, payload, this.#options.ttl)
    if (code !== undefined) this.#echoes.set(sequence, { sequence, outcome: 'error', code })
  }

  #reply(sequence: number, ttl: number): void {
    const sent = this.#sentAt[sequence - 1]
    if (sent !== undefined) this.#settle({ sequence, outcome: 'reply', time: (this.#scheduler.now - sent) as Duration, ttl })
  }

  #settle(echo: Echo): void {
    if (echo.sequence < 1 || echo.sequence > this.#sentAt.length || this.#echoes.has(echo.sequence)) return
    this.#echoes.set(echo.sequence, echo)
    this.#arm()
  }

  #ring(): void {
    const { count, interval, timeout } = this.#options
    const now = this.#scheduler.now
    for (const [at, sent] of this.#sentAt.entries()) {
      if (!this.#echoes.has(at + 1) && now - sent >= timeout) this.#echoes.set(at + 1, { sequence: at + 1, outcome: 'timeout' })
    }
    if (this.#sentAt.length < count && now - this.#sentAt[this.#sentAt.length - 1] >= interval) this.#sendNext()
    if (this.#echoes.size === count) return this.#finish()
    this.#arm()
  }

  /** For the next request, or the first reply that will be missed; at once when all is settled. */
  #arm(): void {
    const { count, interval, timeout } = this.#options
    const now = this.#scheduler.now
    if (this.#echoes.size === count) return this.#alarm.arm(0 as Duration)
    const waits = this.#sentAt.flatMap((sent, at) => (this.#echoes.has(at + 1) ? [] : [sent + timeout - now]))
    if (this.#sentAt.length < count) waits.push(this.#sentAt[this.#sentAt.length - 1] + interval - now)
    this.#alarm.arm(Math.max(0, Math.min(...waits)) as Duration)
  }

  #finish(): void {
    this.#over.listen(this.#identifier, undefined)
    const echoes = [...this.#echoes.values()].sort((a, b) => a.sequence - b.sequence)
    this.#done({ sent: this.#sentAt.length, received: echoes.filter((echo) => echo.outcome === 'reply').length, echoes })
  }
}
