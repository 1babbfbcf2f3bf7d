/** A snapshot as bytes: its state in one piece, and the pages of all its machines' RAM in a pool beside it. How they get into a file is host/'s business. */
import { Malformed } from '../../base/errors.ts'
import type { Plain } from '../../base/state.ts'
import type { RamState } from '../../board/ram.ts'
import { PagePool, ramOf } from './page-pool.ts'
import { decodePlain, encodePlain } from './plain-bytes.ts'
import type { LabSnapshot, SavedMachine } from './save-lab.ts'

export interface PackedSnapshot {
  readonly state: Uint8Array
  /** Pieces of the page pool, in order. */
  readonly pages: readonly Uint8Array[]
}

/** A snapshot whose RAM may still be on its way. */
export interface UnpackedSnapshot {
  /** Complete once `fill` was called; until then its machines' RAM is empty. */
  readonly snapshot: LabSnapshot
  /** @throws {Malformed} when pages are missing. */
  fill(pages: readonly Uint8Array[]): void
}

export function packSnapshot(snapshot: LabSnapshot): PackedSnapshot {
  const pool = new PagePool()
  const tables = Object.entries(snapshot.machines).map(([node, { state }]) => [node, tableBytes(pool.add(state.ram))] as const)
  const machines = Object.fromEntries(Object.entries(snapshot.machines).map(([node, saved]) => [node, { ...saved, state: { ...saved.state, ram: [] } }]))
  // Frames' offloads are interfaces, which TypeScript does not take for plain data; they are.
  const state = encodePlain({ snapshot: { ...snapshot, machines }, tables: Object.fromEntries(tables) } as unknown as Plain)
  return { state, pages: pool.pieces }
}

/** @throws {Malformed} */
export function unpackSnapshot(state: Uint8Array): UnpackedSnapshot {
  const { snapshot, tables } = decodePlain(state) as unknown as { readonly snapshot?: LabSnapshot; readonly tables?: Readonly<Record<string, Uint8Array>> }
  if (snapshot?.machines === undefined || tables === undefined) throw new Malformed('no snapshot')
  const fill = (pages: readonly Uint8Array[]): void => {
    for (const [node, { state: machine }] of Object.entries(snapshot.machines) as [string, SavedMachine][]) {
      const ram = machine.ram as unknown as RamState[number][]
      for (const page of ramOf(tableOf(tables[node] ?? new Uint8Array(0)), pages)) ram.push(page)
    }
  }
  return { snapshot, fill }
}

/** Little-endian, whatever this computer is. */
function tableBytes(table: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(table.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [index, value] of table.entries()) view.setUint32(4 * index, value, true)
  return bytes
}

function tableOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Uint32Array.from({ length: bytes.length >> 2 }, (_, index) => view.getUint32(4 * index, true))
}
