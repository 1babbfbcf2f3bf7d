/**
 * What must not be guessed from outside: initial sequence numbers (RFC 6528), where timestamps start (RFC 7323 §5.4), the first local port
 * to try (RFC 6056 §3.3.3). All are keyed hashes of both ends; the hash is HalfSipHash-2-4 (Aumasson and Bernstein).
 */
import type { Random } from '../../base/random.ts'
import type { Instant } from '../../base/time.ts'
import { u32le } from '../../base/bytes.ts'

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))

/** What a hash is wanted for: the same ends give unrelated numbers for each. */
export const purposes = { sequence: 1, timestamp: 2, port: 3, table: 4 } as const

export class Secret {
  readonly #key0: number
  readonly #key1: number

  constructor(random: Random) {
    const key = random.bytes(8)
    this.#key0 = u32le(key, 0)
    this.#key1 = u32le(key, 4)
  }

  /** 32 bits. @param words taken modulo 2^32. */
  hash(purpose: number, words: readonly number[]): number {
    let v0 = this.#key0
    let v1 = this.#key1
    let v2 = 0x6c796765 ^ this.#key0
    let v3 = 0x74656462 ^ this.#key1
    const round = (): void => {
      v0 = (v0 + v1) | 0
      v1 = rotate(v1, 5) ^ v0
      v0 = rotate(v0, 16)
      v2 = (v2 + v3) | 0
      v3 = rotate(v3, 8) ^ v2
      v0 = (v0 + v3) | 0
      v3 = rotate(v3, 7) ^ v0
      v2 = (v2 + v1) | 0
      v1 = rotate(v1, 13) ^ v2
      v2 = rotate(v2, 16)
    }
    const take = (word: number): void => {
      v3 ^= word
      round()
      round()
      v0 ^= word
    }
    take(purpose)
    for (const word of words) take(word | 0)
    take((words.length + 1) << 26)
    v2 ^= 0xff
    for (let count = 0; count < 4; count++) round()
    return (v1 ^ v3) >>> 0
  }

  /** ISN = M + F(localip, localport, remoteip, remoteport, secretkey), M counting 4 µs (RFC 6528 §3). */
  initialSequence(ends: readonly number[], now: Instant): number {
    return (Math.floor(now / 4000) + this.hash(purposes.sequence, ends)) >>> 0
  }
}
