/** Listening: SYNs become half-open connections, those whole ones that are handed over. RFC 9293 §3.10.7.2; floods RFC 4987 §3. */
import type { Options } from '../../wire/tcp-options.ts'
import type { Connection } from './connection.ts'
import type { Address, Family } from './family.ts'
import { answer } from './handshake.ts'

export class Listening {
  readonly family: Family
  readonly address: Address
  readonly port: number
  readonly #backlog: number
  readonly #accept: (connection: Connection) => void
  /** By age: a set remembers the order of entry. */
  readonly #halfOpen = new Set<Connection>()

  /** @param accept hears of each connection that is established. */
  constructor(family: Family, address: Address, port: number, backlog: number, accept: (connection: Connection) => void) {
    this.family = family
    this.address = address
    this.port = port
    this.#backlog = backlog
    this.#accept = accept
  }

  /** Connections that wait for the third segment of their handshake. */
  get halfOpen(): number {
    return this.#halfOpen.size
  }

  /** A SYN with the sequence number `irs` came; `c` is new and in the table. */
  take(c: Connection, irs: number, options: Options): void {
    if (this.#halfOpen.size >= this.#backlog) {
      const [oldest] = this.#halfOpen
      c.ground.counters.backlogFull++
      // "recycling the oldest half-open TCB" (RFC 4987 §3.5), if it had time to answer; else the new one has to come again.
      if (oldest.retries === 0) return c.drop()
      oldest.drop()
    }
    this.#halfOpen.add(c)
    c.opened = (well) => {
      this.#halfOpen.delete(c)
      if (well) this.#accept(c)
    }
    answer(c, irs, options)
  }

  /** Those under way are told that nobody is here any more. */
  close(): void {
    for (const each of this.#halfOpen) each.abort()
  }
}
