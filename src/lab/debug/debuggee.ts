/** The seam between a debugger's session and the machine it debugs: in a lab that runs, or in a run that is played again. */
import type { Breakpoint, HartInspection } from '../../cpu/core.ts'

/** The two that go back are for a `reversible` one. */
export type Motion = 'step' | 'continue' | 'reverse-step' | 'reverse-continue'

/**
 * Why a motion ended. `point`: a breakpoint, or a watchpoint with the address that was touched. `step`: an instruction was done, or undone.
 * `interrupt`: it was asked to. `begin`, `end`: there is nothing before or behind. `over`: the machine has gone off.
 */
export type Halt =
  | { readonly kind: 'point'; readonly hart: number; readonly point: Breakpoint; readonly address: bigint }
  | { readonly kind: 'step' | 'interrupt' | 'begin' | 'end' | 'over'; readonly hart: number }

/** While a debuggee stands, virtual time stands for its whole lab. It stands unless `move` was called and has not been answered. */
export interface Debuggee {
  readonly harts: number
  /** It can go back. */
  readonly reversible: boolean
  /** Why nothing of it may be changed; undefined: it may. */
  readonly sealed: string | undefined
  /** Its machine is on. */
  readonly on: boolean
  /** Good until it moves. */
  inspect(hart: number): HartInspection
  /** These points and no others. @throws {RangeError} when too much is watched. */
  set(points: readonly Breakpoint[]): void
  /** @param hart whose instruction is stepped. @param halted called once, later. */
  move(motion: Motion, hart: number, halted: (halt: Halt) => void): void
  /** Ends a motion as soon as may be. */
  interrupt(): void
  /** A command to the lab, in words. @param answer called once with lines of text. */
  command(words: string, answer: (text: string) => void): void
  /** The debugger has gone: the lab goes on without it. */
  release(): void
}
