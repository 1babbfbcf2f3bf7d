/**
 * A switch's memory of where stations are: (MAC, VLAN) → port, bounded, ageing by virtual time. IEEE 802.1Q-2018 §8.8.
 *
 * Open addressing over typed arrays, linear probing, at most half full. Entries are never taken out one by one: an aged one counts as absent where it is
 * met, and the table is rebuilt without the aged when it is full, or when a port goes.
 */
import { hex } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import type { Stateful } from '../base/state.ts'
import type { Duration, Instant } from '../base/time.ts'

export interface MacEntry {
  readonly mac: Uint8Array
  readonly vlan: number
  readonly port: number
  /** When the station was last heard. */
  readonly heard: Instant
}

export type MacTableState = { readonly entries: readonly { readonly mac: Uint8Array; readonly vlan: number; readonly port: number; readonly heard: number }[]; readonly refused: number }

export class MacTable implements Stateful<MacTableState> {
  readonly limit: number
  readonly ageing: Duration
  /** Stations not learnt because the table was full. */
  refused = 0
  readonly #mask: number
  /** First four bytes of the MAC. */
  readonly #high: Int32Array
  /** Last two bytes and, below, the VLAN. */
  readonly #low: Int32Array
  /** -1: the slot is free. */
  readonly #port: Int32Array
  readonly #heard: Float64Array
  #used = 0
  /** No entry ages before this, so that a full table is not searched in vain for every frame. */
  #nextAged = 0

  /** @param limit how many stations; @param ageing how long one is remembered unheard. */
  constructor(limit: number, ageing: Duration) {
    assert(limit >= 1 && limit <= 1 << 20, `a MAC table of ${limit} stations`)
    const slots = 1 << (32 - Math.clz32(limit * 2 - 1))
    this.limit = limit
    this.ageing = ageing
    this.#mask = slots - 1
    this.#high = new Int32Array(slots)
    this.#low = new Int32Array(slots)
    this.#port = new Int32Array(slots).fill(-1)
    this.#heard = new Float64Array(slots)
  }

  /** Remembers that the station whose address stands at `bytes[at]` was heard on `port`. */
  learn(bytes: Uint8Array, at: number, vlan: number, port: number, now: Instant): void {
    const high = highOf(bytes, at)
    const low = lowOf(bytes, at, vlan)
    let slot = this.#slot(high, low)
    if (this.#port[slot] < 0) {
      if (this.#used >= this.limit) {
        this.#dropAged(now)
        if (this.#used >= this.limit) {
          this.refused++
          return
        }
        slot = this.#slot(high, low)
      }
      this.#high[slot] = high
      this.#low[slot] = low
      this.#used++
    }
    this.#port[slot] = port
    this.#heard[slot] = now
  }

  /** The port behind which the station lives whose address stands at `bytes[at]`, or -1. */
  find(bytes: Uint8Array, at: number, vlan: number, now: Instant): number {
    const slot = this.#slot(highOf(bytes, at), lowOf(bytes, at, vlan))
    return this.#port[slot] >= 0 && now - this.#heard[slot] < this.ageing ? this.#port[slot] : -1
  }

  /** Forgets all stations behind `port`. */
  forget(port: number): void {
    this.#rebuild((entry) => entry.port !== port)
  }

  /** The stations not yet aged, by VLAN and address. */
  entries(now: Instant): MacEntry[] {
    return this.#all().filter((entry) => now - entry.heard < this.ageing).sort((a, b) => a.vlan - b.vlan || (hex(a.mac) < hex(b.mac) ? -1 : 1))
  }

  save(): MacTableState {
    return { entries: this.#all().map((entry) => ({ ...entry })), refused: this.refused }
  }

  load(state: MacTableState): void {
    this.#clear()
    for (const { mac, vlan, port, heard } of state.entries) this.learn(mac, 0, vlan, port, heard as Instant)
    this.refused = state.refused
  }

  /** The slot that holds the key, or the free one where it would stand. */
  #slot(high: number, low: number): number {
    // Two odd multipliers and the upper bits: neighbours in either half spread over the table.
    const mixed = Math.imul(high, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b)
    let slot = (mixed ^ (mixed >>> 15)) & this.#mask
    while (this.#port[slot] >= 0 && (this.#high[slot] !== high || this.#low[slot] !== low)) slot = (slot + 1) & this.#mask
    return slot
  }

  #dropAged(now: Instant): void {
    if (now < this.#nextAged) return
    this.#rebuild((entry) => now - entry.heard < this.ageing)
    // Whoever is heard again later only ages later: the oldest now bounds the next search from below.
    this.#nextAged = this.#all().reduce((first, entry) => Math.min(first, entry.heard + this.ageing), Infinity)
  }

  #rebuild(keep: (entry: MacEntry) => boolean): void {
    const kept = this.#all().filter(keep)
    this.#clear()
    for (const { mac, vlan, port, heard } of kept) this.learn(mac, 0, vlan, port, heard)
  }

  #clear(): void {
    this.#port.fill(-1)
    this.#used = 0
    this.#nextAged = 0
  }

  #all(): MacEntry[] {
    const entries: MacEntry[] = []
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (this.#port[slot] < 0) continue
      const high = this.#high[slot]
      const low = this.#low[slot]
      const mac = Uint8Array.of(high >>> 24, high >>> 16, high >>> 8, high, low >>> 24, low >>> 16)
      entries.push({ mac, vlan: low & 0xffff, port: this.#port[slot], heard: this.#heard[slot] as Instant })
    }
    return entries
  }
}

const highOf = (bytes: Uint8Array, at: number): number => (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
const lowOf = (bytes: Uint8Array, at: number, vlan: number): number => (bytes[at + 4] << 24) | (bytes[at + 5] << 16) | vlan
