/** The thread behind Metronome: sleeps to the tenth of a millisecond, which the event loop's timers don't. */
import { workerData } from 'node:worker_threads'
import { beatWords } from './metronome-protocol.ts'

const words = new Int32Array(workerData as SharedArrayBuffer)
for (;;) {
  const order = Atomics.load(words, beatWords.order)
  const microseconds = Atomics.load(words, beatWords.wait)
  // A new order, or the end of the wait: either way look what is wanted now.
  if (microseconds < 0) Atomics.wait(words, beatWords.order, order)
  else if (Atomics.wait(words, beatWords.order, order, microseconds / 1000) === 'timed-out' && Atomics.compareExchange(words, beatWords.wait, microseconds, -1) === microseconds) {
    Atomics.add(words, beatWords.beat, 1)
    Atomics.notify(words, beatWords.beat)
  }
}
