/** What a supervisor's call gets back. RISC-V Supervisor Binary Interface 2.0, chapter 3. */
import type { SupervisedHarts } from '../../cpu/core.ts'

/** Table 1. */
export const sbiError = {
  success: 0, failed: -1, notSupported: -2, invalidParam: -3, denied: -4, invalidAddress: -5, alreadyAvailable: -6, alreadyStarted: -7,
} as const

export type Answer = { readonly a0: bigint; readonly a1?: bigint } | undefined

/** One call, taken apart. */
export interface Call {
  readonly hart: number
  /** a6. */
  readonly function: number
  /** a0 to a5, unsigned. */
  readonly args: readonly bigint[]
  readonly harts: SupervisedHarts
}

/** A group of functions that is probed for by its number. */
export interface Extension {
  readonly id: number
  readonly answer: (call: Call) => Answer
}

export const succeed = (value: bigint | number = 0): Answer => ({ a0: 0n, a1: BigInt(value) })
export const fail = (code: keyof typeof sbiError): Answer => ({ a0: BigInt(sbiError[code]), a1: 0n })
/** Functions that the extension doesn't have. */
export const notSupported = (): Answer => fail('notSupported')
