/**
 * RV64 F and D operations by exact rational arithmetic in BigInt: slow, plain, and written apart from fpu/, against which it is the
 * witness. IEEE 754-2019; RISC-V unprivileged §21 (F), §22 (D).
 */
import { assert } from '../../base/errors.ts'

/** Register contents as unsigned 64-bit values; `flags` as in fflags: NV 16, DZ 8, OF 4, UF 2, NX 1. */
export interface FloatResult {
  readonly value: bigint
  readonly flags: number
}

/**
 * @param name a mnemonic, e.g. `fmadd.s`, `fcvt.lu.d`
 * @param args source registers in the assembler's order, raw: 64 bits, signed or unsigned; singles boxed
 * @param rm effective rounding mode 0–4 (RNE RTZ RDN RUP RMM); of no account where the operation has none
 */
export function floatOperation(name: string, args: readonly bigint[], rm: number): FloatResult {
  const raw = args.map((arg) => BigInt.asUintN(64, arg))
  const [stem, first, second] = name.split('.')
  if (stem === 'fcvt') return first === 's' || first === 'd' ? toFloat(first, second, raw[0], rm) : toInteger(first, decode(formatOf(second), raw[0]), rm)
  const format = formatOf(first)
  const operation = operations.get(stem)
  assert(operation !== undefined, `no floating-point operation ${name}`)
  return operation(format, raw.map((bits) => decode(format, bits)), rm)
}

const NX = 1
const UF = 2
const OF = 4
const DZ = 8
const NV = 16

interface Format {
  readonly width: bigint
  readonly fraction: bigint
  /** Exponents of the greatest and the smallest normal number's leading bit. */
  readonly greatest: bigint
  readonly least: bigint
}
const single: Format = { width: 32n, fraction: 23n, greatest: 127n, least: -126n }
const double: Format = { width: 64n, fraction: 52n, greatest: 1023n, least: -1022n }

function formatOf(suffix: string | undefined): Format {
  assert(suffix === 's' || suffix === 'd', `no floating-point format ${suffix}`)
  return suffix === 's' ? single : double
}

/** A datum: number (magnitude `top / bottom`, exact), infinity or NaN; `bits` is the unboxed encoding it came from. */
interface Datum {
  readonly kind: 'number' | 'infinity' | 'quiet' | 'signalling'
  readonly negative: boolean
  readonly top: bigint
  readonly bottom: bigint
  readonly bits: bigint
}

const one = (format: Format): bigint => 1n << format.fraction
const infinityBits = (format: Format): bigint => (1n << (format.width - 1n)) - one(format)
const nanBits = (format: Format): bigint => infinityBits(format) | (one(format) >> 1n)
const signBit = (format: Format): bigint => 1n << (format.width - 1n)

/** Raw register → datum. What is not a boxed single is the canonical NaN. */
function decode(format: Format, raw: bigint): Datum {
  const boxed = format === double || raw >> 32n === 0xffff_ffffn
  const bits = boxed ? BigInt.asUintN(Number(format.width), raw) : nanBits(format)
  const negative = bits >= signBit(format)
  const magnitude = negative ? bits - signBit(format) : bits
  const field = magnitude / one(format)
  const fraction = magnitude % one(format)
  const nothing = { negative, top: 0n, bottom: 1n, bits }
  if (magnitude === infinityBits(format)) return { kind: 'infinity', ...nothing }
  if (magnitude > infinityBits(format)) return { kind: fraction >= one(format) / 2n ? 'quiet' : 'signalling', ...nothing }
  // The unit in the last place is 2^(exponent - fraction); subnormals share the least exponent and lack the leading one.
  const unit = (field === 0n ? format.least : field + format.least - 1n) - format.fraction
  const significand = field === 0n ? fraction : fraction + one(format)
  return { kind: 'number', negative, top: unit > 0n ? significand << unit : significand, bottom: unit < 0n ? 1n << -unit : 1n, bits }
}

/** Encoding → raw register. */
const box = (format: Format, bits: bigint): bigint => (format === single ? bits | 0xffff_ffff_0000_0000n : bits)
const signed = (format: Format, negative: boolean, magnitude: bigint): bigint => box(format, negative ? magnitude | signBit(format) : magnitude)
const exactly = (value: bigint): FloatResult => ({ value, flags: 0 })
const invalid = (format: Format): FloatResult => ({ value: box(format, nanBits(format)), flags: NV })
const isNaN = (datum: Datum): boolean => datum.kind === 'quiet' || datum.kind === 'signalling'
const isZero = (datum: Datum): boolean => datum.kind === 'number' && datum.top === 0n
const isInfinite = (datum: Datum): boolean => datum.kind === 'infinity'
const signalled = (...data: readonly Datum[]): number => (data.some((datum) => datum.kind === 'signalling') ? NV : 0)
const quietNaN = (format: Format, ...data: readonly Datum[]): FloatResult => ({ value: box(format, nanBits(format)), flags: signalled(...data) })

/** The rational top/bottom (≥ 0) rounded to an integer in mode `rm`. */
function roundToInteger(top: bigint, bottom: bigint, negative: boolean, rm: number): bigint {
  const floor = top / bottom
  const rest = top - floor * bottom
  if (rest === 0n) return floor
  const twice = 2n * rest - bottom
  const up = [twice > 0n || (twice === 0n && floor % 2n === 1n), false, negative, !negative, twice >= 0n][rm]
  return up ? floor + 1n : floor
}

/** The exponent of the leading bit of top/bottom > 0. */
function leadingBit(top: bigint, bottom: bigint): bigint {
  const guess = BigInt(top.toString(2).length - bottom.toString(2).length)
  const reaches = guess >= 0n ? top >= bottom << guess : top << -guess >= bottom
  return reaches ? guess : guess - 1n
}

/** top/bottom in units of 2^exponent, rounded. */
function inUnits(top: bigint, bottom: bigint, exponent: bigint, negative: boolean, rm: number): bigint {
  return exponent >= 0n ? roundToInteger(top, bottom << exponent, negative, rm) : roundToInteger(top << -exponent, bottom, negative, rm)
}

/** Rounds the magnitude top/bottom > 0 into the format, with its flags. Tininess is judged after rounding with an unbounded exponent. */
function round(format: Format, negative: boolean, top: bigint, bottom: bigint, rm: number): FloatResult {
  const exponent = leadingBit(top, bottom)
  const normal = exponent < format.least ? format.least : exponent
  const unit = normal - format.fraction
  const count = inUnits(top, bottom, unit, negative, rm)
  const inexact = unit >= 0n ? top !== (count * bottom) << unit : top << -unit !== count * bottom
  // In units of the last place the encoding simply counts on: subnormals from 0, each binade `one` more.
  const bits = count + (normal - format.least) * one(format)
  if (bits >= infinityBits(format)) {
    const away = [true, false, negative, !negative, true][rm]
    return { value: signed(format, negative, away ? infinityBits(format) : infinityBits(format) - 1n), flags: OF | NX }
  }
  const unbounded = inUnits(top, bottom, exponent - format.fraction, negative, rm)
  const tiny = exponent < format.least && !(exponent === format.least - 1n && unbounded === 2n * one(format))
  return { value: signed(format, negative, bits), flags: inexact ? NX | (tiny ? UF : 0) : 0 }
}

const negate = (datum: Datum): Datum => ({ ...datum, negative: !datum.negative })

/** A sum of two numbers; exact zero is negative if both are, or when rounding down (§6.3). */
function sum(format: Format, a: Datum, b: Datum, rm: number): FloatResult {
  const [x, y] = [a.negative ? -a.top : a.top, b.negative ? -b.top : b.top]
  const top = x * b.bottom + y * a.bottom
  if (top === 0n) return exactly(signed(format, a.top === 0n && b.top === 0n && a.negative === b.negative ? a.negative : rm === 2, 0n))
  return round(format, top < 0n, top < 0n ? -top : top, a.bottom * b.bottom, rm)
}

function add(format: Format, [a, b]: readonly Datum[], rm: number): FloatResult {
  if (isNaN(a) || isNaN(b)) return quietNaN(format, a, b)
  if (isInfinite(a) && isInfinite(b) && a.negative !== b.negative) return invalid(format)
  if (isInfinite(a) || isInfinite(b)) return exactly(signed(format, isInfinite(a) ? a.negative : b.negative, infinityBits(format)))
  return sum(format, a, b, rm)
}

function multiply(format: Format, [a, b]: readonly Datum[], rm: number): FloatResult {
  if (isNaN(a) || isNaN(b)) return quietNaN(format, a, b)
  const negative = a.negative !== b.negative
  if (isInfinite(a) || isInfinite(b)) return isZero(a) || isZero(b) ? invalid(format) : exactly(signed(format, negative, infinityBits(format)))
  if (isZero(a) || isZero(b)) return exactly(signed(format, negative, 0n))
  return round(format, negative, a.top * b.top, a.bottom * b.bottom, rm)
}

function divide(format: Format, [a, b]: readonly Datum[], rm: number): FloatResult {
  if (isNaN(a) || isNaN(b)) return quietNaN(format, a, b)
  const negative = a.negative !== b.negative
  if ((isInfinite(a) && isInfinite(b)) || (isZero(a) && isZero(b))) return invalid(format)
  if (isInfinite(a)) return exactly(signed(format, negative, infinityBits(format)))
  if (isZero(b)) return { value: signed(format, negative, infinityBits(format)), flags: DZ }
  if (isZero(a) || isInfinite(b)) return exactly(signed(format, negative, 0n))
  return round(format, negative, a.top * b.bottom, a.bottom * b.top, rm)
}

/** The integer square root, by Newton from above. */
function integerRoot(value: bigint): bigint {
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

function squareRoot(format: Format, [a]: readonly Datum[], rm: number): FloatResult {
  if (isNaN(a)) return quietNaN(format, a)
  if (isZero(a)) return exactly(box(format, a.bits))
  if (a.negative) return invalid(format)
  if (isInfinite(a)) return exactly(box(format, a.bits))
  // √(top/bottom) = √(top·bottom)/bottom; 256 more bits under the root than any operand needs, and what is left of it as a last bit.
  const square = (a.top * a.bottom) << 256n
  const root = integerRoot(square)
  return round(format, false, 2n * root + (root * root === square ? 0n : 1n), (2n * a.bottom) << 128n, rm)
}

function multiplyAdd(format: Format, [a, b, c]: readonly Datum[], rm: number): FloatResult {
  // RISC-V §21.6: infinity times zero is invalid even beside a quiet NaN.
  if ((isInfinite(a) && isZero(b)) || (isZero(a) && isInfinite(b))) return invalid(format)
  if (isNaN(a) || isNaN(b) || isNaN(c)) return quietNaN(format, a, b, c)
  const negative = a.negative !== b.negative
  if (isInfinite(a) || isInfinite(b)) return isInfinite(c) && c.negative !== negative ? invalid(format) : exactly(signed(format, negative, infinityBits(format)))
  if (isInfinite(c)) return exactly(box(format, c.bits))
  return sum(format, { kind: 'number', negative, top: a.top * b.top, bottom: a.bottom * b.bottom, bits: 0n }, c, rm)
}

/** −1, 0, 1; zeros are equal. Infinity is taken as a number beyond all. */
function order(a: Datum, b: Datum): number {
  const place = (datum: Datum): readonly [bigint, bigint] => {
    const top = isInfinite(datum) ? 1n << 2000n : datum.top
    return [datum.negative ? -top : top, datum.bottom]
  }
  const [[x, p], [y, q]] = [place(a), place(b)]
  const difference = x * q - y * p
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

const comparison = (holds: (order: number) => boolean, quiet: boolean) => (_: Format, [a, b]: readonly Datum[]): FloatResult => {
  if (!isNaN(a) && !isNaN(b)) return exactly(holds(order(a, b)) ? 1n : 0n)
  return { value: 0n, flags: quiet ? signalled(a, b) : NV }
}

const extreme = (sign: number) => (format: Format, [a, b]: readonly Datum[]): FloatResult => {
  if (isNaN(a) && isNaN(b)) return quietNaN(format, a, b)
  const flags = signalled(a, b)
  if (isNaN(a) || isNaN(b)) return { value: box(format, isNaN(a) ? b.bits : a.bits), flags }
  const by = order(a, b) === 0 ? Number(b.negative) - Number(a.negative) : order(a, b)
  return { value: box(format, by * sign > 0 ? a.bits : b.bits), flags }
}

function classify(format: Format, [a]: readonly Datum[]): FloatResult {
  if (a.kind === 'signalling') return exactly(1n << 8n)
  if (a.kind === 'quiet') return exactly(1n << 9n)
  const magnitude = a.negative ? a.bits - signBit(format) : a.bits
  const far = isInfinite(a) ? 3 : magnitude >= one(format) ? 2 : magnitude > 0n ? 1 : 0
  return exactly(1n << BigInt(a.negative ? 3 - far : 4 + far))
}

const operations: ReadonlyMap<string, (format: Format, data: readonly Datum[], rm: number) => FloatResult> = new Map([
  ['fadd', add],
  ['fsub', (format: Format, [a, b]: readonly Datum[], rm: number) => add(format, [a, negate(b)], rm)],
  ['fmul', multiply],
  ['fdiv', divide],
  ['fsqrt', squareRoot],
  ['fmadd', multiplyAdd],
  ['fmsub', (format: Format, [a, b, c]: readonly Datum[], rm: number) => multiplyAdd(format, [a, b, negated(format, c)], rm)],
  ['fnmsub', (format: Format, [a, b, c]: readonly Datum[], rm: number) => multiplyAdd(format, [negate(a), b, c], rm)],
  ['fnmadd', (format: Format, [a, b, c]: readonly Datum[], rm: number) => multiplyAdd(format, [negate(a), b, negated(format, c)], rm)],
  ['feq', comparison((by) => by === 0, true)],
  ['flt', comparison((by) => by < 0, false)],
  ['fle', comparison((by) => by <= 0, false)],
  ['fmin', extreme(-1)],
  ['fmax', extreme(1)],
  ['fclass', classify],
])

/** As `negate`, for an operand whose encoding may itself be the result. */
const negated = (format: Format, datum: Datum): Datum => ({ ...negate(datum), bits: datum.bits ^ signBit(format) })

const integers: Readonly<Record<string, readonly [bits: number, least: bigint, most: bigint]>> = {
  w: [32, -(2n ** 31n), 2n ** 31n - 1n],
  wu: [32, 0n, 2n ** 32n - 1n],
  l: [64, -(2n ** 63n), 2n ** 63n - 1n],
  lu: [64, 0n, 2n ** 64n - 1n],
}

/** To an x register: 32-bit results are sign-extended, unsigned ones too. */
function toInteger(name: string, a: Datum, rm: number): FloatResult {
  const known = integers[name]
  assert(known !== undefined, `no integer ${name}`)
  const [bits, least, most] = known
  const value = (integer: bigint): bigint => BigInt.asUintN(64, BigInt.asIntN(bits, integer))
  if (isNaN(a)) return { value: value(most), flags: NV }
  if (isInfinite(a)) return { value: value(a.negative ? least : most), flags: NV }
  const magnitude = roundToInteger(a.top, a.bottom, a.negative, rm)
  const integer = a.negative ? -magnitude : magnitude
  if (integer < least || integer > most) return { value: value(integer < least ? least : most), flags: NV }
  return { value: value(integer), flags: magnitude * a.bottom === a.top ? 0 : NX }
}

/** From an x register, or from the other format. */
function toFloat(to: string, from: string, raw: bigint, rm: number): FloatResult {
  const format = formatOf(to)
  const integer = integers[from]
  if (integer !== undefined) {
    const value = integer[1] < 0n ? BigInt.asIntN(integer[0], raw) : BigInt.asUintN(integer[0], raw)
    return value === 0n ? exactly(box(format, 0n)) : round(format, value < 0n, value < 0n ? -value : value, 1n, rm)
  }
  const datum = decode(formatOf(from), raw)
  if (isNaN(datum)) return quietNaN(format, datum)
  if (isInfinite(datum)) return exactly(signed(format, datum.negative, infinityBits(format)))
  return isZero(datum) ? exactly(signed(format, datum.negative, 0n)) : round(format, datum.negative, datum.top, datum.bottom, rm)
}
