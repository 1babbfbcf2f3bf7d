/** The seam between the harts of one machine and the board they sit on. */
import type { Plain, Stateful } from '../base/state.ts'
import type { Instant } from '../base/time.ts'
import type { CpuName } from './isa/profile.ts'

/** Interrupt lines into a hart, by their bit in `mip` (RISC-V privileged architecture §3.1.9). */
export const lines = { msip: 3, mtip: 7, seip: 9, meip: 11 } as const
export type Line = (typeof lines)[keyof typeof lines]

/** What lies outside RAM, as the harts see it. `undefined` from `read` and `false` from `write` mean: nobody answers there (access fault). */
export interface CoreBus {
  read(address: number, width: 1 | 2 | 4): number | undefined
  write(address: number, width: 1 | 2 | 4, value: number): boolean
}

/**
 * All harts of one machine and the RAM they share. Virtual time counts retired instructions; `now` is exact during a bus access.
 * A device may arm an alarm, raise a line or call `stopBefore` inside a bus access; the harts heed it at the next instruction.
 */
export interface Core extends Stateful<Plain> {
  readonly harts: number
  /** Guest RAM, live. Writers call `wrote` for what they write, before the harts run on. */
  readonly ram: Uint8Array
  readonly now: Instant
  /** Every hart waits in WFI and no enabled interrupt is pending: time may jump to the next event. */
  readonly idle: boolean
  /** The next instant at which a hart's own timer goes off. An idle core is to be skipped to it, and no further; `run` heeds it by itself. */
  readonly wake: Instant | undefined
  /** Runs until `until`, until all harts wait (`idle`), until `stopBefore` cut the run short, or until a breakpoint (`breakpoints.stop`). */
  run(until: Instant): void
  /** Cuts the present run short: it ends at the first instruction boundary at or after `until`. */
  stopBefore(until: Instant): void
  /** Lets time pass without an instruction, for an idle core. */
  skip(until: Instant): void
  line(hart: number, line: Line, high: boolean): void
  /** An event has come: a guest that waits for one by polling looks again now, and not when its shortened wait would have ended. */
  rouse(): void
  /** RAM was written by a device: drops what was decoded from there, breaks reservations. `address` is an offset into `ram`. */
  wrote(offset: number, length: number): void
  /** Puts every hart at `pc` in M-mode, as after power-on; a0 = hart id, a1, a2 as given. RAM is left alone. */
  reset(pc: number, a1: number, a2: number): void
  /** Puts hart 0 at `pc` in S-mode, a0 = 0, a1 as given, and stops the others; for a core whose board answers environment calls (`CoreConfig.supervisor`). */
  boot(pc: number, a1: number): void
  /** Where runs are to end for the host's sake. Not part of the saved state. */
  readonly breakpoints: Breakpoints
  /** Tells every instruction of a window of time, from the next run on; undefined: no more. Between runs only; nothing of the run changes by it. */
  trace(window: TraceWindow | undefined): void
  /** Registers and CSRs of one hart, for people. */
  dump(hart: number): string
  /** One hart, for a debugger; between runs only, and good until the next. */
  inspect(hart: number): HartInspection
  /** The hart whose instruction comes next; undefined when time passes first. */
  readonly turn: number | undefined
  /** What is kept of the guest's code, all of it bounded. */
  statistics(): CodeStatistics
  /** Retired instructions over all harts. */
  readonly retired: number
}

/** Registers and memory of a hart that stands still. Numbers are unsigned 64-bit. What is written is the debugger's doing: the run is another from there. */
export interface HartInspection {
  readonly hart: number
  /** 0 U, 1 S, 3 M. */
  readonly privilege: number
  /** It is in WFI, or stopped. */
  readonly waits: boolean
  /** Of the instruction that comes next. */
  pc: bigint
  x(register: number): bigint
  setX(register: number, value: bigint): void
  f(register: number): bigint
  setF(register: number, value: bigint): void
  setFcsr(value: number): void
  /** As the guest would read it with every right; undefined when the hart has no such register. */
  csr(number: number): bigint | undefined
  /** Copies from virtual memory by the present page table, whoever may read it; leaves no trace. @returns bytes copied: fewer than asked for where no RAM is. */
  read(address: bigint, into: Uint8Array): number
  /** Copies into virtual memory likewise. @returns bytes copied. */
  write(address: bigint, from: Uint8Array): number
  /** Guest-physical address of a virtual one that lies in RAM. */
  physical(address: bigint): number | undefined
  /** Registers and CSRs, for people. */
  dump(): string
}

export interface Breakpoint {
  /** `execute`: in front of the instruction that begins at `address`; else behind the instruction that has touched any of `length` bytes from there. */
  readonly kind: 'execute' | 'read' | 'write' | 'access'
  /** Virtual, in any address space. */
  readonly address: bigint
  /** Of what is watched, in bytes; 1 when left out. */
  readonly length?: number
}

/** Why a run ended where it did. */
export interface Stop {
  readonly point: Breakpoint
  readonly hart: number
  /** Of the instruction: the one that comes next for `execute`, the one that has just been for the others. */
  readonly pc: bigint
  /** What was touched; pc for `execute`. */
  readonly address: bigint
  readonly at: Instant
}

/** The guest can't tell that there are any: a run with stops is, tick for tick, the run without. */
export interface Breakpoints {
  /** Set when the last run ended for one; the next run clears it and goes on, past an `execute` that it stands in front of. */
  readonly stop: Stop | undefined
  readonly points: readonly Breakpoint[]
  /** These and no others, from the next run on. Between runs only. @throws {RangeError} when more than 64 MiB are watched. */
  set(points: readonly Breakpoint[]): void
}

export interface CodeStatistics {
  /** Compiled regions there are now, and how many ever were made. */
  readonly live: number
  readonly compiled: number
  /** Of wasm, since all regions were last dropped; beyond 48 MiB they are. */
  readonly codeBytes: number
  /** Pages with decoded instructions; there is room for 2048. */
  readonly decodedPages: number
}

export interface TraceWindow {
  readonly from: Instant
  /** The first instant that isn't told any more. */
  readonly to: Instant
  step(step: Step): void
  /** The harts have come past the window. */
  done(): void
}

/** One tick of a hart: an instruction that retired or trapped; or, without a tick, an interrupt that was taken in front of one. */
export interface Step {
  /** Of its beginning. */
  readonly at: Instant
  readonly hart: number
  /** 0 U, 1 S, 3 M, of the instruction. */
  readonly privilege: number
  readonly pc: bigint
  /** 16 or 32 bits; undefined for an interrupt, and where none could be fetched. */
  readonly word: number | undefined
  /** Registers that are different afterwards, by name. */
  readonly written: readonly (readonly [string, bigint])[]
  /** The cause, as mcause has it. */
  readonly trap: bigint | undefined
}

export interface CoreConfig {
  readonly harts: number
  /** Multiple of 4096. */
  readonly ramBytes: number
  readonly ramBase: number
  /** Frequency of the `time` CSR in Hz (10 MHz on the virt board). */
  readonly timebaseHz: number
  readonly bus: CoreBus
  readonly engine: WasmEngine
  /** Jumps to one place before it is compiled; 0: interpret everything. */
  readonly threshold?: number
  /** Instructions and features of the harts; rv64gc unless told otherwise. */
  readonly cpu?: CpuName
  /** Answers environment calls from S-mode after `boot`, in place of software in M-mode; after `reset` they are M-mode's as ever. */
  readonly supervisor?: AnswerCall
  /** Hears the harts' magic instructions (isa/magic.ts) and their EBREAKs; without it both are what the manual says. */
  readonly magic?: HearMagic
}

/**
 * Called in the middle of a run, at the exact instruction; virtual time stands still meanwhile. The instruction retires.
 * @returns whether it meant something: an EBREAK that didn't is a breakpoint, a magic instruction that didn't does nothing.
 */
export type HearMagic = (hart: StoppedHart, what: 'magic' | 'ebreak') => boolean

/** A hart that stands still for its handler, which may look at it and change it. Good only during the call. Numbers are unsigned 64-bit. */
export interface StoppedHart {
  readonly hart: number
  /** 0 U, 1 S, 3 M. */
  readonly privilege: number
  /** Of the instruction that called; where the hart goes on afterwards is `next`. */
  readonly pc: bigint
  next: bigint
  /** Tells one address space from another: 0 without translation. */
  readonly satp: bigint
  x(register: number): bigint
  setX(register: number, value: bigint): void
  f(register: number): bigint
  setF(register: number, value: bigint): void
  /** Guest-physical address of a virtual one, as the hart's own load or store would find it, SUM apart; undefined where it would trap, or no RAM is. */
  physical(address: bigint, access: 'read' | 'write'): number | undefined
  /** Copies from virtual memory. @returns bytes copied: fewer than asked for where a page is not the caller's to read. */
  read(address: bigint, into: Uint8Array): number
  /** Copies into virtual memory. @returns bytes copied. */
  write(address: bigint, from: Uint8Array): number
  /** Registers and CSRs, for people. */
  dump(): string
}

/**
 * Called in the middle of a run, at the exact instruction, which takes its tick; virtual time stands still meanwhile.
 * @param args a0 to a7, unsigned. @returns what a0 and a1 become; undefined: nothing is written, the call has moved the hart itself.
 */
export type AnswerCall = (hart: number, args: readonly bigint[], harts: SupervisedHarts) => { readonly a0: bigint; readonly a1?: bigint } | undefined

export type HartStatus = 'started' | 'stopped'

/** What firmware below a supervisor can do to the harts. Good only during a call. */
export interface SupervisedHarts {
  readonly count: number
  status(hart: number): HartStatus
  /** Begins at `pc` in S-mode, untranslated, interrupts off, a0 = hart, a1 = `opaque`. */
  start(hart: number, pc: bigint, opaque: bigint): void
  /** Nothing but `start` wakes it. */
  stop(hart: number): void
  /** Waits until an enabled interrupt is pending; then goes on, or begins at `resume` as `start` does. */
  suspend(hart: number, resume?: { readonly pc: bigint; readonly opaque: bigint }): void
  /** The supervisor's timer interrupt is pending from when the `time` CSR is `time`; 2^64 − 1 is never. */
  timer(hart: number, time: bigint): void
  /** Makes the supervisor's software interrupt pending. */
  softInterrupt(hart: number): void
  /** Drops all translations. */
  forget(hart: number): void
  /** What the counter reads in the hart's next instruction. */
  setCounter(hart: number, counter: 'cycle' | 'instret', value: bigint): void
}

/** Where wasm runs: cpu/ makes the bytes, host/ makes them run (house.md, law 7). */
export interface WasmEngine {
  /** A shared memory of exactly `pages` × 64 KiB. */
  memory(pages: number): WasmMemory
  /** A table of `size` functions, empty. */
  table(size: number): WasmTable
  /** Imports, the memory as `memory` and the table as `table`, all from `env`. @throws {Error} when the bytes are no valid module. */
  instantiate(bytes: Uint8Array, memory: WasmMemory, imports: Readonly<Record<string, WasmImport>>, table?: WasmTable): WasmExports
}
/** Functions that wasm code calls by index. */
export interface WasmTable {
  set(index: number, func: WasmExports[string] | null): void
}
/** Opaque but for its buffer. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer
}
export type WasmImport = (...args: never[]) => number | bigint | void
export type WasmExports = Readonly<Record<string, (...args: (number | bigint)[]) => number | bigint | undefined>>
