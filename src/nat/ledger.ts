/** What was refused, and why: for `inspect nat`, after the flow itself is gone. */
import type { Log } from '../base/log.ts'
import type { Clock, Instant } from '../base/time.ts'
import type { Endpoint } from '../stack/sockets.ts'
import { after, seconds } from '../base/time.ts'

export interface Refusal {
  readonly protocol: string
  readonly from: string
  readonly to: string
  readonly reason: string
  /** How often. */
  count: number
  last: Instant
}

/** The oldest is forgotten for a new one: a port scan must not grow it. */
const most = 128
/** A guest that tries again and again is said once in a while. */
const quiet = seconds(10)

export class Ledger {
  readonly #clock: Clock
  readonly #log: Log | undefined
  readonly #refusals = new Map<string, Refusal>()
  #saidUntil = 0 as Instant
  #said = 0

  constructor(clock: Clock, log: Log | undefined) {
    this.#clock = clock
    this.#log = log
  }

  get refusals(): readonly Refusal[] {
    return [...this.#refusals.values()]
  }

  /** @param from without the port, so that a guest's retries are one row. */
  refuse(protocol: string, from: string, to: string, reason: string): void {
    const { now } = this.#clock
    const key = `${protocol} ${from} ${to} ${reason}`
    const known = this.#refusals.get(key)
    this.#refusals.delete(key)
    if (this.#refusals.size >= most) this.#refusals.delete(this.#refusals.keys().next().value as string)
    this.#refusals.set(key, { protocol, from, to, reason, count: (known?.count ?? 0) + 1, last: now })
    if (known === undefined || now - known.last > quiet) this.#say(protocol, from, to, reason)
  }

  /** At most ten lines in ten seconds. */
  #say(protocol: string, from: string, to: string, reason: string): void {
    const { now } = this.#clock
    if (now >= this.#saidUntil) {
      this.#saidUntil = after(now, quiet)
      this.#said = 0
    }
    if (this.#said++ >= 10) return
    this.#log?.info('nat.refused', `${from} did not reach ${to} by ${protocol}: ${reason}`, { protocol, from, to, reason })
  }
}

/** An end as people write it: `10.0.0.1:53`, `[fd00::1]:53`. */
export function end({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** What a host's code means, for people. */
export function reasonOf(code: string): string {
  return sentences[code] ?? `the host says ${code}`
}

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused there',
  ECONNRESET: 'reset there',
  ETIMEDOUT: 'no answer from there',
  EHOSTUNREACH: 'that host is unreachable from this computer',
  ENETUNREACH: 'that network is unreachable from this computer',
  EHOSTDOWN: 'that host is down',
  EACCES: 'this computer forbids it',
  EPERM: 'this computer’s firewall forbids it',
  EPROHIBITED: 'forbidden on the way',
  EMSGSIZE: 'too large for the path',
  ETTL: 'its time to live ran out on the way',
  EADDRNOTAVAIL: 'this computer has no port or address left for it',
  EMFILE: 'this computer has no file descriptors left',
  ENFILE: 'this computer has no file descriptors left',
  ENOTALLOWED: 'this computer lets nobody ping without root: sysctl net.ipv4.ping_group_range',
  ENORESOLVER: 'this computer has no name server in /etc/resolv.conf',
}
