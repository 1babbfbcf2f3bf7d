/** What passes between the pump and its thread. */

/** Words of the shared control array. */
export const pumpWords = { wake: 0, quit: 1 } as const

export interface PumpData {
  /** Int32: see `pumpWords`. */
  readonly control: SharedArrayBuffer
  /** Written to by whoever wants the thread to look up. */
  readonly eventfd: number
}

export type PumpCommand =
  | { readonly do: 'add'; readonly fd: number; readonly ring: SharedArrayBuffer; /** Of the ring's bytes. */ readonly address: number; readonly largest: number }
  /** The thread closes the descriptor, so that it is never polled after another file got its number. */
  | { readonly do: 'remove'; readonly fd: number }
