/** A line of a given rate with a bounded queue in front: when does a frame that is given now have left? */
import type { Stateful } from '../base/state.ts'
import type { Instant } from '../base/time.ts'

export type PacerState = { readonly busyUntil: number }

export class Pacer implements Stateful<PacerState> {
  /** Bits per second; undefined: infinitely fast, and then nothing ever waits. */
  rateBps: number | undefined
  /** Bytes that may wait. A frame that finds the line idle always goes, however large. */
  queueBytes: number
  #busyUntil = 0

  constructor(rateBps: number | undefined, queueBytes: number) {
    this.rateBps = rateBps
    this.queueBytes = queueBytes
  }

  /** @returns when the last bit of `bytes` bytes is on the line, or undefined when the queue has no room for them. */
  admit(now: Instant, bytes: number): Instant | undefined {
    if (this.rateBps === undefined) return now
    const backlog = this.backlogBytes(now)
    if (backlog > 0 && backlog + bytes > this.queueBytes) return undefined
    this.#busyUntil = Math.max(now, this.#busyUntil) + Math.ceil((bytes * 8e9) / this.rateBps)
    return this.#busyUntil as Instant
  }

  /** Bytes that are not on the line yet. */
  backlogBytes(now: Instant): number {
    return this.rateBps === undefined ? 0 : (Math.max(0, this.#busyUntil - now) * this.rateBps) / 8e9
  }

  save(): PacerState {
    return { busyUntil: this.#busyUntil }
  }

  load(state: PacerState): void {
    this.#busyUntil = state.busyUntil
  }
}
