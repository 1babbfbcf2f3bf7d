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
  #closed = false

  constructor(ring: () => void) {
    this.#ring = ring
    Atomics.store(this.#words, beatWords.wait, -1)
    this.#worker = startThread('metronome-worker', import.meta.url, { workerData: this.#words.buffer })
    this.#worker.unref()
    void this.#listen()
  }

  /** Rings once, so many milliseconds from now; undefined: not at all. A later order replaces an earlier one. */
  order(milliseconds: number | undefined): void {
    Atomics.store(this.#words, beatWords.wait, milliseconds === undefined ? -1 : Math.max(0, Math.round(Math.min(milliseconds, longest) * 1000)))
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
    for (let seen = 0; !this.#closed; seen = Atomics.load(this.#words, beatWords.beat)) {
      const wait = waitAsync(this.#words, beatWords.beat, seen)
      if (wait.async) await wait.value
      if (!this.#closed) this.#ring()
    }
  }
}
