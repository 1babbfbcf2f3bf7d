/** When each line of a console began: an offset and an instant a line, enough to say when any byte was printed, within its line. */
import type { Instant } from '../../base/time.ts'

export interface LineStamp {
  /** Of the line's first byte, in bytes since power-on. */
  readonly offset: number
  readonly time: Instant
}

const lineEnd = 0x0a

/** Hears a console in pieces and tells the stamp of every line as it begins. */
export class LineStamper {
  #offset = 0
  #fresh = true

  /** @returns stamps of the lines that begin in these bytes. */
  hear(bytes: Uint8Array, time: Instant): LineStamp[] {
    const stamps: LineStamp[] = []
    for (const byte of bytes) {
      if (this.#fresh) stamps.push({ offset: this.#offset, time })
      this.#fresh = byte === lineEnd
      this.#offset++
    }
    return stamps
  }
}

/** A stamp a line: `offset time`. */
export const formatStamps = (stamps: readonly LineStamp[]): string => stamps.map(({ offset, time }) => `${offset} ${time}\n`).join('')

/** Reads `formatStamps`' form; lines that are something else are passed over. */
export function parseStamps(text: string): LineStamp[] {
  return [...text.matchAll(/^(\d{1,16}) (\d{1,16})$/gm)].map(([, offset, time]) => ({ offset: Number(offset), time: Number(time) as Instant }))
}

/** The line that holds byte `offset`: the last that begins at or before it. */
export function stampAt(stamps: readonly LineStamp[], offset: number): LineStamp | undefined {
  let [low, high] = [0, stamps.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (stamps[middle].offset <= offset) low = middle + 1
    else high = middle
  }
  return stamps[low - 1]
}
