/** From an instruction word to its row and operands. The tables are built from the rows when the module loads. */
import { expand } from './c.ts'
import { fieldsOf, immediateOf, pattern } from './pattern.ts'
import { type Extensions, everyExtension, has } from './profile.ts'
import type { Decoded, Row } from './row.ts'
import { rows } from './rows.ts'

/**
 * @param extensions what the hart has beyond RV64GC; everything unless told otherwise.
 * @param word 32 bits from pc on, signed or unsigned; of a compressed instruction (low two bits not 11) only the low 16 count.
 * @returns undefined for reserved encodings, which are illegal instructions. A csr row comes back for every CSR number, a rounding row
 *   for rm 0–4 and 7: whether the CSR or frm is good only the hart knows.
 */
export function decode(word: number, extensions: Extensions = everyExtension): Decoded | undefined {
  if ((word & 3) !== 3) return expand(word & 0xffff)
  const bucket = buckets[((word >>> 2) & 31) | ((word >>> 7) & 0xe0)]
  const candidates = bucket.length === 1 ? bucket[0] : bucket[word >>> 25]
  for (const candidate of candidates) {
    if ((word & candidate.mask) === candidate.match && has(extensions, candidate.row)) return take(candidate, word)
  }
  return undefined
}

/** A row with what decoding needs at hand. */
interface Candidate {
  readonly row: Row
  readonly mask: number
  readonly match: number
  /** 31 if the row has the field, else 0. */
  readonly rd: number
  readonly rs1: number
  readonly rs2: number
  readonly rs3: number
  /** 7 or 0. */
  readonly rm: number
  readonly immediate: (word: number) => number
}

function take(candidate: Candidate, word: number): Decoded | undefined {
  const rm = (word >>> 12) & candidate.rm
  // Rounding modes 5 and 6 are reserved (§21.2).
  if (rm === 5 || rm === 6) return undefined
  return {
    row: candidate.row,
    rd: (word >>> 7) & candidate.rd,
    rs1: (word >>> 15) & candidate.rs1,
    rs2: (word >>> 20) & candidate.rs2,
    rs3: (word >>> 27) & candidate.rs3,
    rm,
    imm: candidate.immediate(word),
    length: 4,
  }
}

function candidateOf(row: Row): Candidate {
  const { mask, match } = pattern(row.bits, 32)
  const fields = fieldsOf(row)
  return {
    row, mask, match,
    rd: fields.rd ? 31 : 0, rs1: fields.rs1 ? 31 : 0, rs2: fields.rs2 ? 31 : 0, rs3: fields.rs3 ? 31 : 0,
    rm: row.rounding ? 7 : 0,
    immediate: immediateOf(row).read,
  }
}

/** Candidates by opcode (bits 6–2) and funct3; where more than two share those, again by bits 31–25. Those with more bits given come first. */
const buckets = buildBuckets()

function buildBuckets(): readonly (readonly (readonly Candidate[])[])[] {
  const all = [...rows].sort((one, other) => pattern(other.bits, 32).fixed - pattern(one.bits, 32).fixed).map(candidateOf)
  return Array.from({ length: 256 }, (_, index) => {
    const fits = all.filter(agrees(((index & 31) << 2) | 3 | ((index >> 5) << 12), 0x707f))
    return fits.length <= 2 ? [fits] : Array.from({ length: 128 }, (_, top) => fits.filter(agrees(top << 25, 0xfe00_0000)))
  })
}

/** Candidates that a word with these bits, under `known`, can belong to. */
function agrees(word: number, known: number): (candidate: Candidate) => boolean {
  return ({ mask, match }) => ((word ^ match) & mask & known) === 0
}
