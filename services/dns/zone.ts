/** A zone: the names below an apex and what is known of them. Looking up by RFC 1034 §4.3.2, wildcards RFC 4592. Names are folded. */
import type { Data } from '../../src/wire/dns-data.ts'
import type { Record } from '../../src/wire/dns.ts'
import { types } from '../../src/wire/dns-data.ts'
import { classes } from '../../src/wire/dns.ts'
import { parentOf } from '../../src/wire/dns-name.ts'

/** What holds for all of a zone's records. */
export interface ZoneSettings {
  readonly apex: string
  /** Name of its server. */
  readonly server: string
  /** In seconds. */
  readonly ttl: number
}

/** Names that come and go: nodes with their leases. `undefined`: there is no such name; an empty list: it has nothing to say now. */
export type LiveNames = (name: string) => readonly Data[] | undefined

/** A negative answer is kept by its asker for so long, in seconds: a node that has no lease yet has one soon. */
const negativeTtl = 5

export class Zone {
  readonly apex: string
  readonly #settings: ZoneSettings
  readonly #live: LiveNames
  readonly #names = new Map<string, Record[]>()

  /** @param live asked for names that no record was added for. */
  constructor(settings: ZoneSettings, live: LiveNames = () => undefined) {
    this.apex = settings.apex
    this.#settings = settings
    this.#live = live
    this.#node(this.apex)
  }

  /** Names with records. */
  get names(): readonly string[] {
    return [...this.#names].filter(([, records]) => records.length > 0).map(([name]) => name)
  }

  /** @param name at or below the apex. The same record is taken once. */
  add(name: string, type: number, data: Data, ttl = this.#settings.ttl): void {
    const records = this.#node(name)
    const made = { name, type, class: classes.internet, ttl, data }
    if (!records.some((each) => each.type === type && JSON.stringify(each.data) === JSON.stringify(data))) records.push(made)
  }

  /** The SOA that goes with a negative answer (RFC 2308 §3). */
  get soa(): Record {
    const { apex, server, ttl } = this.#settings
    const data: Data = { kind: 'soa', primary: server, mailbox: `hostmaster.${server}`, serial: 1, refresh: 3600, retry: 600, expire: 604_800, minimum: negativeTtl }
    return { name: apex, type: types.soa, class: classes.internet, ttl: Math.min(ttl, negativeTtl), data }
  }

  /** All records of a name below the apex, written as it was asked for; undefined when there is no such name. */
  look(name: string): readonly Record[] | undefined {
    const found = this.#exact(name) ?? this.#wild(name)
    if (found === undefined) return undefined
    const own = name === this.apex ? [this.soa, ...found] : found
    return own.map((record) => ({ ...record, name }))
  }

  #exact(name: string): readonly Record[] | undefined {
    const records = this.#names.get(name)
    const live = this.#live(name)?.map((data): Record => ({ name, type: typeOf(data), class: classes.internet, ttl: this.#settings.ttl, data }))
    return records === undefined ? live : [...records, ...(live ?? [])]
  }

  /** The closest name above that is there decides, by the `*` right below it (RFC 4592 §3.3.1). */
  #wild(name: string): readonly Record[] | undefined {
    for (let above = name === this.apex ? undefined : parentOf(name); above !== undefined; above = above === this.apex ? undefined : parentOf(above)) {
      const wild = this.#names.get(`*.${above}`)
      if (wild !== undefined) return wild
      if (this.#names.has(above)) return undefined
    }
    return undefined
  }

  /** The name's list, made with all names between it and the apex, which are there from then on without any record. */
  #node(name: string): Record[] {
    let records = this.#names.get(name)
    if (records === undefined) {
      records = []
      this.#names.set(name, records)
      const above = parentOf(name)
      if (name !== this.apex && above !== undefined) this.#node(above)
    }
    return records
  }
}

const typeOf = (data: Data): number => (data.kind === 'a' ? types.a : data.kind === 'aaaa' ? types.aaaa : types.ptr)
