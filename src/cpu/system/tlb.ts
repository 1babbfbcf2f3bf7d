/** Looking an address up in a TLB, in line: for the interpreter's handlers and for compiled code. */
import { type Term, add, and, c64, eq, load, or, wrap } from '../term.ts'
import type { Func, LocalTerm } from '../wasm/func.ts'
import { tlbIndex } from './context.ts'

/** i32 1 when `table` has `address` for `width` aligned bytes under `context`; leaves the entry's offset in `index`. */
export function tlbHit(f: Func, table: number, address: LocalTerm, width: number, context: Term, index: LocalTerm): Term {
  f.set(index, tlbIndex(address))
  return eq(load('i64', index, table), or(and(address, c64(-4096n | BigInt(width - 1))), context))
}

/** Host address of a hit. */
export const tlbHost = (table: number, address: LocalTerm, index: LocalTerm): Term => add(wrap(address), load('i32', index, table + 8))
