/** A row's `bits` as numbers, and where the operand fields of each format lie. Unprivileged architecture 20240411, §2.2–2.3. */
import type { Format, Row } from './row.ts'

/** A word belongs to the pattern if `(word & mask) === match`, all as int32. */
export interface Pattern {
  readonly mask: number
  readonly match: number
  /** Number of bits given. */
  readonly fixed: number
}

/** @throws {Error} unless `bits` describes `width` bits of 0, 1 and -. */
export function pattern(bits: string, width: 16 | 32): Pattern {
  const seen = known.get(bits)
  if (seen !== undefined) return seen
  const read = readPattern(bits, width)
  known.set(bits, read)
  return read
}

const known = new Map<string, Pattern>()

function readPattern(bits: string, width: 16 | 32): Pattern {
  const places = bits.replaceAll(' ', '')
  if (places.length !== width || /[^01-]/.test(places)) throw new Error(`not ${width} bits: ${bits}`)
  let mask = 0
  let match = 0
  for (const place of places) {
    mask = (mask << 1) | (place === '-' ? 0 : 1)
    match = (match << 1) | (place === '1' ? 1 : 0)
  }
  return { mask, match, fixed: places.replaceAll('-', '').length }
}

/** Register fields that a format has, by the bit where the field begins; all are five bits wide. */
export interface Fields {
  readonly rd: boolean
  readonly rs1: boolean
  readonly rs2: boolean
  readonly rs3: boolean
}

const formats: Readonly<Record<Format, string>> = {
  R: 'rd rs1 rs2', R4: 'rd rs1 rs2 rs3', I: 'rd rs1', S: 'rs1 rs2', B: 'rs1 rs2', U: 'rd', J: 'rd', shift: 'rd rs1', csr: 'rd rs1', fence: 'rd rs1', none: '',
}

/** Which register fields of this row are free; a field that the bits fix (fsqrt's rs2) is none. */
export function fieldsOf(row: Row): Fields {
  const { mask } = pattern(row.bits, 32)
  const named = formats[row.format].split(' ')
  const free = (name: string, at: number): boolean => named.includes(name) && ((mask >>> at) & 31) === 0
  return { rd: free('rd', 7), rs1: free('rs1', 15), rs2: free('rs2', 20), rs3: free('rs3', 27) }
}

/** How a format's immediate is spread over the word; both directions. */
export interface Immediate {
  /** Register and opcode bits are ignored. */
  read(word: number): number
  /** Only the immediate's bits are set; out-of-range bits are dropped. */
  write(value: number): number
  readonly least: number
  readonly most: number
  /** The value must be a multiple of this. */
  readonly step: number
}

const signed12 = { least: -2048, most: 2047, step: 1 }
const unsigned12 = { least: 0, most: 4095, step: 1 }

const none: Immediate = { read: () => 0, write: () => 0, least: 0, most: 0, step: 1 }
const highTwelve = { write: (value: number): number => value << 20 }

const immediates: Readonly<Record<Format, Immediate>> = {
  R: none,
  R4: none,
  none,
  I: { read: (word) => word >> 20, ...highTwelve, ...signed12 },
  csr: { read: (word) => word >>> 20, ...highTwelve, ...unsigned12 },
  fence: { read: (word) => word >>> 20, ...highTwelve, ...unsigned12 },
  shift: { read: (word) => (word >>> 20) & 63, ...highTwelve, least: 0, most: 63, step: 1 },
  S: {
    read: (word) => ((word >> 25) << 5) | ((word >>> 7) & 31),
    write: (value) => ((value >> 5) << 25) | ((value & 31) << 7),
    ...signed12,
  },
  B: {
    read: (word) => ((word >> 31) << 12) | ((word & 0x80) << 4) | ((word >>> 20) & 0x7e0) | ((word >>> 7) & 0x1e),
    write: (value) => (((value >> 12) & 1) << 31) | ((value & 0x7e0) << 20) | ((value & 0x1e) << 7) | ((value >> 4) & 0x80),
    least: -4096,
    most: 4094,
    step: 2,
  },
  U: { read: (word) => word & ~0xfff, write: (value) => value & ~0xfff, least: -0x8000_0000, most: 0x7fff_f000, step: 4096 },
  J: {
    read: (word) => ((word >> 31) << 20) | (word & 0xf_f000) | ((word >>> 9) & 0x800) | ((word >>> 20) & 0x7fe),
    write: (value) => (((value >> 20) & 1) << 31) | (value & 0xf_f000) | ((value & 0x800) << 9) | ((value & 0x7fe) << 20),
    least: -0x10_0000,
    most: 0xf_fffe,
    step: 2,
  },
}

/** aq and rl of an atomic row, kept in imm. */
const ordering: Immediate = { read: (word) => (word >>> 25) & 3, write: (value) => (value & 3) << 25, least: 0, most: 3, step: 1 }
const wordShift: Immediate = { ...immediates.shift, most: 31 }

/** What this row's imm is. */
export function immediateOf(row: Row): Immediate {
  const { mask } = pattern(row.bits, 32)
  if (row.format === 'R' && (mask & 0x0600_0000) === 0) return ordering
  if (row.format === 'shift' && (mask & 0x0200_0000) !== 0) return wordShift
  return immediates[row.format]
}
