/**
 * What an instruction is: one row, described once, as data that computes. Decoder, disassembler, assembler, interpreter, JIT, oracle
 * and random test programs all come from the rows; there is never a second hand-written meaning.
 *
 * Operands in terms: `rs1 rs2` (i64), `frs1 frs2 frs3` (raw i64), `imm` (i64, sign-extended where the format says so), `pc`,
 * `next` (pc + length), `old` (an AMO's memory value, sign-extended from its width), `rm` (i32).
 */
import type { Term } from '../term.ts'
import type { Extension } from './profile.ts'

/** Immediate layouts of the unprivileged manual §2.3, and the odd ones: `shift` (shamt in imm), `csr` (csr number in imm, zimm in rs1), `none`. */
export type Format = 'R' | 'R4' | 'I' | 'S' | 'B' | 'U' | 'J' | 'shift' | 'csr' | 'fence' | 'none'

/** Bytes moved by a load or store, and how a load widens. */
export type MemoryWidth = 1 | 2 | 4 | 8

export type Effect =
  /** rd = result. `file: 'f'`: rd is a floating-point register (raw bits). */
  | { readonly kind: 'compute'; readonly result: Term; readonly file: 'x' | 'f' }
  /** rd = memory[address]; `nanBox`: a 32-bit value goes to an f register, boxed. */
  | { readonly kind: 'load'; readonly address: Term; readonly width: MemoryWidth; readonly signed: boolean; readonly file: 'x' | 'f' }
  | { readonly kind: 'store'; readonly address: Term; readonly width: MemoryWidth; readonly value: Term }
  /** taken (i32) ? pc = target : fall through. */
  | { readonly kind: 'branch'; readonly taken: Term; readonly target: Term }
  /** rd = next; pc = target. */
  | { readonly kind: 'jump'; readonly target: Term }
  /** rd = old; memory[rs1] = value. Misaligned: store/AMO address-misaligned exception. */
  | { readonly kind: 'amo'; readonly width: 4 | 8; readonly value: Term }
  | { readonly kind: 'load-reserved'; readonly width: 4 | 8 }
  | { readonly kind: 'store-conditional'; readonly width: 4 | 8 }
  /** rd = csr; csr = old op value. `source` is rs1 (i64) or the 5-bit zimm. Set and clear don't write when the rs1 field is 0; write doesn't read when rd is 0. */
  | { readonly kind: 'csr'; readonly operation: 'write' | 'set' | 'clear'; readonly source: 'register' | 'immediate' }
  | { readonly kind: 'system'; readonly operation: SystemOperation }

export type SystemOperation = 'ecall' | 'ebreak' | 'mret' | 'sret' | 'wfi' | 'sfence.vma' | 'fence' | 'fence.i'
  | 'sfence.inval' | 'cbo.inval' | 'cbo.clean' | 'cbo.flush' | 'cbo.zero' | 'magic'

export interface Row {
  readonly name: string
  readonly format: Format
  /** The manual's own row, most significant bit first: `0000001 ----- ----- 000 ----- 0111011`; blanks are for the eye, `-` is a field. */
  readonly bits: string
  readonly effect: Effect
  /** Traps as illegal when mstatus.FS is off; sets it dirty. */
  readonly float: boolean
  /** The row has an rm field (bits 14–12) whose value 7 means frm; 5 and 6, and a reserved frm, are illegal. */
  readonly rounding: boolean
  /** Operand fields that the row really uses, for disassembly, dependency analysis and random programs. */
  readonly reads: readonly ('rs1' | 'rs2' | 'rs3' | 'frs1' | 'frs2' | 'frs3')[]
  /** What a hart must have for the row to be an instruction; RV64GC's own rows have none. */
  readonly extension?: Extension
}

/** An instruction word taken apart. Register numbers are 0–31 whatever the file. */
export interface Decoded {
  readonly row: Row
  readonly rd: number
  readonly rs1: number
  readonly rs2: number
  readonly rs3: number
  readonly rm: number
  /** Fits 32 bits signed; for U format already shifted. For `csr` the CSR number. */
  readonly imm: number
  /** In bytes: 2 when it was a compressed encoding. */
  readonly length: 2 | 4
}
