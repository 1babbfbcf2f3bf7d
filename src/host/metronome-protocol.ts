/** Words that a metronome and its thread share. */

/** `order` changes with every order; `wait` is how long to sleep, in microseconds, or -1; `beat` counts the beats. */
export const beatWords = { order: 0, wait: 1, beat: 2 } as const
