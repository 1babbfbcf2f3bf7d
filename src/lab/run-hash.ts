/** One number for a whole run: two runs that differ in any frame, instant or console byte differ in it. For finding a difference, not for trust. */
import { utf8 } from '../base/bytes.ts'
import type { Instant } from '../base/time.ts'

/** FNV-1a in two lanes of 32 bits; the second starts elsewhere, so that one lane's collision is not the other's. */
export class HashLane {
  #a = 0x811c9dc5
  #b = 0x2f0b4c27

  /** Takes in `bytes` as they were at `time`. */
  add(time: Instant, bytes: Uint8Array): void {
    this.number(time)
    this.number(bytes.length)
    let a = this.#a
    let b = this.#b
    for (let at = 0; at < bytes.length; at++) {
      a = Math.imul(a ^ bytes[at], 0x01000193)
      b = Math.imul(b ^ bytes[at], 0x0100_0193) ^ (b >>> 15)
    }
    this.#a = a
    this.#b = b
  }

  /** Takes in an integer below 2^53. */
  number(value: number): void {
    for (const half of [value >>> 0, Math.floor(value / 0x1_0000_0000)]) {
      this.#a = Math.imul(this.#a ^ half, 0x01000193)
      this.#b = Math.imul(this.#b ^ half, 0x85eb_ca6b) ^ (this.#b >>> 13)
    }
  }

  /** Sixteen hexadecimal digits. */
  get digest(): string {
    return [this.#a, this.#b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
  }
}

/**
 * A lane for each source (a port, a console, a machine's instruction count), put together by name: which source was heard first
 * says nothing about the run, only about the order in which its islands were run.
 */
export class RunHash {
  readonly #lanes = new Map<string, HashLane>()

  lane(source: string): HashLane {
    let lane = this.#lanes.get(source)
    if (lane === undefined) this.#lanes.set(source, (lane = new HashLane()))
    return lane
  }

  /** Every source's own digest, by name. */
  get lanes(): Record<string, string> {
    return Object.fromEntries([...this.#lanes.keys()].sort().map((source) => [source, (this.#lanes.get(source) as HashLane).digest]))
  }

  /** @param numbers more sources with their present values, e.g. a machine's instruction count. */
  digest(numbers: readonly (readonly [string, number])[] = []): string {
    const whole = new HashLane()
    for (const [source, value] of numbers) {
      whole.add(0 as Instant, utf8(source))
      whole.number(value)
    }
    for (const source of [...this.#lanes.keys()].sort()) {
      whole.add(0 as Instant, utf8(`${source}=${(this.#lanes.get(source) as HashLane).digest}`))
    }
    return whole.digest
  }
}
