/**
 * The two binary formats and their bit patterns as terms. IEEE 754-2019 §3.4; NaN boxing: RISC-V unprivileged §22.2 ("D" §23.2 in older prints).
 *
 * "Bits" are an encoding in the low bits of an i64, zero above; "raw" is what an f register holds: a single stands boxed there, with
 * ones in its upper half.
 */
import { type Term, and, apply, c64, eq, geU, gtU, ltU, or, select, sub, wrap } from '../term.ts'

export interface Format {
  /** As mnemonics end. */
  readonly suffix: 's' | 'd'
  readonly float: 'f32' | 'f64'
  /** Bits of the fraction field. */
  readonly fraction: number
  readonly bias: number
  /** The exponent field of infinities and NaNs. */
  readonly top: number
  /** The sign bit, as a mask and as a place. */
  readonly sign: bigint
  readonly signAt: number
  /** Everything but the sign. */
  readonly magnitude: bigint
  readonly infinity: bigint
  /** The fraction's top bit, which makes a NaN quiet; the canonical NaN has no other. */
  readonly quiet: bigint
}

function format(suffix: 's' | 'd', float: 'f32' | 'f64', width: number, fraction: number): Format {
  const top = (1 << (width - 1 - fraction)) - 1
  const sign = 1n << BigInt(width - 1)
  return { suffix, float, fraction, bias: top >> 1, top, sign, signAt: width - 1, magnitude: sign - 1n, infinity: BigInt(top) << BigInt(fraction), quiet: 1n << BigInt(fraction - 1) }
}

export const single = format('s', 'f32', 32, 23)
export const double = format('d', 'f64', 64, 52)
export const formats: readonly Format[] = [single, double]

const box = 0xffff_ffff_0000_0000n

/** Raw register contents → bits; what is not a boxed single reads as the canonical NaN. `raw` is evaluated twice: give a local. */
export function unboxed(of: Format, raw: Term): Term {
  return of === double ? raw : select(geU(raw, c64(box)), and(raw, c64(0xffff_ffffn)), c64(canonicalNaN(of)))
}

/** Bits → raw register contents. */
export const boxed = (of: Format, bits: Term): Term => (of === double ? bits : or(bits, c64(box)))

export const canonicalNaN = (of: Format): bigint => of.infinity | of.quiet

/** The canonical NaN as raw register contents. */
export const nanRaw = (of: Format): Term => c64(of === double ? canonicalNaN(of) : canonicalNaN(of) | box)

/** Bits → f32 or f64. Only for what is known, or checked afterwards, not to be a NaN. */
export const asFloat = (of: Format, bits: Term): Term => (of === double ? apply('f64.reinterpret_i64', bits) : apply('f32.reinterpret_i32', wrap(bits)))

/** f32 or f64 → bits. */
export const asBits = (of: Format, value: Term): Term => (of === double ? apply('i64.reinterpret_f64', value) : apply('i64.extend_i32_u', apply('i32.reinterpret_f32', value)))

export const magnitudeOf = (of: Format, bits: Term): Term => and(bits, c64(of.magnitude))
export const isNaN = (of: Format, bits: Term): Term => gtU(magnitudeOf(of, bits), c64(of.infinity))
export const isInfinite = (of: Format, bits: Term): Term => eq(magnitudeOf(of, bits), c64(of.infinity))
export const isZero = (of: Format, bits: Term): Term => eq(magnitudeOf(of, bits), c64(0))

/** Signalling NaNs are the encodings strictly between infinity and the canonical NaN. */
export const isSignalling = (of: Format, bits: Term): Term => ltU(sub(magnitudeOf(of, bits), c64(of.infinity + 1n)), c64(of.quiet - 1n))
