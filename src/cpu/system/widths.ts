/** How a row's memory access moves bytes: the wasm load and store for a width, as the interpreter and compiled code both need them. */
import type { Effect } from '../isa/row.ts'
import type { LoadKind, StoreKind } from '../term.ts'

const loadKinds: Readonly<Record<string, LoadKind>> = {
  '1s': 'i64.8s', '1u': 'i64.8u', '2s': 'i64.16s', '2u': 'i64.16u', '4s': 'i64.32s', '4u': 'i64.32u', '8s': 'i64', '8u': 'i64',
}

/** A single on its way to an f register comes unsigned: its NaN box is or-ed on. */
export const loadKind = ({ file, width, signed }: Extract<Effect, { kind: 'load' }>): LoadKind =>
  loadKinds[`${width}${signed && !(file === 'f' && width === 4) ? 's' : 'u'}`]

/** By width in bytes. */
export const storeKinds: Readonly<Record<number, StoreKind>> = { 1: 'i64.8', 2: 'i64.16', 4: 'i64.32', 8: 'i64' }
