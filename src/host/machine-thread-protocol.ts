/** What a lab and a thread with machines share. */
import type { MessagePort } from 'node:worker_threads'

/**
 * Words of the control array. `order` and `answer` count; the lengths are of what lies in the shared boxes, or `byPort`. `resting` is 1 while that side
 * sleeps and wants to be woken.
 */
export const threadWords = { order: 0, orderLength: 1, answer: 2, answerLength: 3, hallResting: 4, labResting: 5, count: 6 } as const

/** In place of a length: what is meant comes through the port, as it is too long for the box, or rare. */
export const byPort = -1
/** In place of an order's length: the thread is to end. */
export const quit = -2

/** Of the box for orders, and of that for answers, in bytes. */
export const boxBytes = 1 << 20

export interface ThreadData {
  readonly control: SharedArrayBuffer
  readonly orders: SharedArrayBuffer
  readonly answers: SharedArrayBuffer
  readonly port: MessagePort
}

/** What an answer by port is: a report, what a call gave, or what went wrong. */
export type PortAnswer = { readonly value: unknown } | { readonly wrong: { readonly kind: string; readonly message: string; readonly hint: string | undefined; readonly stack: string | undefined } }

/** Looks at a word so often before it sleeps: about as long as a window takes. With 2,000 looks both sides slept in nearly every round, and two threads were slower than one. */
const looks = 50_000

/** Waits until `words[index]` is not `seen` any more. @param resting where the sleeper says so. @returns false when it took longer than `milliseconds`. */
export function awaitWord(words: Int32Array, index: number, seen: number, resting: number, milliseconds: number): boolean {
  for (let look = 0; look < looks; look++) if (Atomics.load(words, index) !== seen) return true
  Atomics.store(words, resting, 1)
  const end = Atomics.wait(words, index, seen, milliseconds)
  Atomics.store(words, resting, 0)
  return end !== 'timed-out'
}

/** Counts `words[index]` on, and wakes who sleeps over it. */
export function tell(words: Int32Array, index: number, resting: number): void {
  Atomics.add(words, index, 1)
  if (Atomics.load(words, resting) === 1) Atomics.notify(words, index)
}
