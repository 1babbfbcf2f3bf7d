/** `Atomics.waitAsync` (ECMA-262 §25.4.14), which V8 has and the compiler's library for Node 20 hasn't. */

type Wait = { readonly async: false; readonly value: 'not-equal' | 'timed-out' } | { readonly async: true; readonly value: Promise<'ok' | 'timed-out'> }

/** Waits, without blocking, until somebody notifies `words[index]`; not at all when it isn't `value` any more. */
export const waitAsync = (words: Int32Array, index: number, value: number): Wait => (Atomics as unknown as { waitAsync(words: Int32Array, index: number, value: number): Wait }).waitAsync(words, index, value)
