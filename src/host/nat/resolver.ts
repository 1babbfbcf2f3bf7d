/** Which name server this computer asks itself, now: laptops change networks while a lab runs. */
import { Resolver as SystemResolver } from 'node:dns'
import type { Endpoint } from '../../stack/sockets.ts'

/** So long what was read of the system's settings is believed, in milliseconds. */
const fresh = 2000
/** So long a server may be silent before the next one is asked. */
const patience = 1500

export class HostResolver {
  readonly #read: () => readonly string[]
  readonly #now: () => number
  #servers: readonly Endpoint[] = []
  #readAt = Number.NEGATIVE_INFINITY
  #current = 0
  /** Since when the current one has been asked without an answer. */
  #askedAt: number | undefined

  /** @param read the system's servers, in its order. @param now milliseconds of a clock that never goes back. */
  constructor(read: () => readonly string[] = () => new SystemResolver().getServers(), now: () => number = () => performance.now()) {
    this.#read = read
    this.#now = now
  }

  /** Whom to ask; undefined: there is nobody. */
  ask(): Endpoint | undefined {
    const now = this.#now()
    if (now - this.#readAt > fresh) this.#reread(now)
    if (this.#askedAt !== undefined && now - this.#askedAt > patience) {
      this.#current++
      this.#askedAt = undefined
    }
    this.#askedAt ??= now
    return this.#servers[this.#current % Math.max(1, this.#servers.length)]
  }

  /** The one that was asked has answered. */
  heard(): void {
    this.#askedAt = undefined
  }

  #reread(now: number): void {
    this.#readAt = now
    const servers = this.#read().map(endpointOf)
    if (JSON.stringify(servers) === JSON.stringify(this.#servers)) return
    this.#servers = servers
    this.#current = 0
    this.#askedAt = undefined
  }
}

/** `1.1.1.1`, `1.1.1.1:5353`, `::1`, `[::1]:5353`. */
function endpointOf(text: string): Endpoint {
  const found = /^\[(.+)\]:(\d+)$/.exec(text) ?? /^([\d.]+):(\d+)$/.exec(text)
  return found === null ? { address: text, port: 53 } : { address: found[1], port: Number(found[2]) }
}
