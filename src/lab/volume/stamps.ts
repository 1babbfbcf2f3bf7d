/** What every volume makes by itself: times that only grow, and numbers that come from names. */
import { hash32 } from '../../base/random.ts'
import type { Stamp } from '../../stack/volume.ts'

/** The lab's wall clock: nanoseconds since 1970. */
export type WallClock = () => Stamp

/** A clock that never says the same twice, so that every change shows to clients that compare times. */
export class Stamps {
  readonly #clock: WallClock
  #last: Stamp = 0n

  constructor(clock: WallClock) {
    this.#clock = clock
  }

  next(): Stamp {
    const now = this.#clock()
    this.#last = now > this.#last ? now : this.#last + 1n
    return this.#last
  }
}

/** 51 bits of a text's hash: numbers of what was there before. What the lab makes has bit 51 set beside. */
export function numberOf(text: string): number {
  return (hash32(text, 1) & 0x7_ffff) * 0x1_0000_0000 + hash32(text, 2)
}

/** Set in the number of a thing that was made while the lab ran. */
export const madeHere = 2 ** 51
