/**
 * Decoded entries: what the interpreter reads instead of instruction words. Eight bytes for every halfword of a code page:
 *
 *     u16 handler · u8 8 × rd · u8 8 × rs1 · then either i32 immediate, or u8 8 × rs2 · u8 8 × rs3 or rm · i16 immediate
 *
 * Register fields are addresses in the state page. Branch and jump immediates are multiplied by 4, the ratio of entries to code bytes.
 */
import { compressed } from '../isa/c.ts'
import { decode } from '../isa/decode.ts'
import type { Extensions } from '../isa/profile.ts'
import type { Decoded, Row } from '../isa/row.ts'
import { rows } from '../isa/rows.ts'

/** Handlers that are no instruction. */
export const own = {
  /** Not decoded yet; what zeroed memory says. */
  undecoded: 0,
  /** Off the page: look pc up again. */
  resolve: 1,
  illegal: 2,
  nop2: 3,
  nop4: 4,
  /** A four-byte instruction whose second half is on the next page. */
  across: 5,
  /** A compiled region begins here; its own handler is in the region table. */
  region: 6,
  /** The host may want the run to end here; the entry's own handler is in its heat. */
  breakpoint: 7,
} as const

/** One way in which a row is handled: its length decides the next pc, `discard` that rd is x0. */
export interface Variant {
  readonly row: Row
  readonly length: 2 | 4
  readonly discard: boolean
}

/** Writes an x register besides having another effect. */
function hasLink(row: Row): boolean {
  const { effect } = row
  if (effect.kind === 'load') return effect.file === 'x'
  // Comparisons and conversions leave their flags even where their result goes nowhere.
  if (effect.kind === 'compute') return effect.file === 'x' && row.float
  return effect.kind === 'jump' || effect.kind === 'amo' || effect.kind === 'load-reserved' || effect.kind === 'store-conditional' || effect.kind === 'csr'
}

function allVariants(): readonly Variant[] {
  const short = new Set(compressed.map((row) => row.base))
  const variants: Variant[] = []
  for (const row of rows) {
    for (const length of short.has(row.name) ? [4, 2] as const : [4] as const) {
      variants.push({ row, length, discard: false })
      if (hasLink(row)) variants.push({ row, length, discard: true })
    }
  }
  return variants
}

/** Handlers from 8 on. */
export const variants: readonly Variant[] = allVariants()
export const firstVariant = 8
/** Is the second word an immediate as a whole (true), or rs2, rs3/rm and a short immediate? */
export const wideImmediate = (row: Row): boolean => ['I', 'U', 'J', 'shift', 'csr', 'fence', 'none'].includes(row.format) && !row.rounding && !row.float

/** The two words of an entry for the instruction `word`, of which `bits` are shown to the trap handler when it is illegal. */
export function entryFor(word: number, extensions: Extensions): readonly [number, number] {
  const decoded = decode(word, extensions)
  if (decoded === undefined) return illegalEntry(word)
  return encode(decoded)
}

export const illegalEntry = (word: number): readonly [number, number] => [own.illegal, (word & 3) === 3 ? word : word & 0xffff]

/** What a row's entries have in common, worked out once. */
interface Code {
  /** Handlers by length 4 and 2, each with rd kept and rd discarded. */
  readonly handlers: readonly [number, number, number, number]
  /** With x0 for rd there is nothing to do. */
  readonly idle: boolean
  readonly second: 'wide' | 'near' | 'store' | 'registers'
}

const codes = new Map(rows.map((row): [Row, Code] => {
  const handler = (length: 2 | 4, discard: boolean): number => firstVariant + variants.findIndex((one) => one.row === row && one.length === length && one.discard === (discard && hasLink(row)))
  const { effect, format } = row
  const wide = isMemoryOfFloat(row) ? effect.kind === 'load' : wideImmediate(row)
  return [row, {
    handlers: [handler(4, false), handler(4, true), handler(2, false), handler(2, true)],
    idle: effect.kind === 'compute' && effect.file === 'x' && !row.float,
    second: format === 'J' || format === 'B' ? 'near' : wide ? 'wide' : format === 'S' ? 'store' : 'registers',
  }]
}))

function encode({ row, rd, rs1, rs2, rs3, rm, imm, length }: Decoded): readonly [number, number] {
  const { handlers, idle, second } = codes.get(row) as Code
  if (idle && rd === 0) return [length === 2 ? own.nop2 : own.nop4, 0]
  const first = handlers[(length === 2 ? 2 : 0) + (rd === 0 ? 1 : 0)] | (rd << 19) | (rs1 << 27)
  if (second === 'wide') return [first, imm]
  if (second === 'near') return [first, row.format === 'J' ? imm * 4 : shortForm(rs2, 0, imm * 4)]
  return [first, second === 'store' ? shortForm(rs2, 0, imm) : shortForm(rs2, row.rounding ? rm : 0, rs3 << 3)]
}

/** flw and fld have a wide immediate, fsw and fsd a short one, whatever their file. */
export function isMemoryOfFloat(row: Row): boolean {
  return row.float && (row.effect.kind === 'load' || row.effect.kind === 'store')
}

const shortForm = (rs2: number, rm: number, imm: number): number => (rs2 << 3) | (rm << 8) | (imm << 16)
