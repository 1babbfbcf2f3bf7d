/** Reading and writing the hart's state words from wasm. */
import { type Term, and, c32, c64, eqz, load, or, shl, shrU } from '../term.ts'
import type { Func } from '../wasm/func.ts'

export const get64 = (slot: number): Term => load('i64', c32(0), slot)
export const get32 = (slot: number): Term => load('i32', c32(0), slot)

export function put64(func: Func, slot: number, value: Term): void {
  func.store('i64', c32(0), value, slot)
}

export function put32(func: Func, slot: number, value: Term): void {
  func.store('i32', c32(0), value, slot)
}

/** `word` with the bits of `mask` replaced by those of `value`. */
export const merge = (word: Term, value: Term, mask: bigint): Term => or(and(word, c64(~mask)), and(value, c64(mask)))

/** Bits `low`.. of `width` from an i64. */
export const field = (word: Term, low: number, width: number): Term => and(shrU(word, c64(low)), c64((1n << BigInt(width)) - 1n))

export const place = (value: Term, low: number): Term => shl(value, c64(low))

/** i32 1 when no bit of `mask` is set. */
export const clear = (word: Term, mask: bigint): Term => eqz(and(word, c64(mask)))

/** Privilege levels. */
export const user = 0
export const supervisor = 1
export const machine = 3

/** mstatus, by the privileged manual §3.1.6. */
export const mstatus = {
  SIE: 1n << 1n, MIE: 1n << 3n, SPIE: 1n << 5n, MPIE: 1n << 7n, SPP: 1n << 8n, MPP: 3n << 11n, FS: 3n << 13n,
  MPRV: 1n << 17n, SUM: 1n << 18n, MXR: 1n << 19n, TVM: 1n << 20n, TW: 1n << 21n, TSR: 1n << 22n,
  UXL: 2n << 32n, SXL: 2n << 34n, SD: 1n << 63n,
} as const

/** menvcfg, §3.1.18; senvcfg has the same fields below bit 8 (§4.1.10). */
export const menvcfg = {
  FIOM: 1n, CBIE: 3n << 4n, CBCFE: 1n << 6n, CBZE: 1n << 7n, ADUE: 1n << 61n, PBMTE: 1n << 62n, STCE: 1n << 63n,
} as const

/** Exception causes, §3.1.15. */
export const cause = {
  instructionMisaligned: 0, instructionAccess: 1, illegal: 2, breakpoint: 3, loadMisaligned: 4, loadAccess: 5, storeMisaligned: 6,
  storeAccess: 7, ecallU: 8, ecallS: 9, ecallM: 11, instructionPage: 12, loadPage: 13, storePage: 15,
} as const
