/** How a compressed instruction says which base instruction it stands for. */
import { pattern } from './pattern.ts'
import type { Decoded } from './row.ts'
import { rowNamed } from './rows.ts'

/**
 * Where a register number comes from: a number is that register; `rd` bits 11–7, `rs2` bits 6–2 (any register);
 * `high` bits 9–7 and `low` bits 4–2 (x8–x15).
 */
export type Register = number | 'rd' | 'rs2' | 'high' | 'low'

/** One compressed instruction. Unprivileged architecture 20240411, §27. */
export interface CompressedRow {
  readonly name: string
  /** The manual's row, as in `Row`, 16 bits. */
  readonly bits: string
  /** Name of the base row. */
  readonly base: string
  readonly rd?: Register
  readonly rs1?: Register
  readonly rs2?: Register
  /**
   * The immediate's bits as the manual writes them: encoding bits, `=`, immediate bits, e.g. `12:10=5:3 6:5=2|6`; a number is that value.
   * Its highest bit is a sign if the text begins with `-`.
   */
  readonly imm?: string | number
  /** Fields of which a zero makes the encoding reserved. */
  readonly nonzero?: readonly ('rd' | 'rs1' | 'rs2' | 'imm')[]
}

/** A compressed row made ready: what `expand` needs. */
export interface Expander {
  readonly row: CompressedRow
  readonly mask: number
  readonly match: number
  readonly fixed: number
  /** @returns undefined if the encoding is reserved */
  expand(word: number): Decoded | undefined
}

/** @throws {Error} when the row is written wrongly. */
export function expander(row: CompressedRow): Expander {
  const base = rowNamed(row.base)
  const immediate = immediateReader(row.imm ?? 0)
  const nonzero = row.nonzero ?? []
  return {
    row,
    ...pattern(row.bits, 16),
    expand: (word) => {
      const decoded = {
        row: base, rd: register(row.rd, word), rs1: register(row.rs1, word), rs2: register(row.rs2, word), rs3: 0, rm: 0, imm: immediate(word), length: 2,
      } as const
      return nonzero.some((field) => decoded[field] === 0) ? undefined : decoded
    },
  }
}

function register(from: Register | undefined, word: number): number {
  switch (from) {
    case undefined:
      return 0
    case 'rd':
      return (word >>> 7) & 31
    case 'rs2':
      return (word >>> 2) & 31
    case 'high':
      return 8 + ((word >>> 7) & 7)
    case 'low':
      return 8 + ((word >>> 2) & 7)
    default:
      return from
  }
}

/** One bit of the encoding and its place in the immediate. */
export interface Place {
  readonly from: number
  readonly to: number
}

/** The places of an immediate in `CompressedRow`'s notation. */
export function places(layout: string): readonly Place[] {
  return layout.replace('-', '').trim().split(' ').flatMap((part) => {
    const [from, to] = part.split('=').map((side) => side.split('|').flatMap(descending))
    if (to === undefined || from.length !== to.length) throw new Error(`not an immediate: ${layout}`)
    return from.map((bit, index) => ({ from: bit, to: to[index] }))
  })
}

/** `9:6` → 9, 8, 7, 6. */
function descending(range: string): readonly number[] {
  const [top, bottom = top] = range.split(':').map(Number)
  return Array.from({ length: top - bottom + 1 }, (_, down) => top - down)
}

function immediateReader(layout: string | number): (word: number) => number {
  if (typeof layout === 'number') return () => layout
  const all = places(layout)
  const top = Math.max(...all.map(({ to }) => to))
  const unused = layout.startsWith('-') ? 31 - top : 0
  return (word) => {
    let value = 0
    for (const { from, to } of all) value |= ((word >>> from) & 1) << to
    return (value << unused) >> unused
  }
}
