/** A timer for real time: rings within some tens of microseconds, where setTimeout counts in milliseconds and comes late by one. */
import type { Worker } from 'node:worker_threads'
import { beatWords } from './metronome-protocol.ts'
import { startThread } from './thread.ts'
import { waitAsync } from './wait-async.ts'

/** An hour: what lies further off is ordered again then. */
const longest = 3_600_000

export class Metronome {
  readonly #words = new Int32Array(new SharedArrayBuffer(12))
  readonly #worker: Worker
  readonly #ring: () => void
  /** When it rings next, on the host's clock. */
  #due: number | undefined
  #closed = false

  constructor(ring: () => void) {
    this.#ring = ring
    Atomics.store(this.#words, beatWords.wait, -1)
    this.#worker = startThread('metronome-worker', import.meta.url, { workerData: this.#words.buffer })
    this.#worker.unref()
    void this.#listen()
  }

  /** Rings within so many milliseconds. It may ring before that for an earlier order: waking the thread to take one back would cost more. */
  order(milliseconds: number): void {
    const wait = Math.min(milliseconds, longest)
    const due = performance.now() + wait
    if (this.#due !== undefined && this.#due <= due) return
    this.#due = due
    Atomics.store(this.#words, beatWords.wait, Math.max(0, Math.round(wait * 1000)))
    Atomics.add(this.#words, beatWords.order, 1)
    Atomics.notify(this.#words, beatWords.order)
  }

  async close(): Promise<void> {
    this.#closed = true
    Atomics.add(this.#words, beatWords.beat, 1)
    Atomics.notify(this.#words, beatWords.beat)
    await this.#worker.terminate()
  }

  async #listen(): Promise<void> {
    let seen = 0
    while (!this.#closed) {
      const wait = waitAsync(this.#words, beatWords.beat, seen)
      if (wait.async) await wait.value
      const beat = Atomics.load(this.#words, beatWords.beat)
      if (this.#closed || beat === seen) continue
      // Taken down before it rings: the ring may order again, and that beat may be there at once.
      seen = beat
      this.#due = undefined
      this.#ring()
    }
  }
}
