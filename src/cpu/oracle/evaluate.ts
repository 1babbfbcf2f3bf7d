/**
 * Evaluates terms with BigInt: WebAssembly's integer operators by their definitions (core specification 2.0 §4.3.2). Terms of rows have no
 * others: what is floating-point goes by name through `fpu`. Integers are held unsigned: 0 ≤ value < 2³² or 2⁶⁴.
 */
import { AssertionError, assert } from '../../base/errors.ts'
import type { Op, OperandName, Term } from '../term.ts'

/** What a term may speak of. Values may be signed or unsigned. */
export interface Environment {
  operand(name: OperandName): bigint
  /** The result of a floating-point operation; its flags are the implementer's business. */
  fpu(name: string, args: readonly bigint[]): bigint
}

/** @returns the value, unsigned. @throws {AssertionError} where wasm would trap, and for terms that no row has: we were wrong. */
export function evaluate(term: Term, environment: Environment): bigint {
  const width = widthOf(term)
  const value = (inner: Term): bigint => evaluate(inner, environment)
  switch (term.kind) {
    case 'const':
      return BigInt.asUintN(width, BigInt(term.value))
    case 'operand':
      return BigInt.asUintN(width, environment.operand(term.name))
    case 'select': {
      // Both sides are evaluated, as wasm does: a trap in either shows.
      const [yes, no, condition] = term.args.map(value)
      return condition !== 0n ? yes : no
    }
    case 'fpu':
      return BigInt.asUintN(64, environment.fpu(term.name, term.args.map(value)))
    case 'op':
      return BigInt.asUintN(width, operate(term.op, term.args.map(value)))
    default:
      throw new AssertionError(`a row's term has a ${term.kind}`)
  }
}

function widthOf({ type }: Term): 32 | 64 {
  assert(type === 'i32' || type === 'i64', `a row's term is of type ${type}`)
  return type === 'i32' ? 32 : 64
}

/** Arguments unsigned; the result may have any sign and width. */
function operate(op: Op, args: readonly bigint[]): bigint {
  const [type, name] = op.split('.')
  assert(type === 'i32' || type === 'i64', `a row's term has ${op}`)
  const width = type === 'i32' ? 32 : 64
  const work = operators[name] ?? conversions[op]
  assert(work !== undefined, `a row's term has ${op}`)
  return work(args[0], args[1] ?? 0n, width)
}

/** a and b unsigned; `width` is the operator's. */
type Operator = (a: bigint, b: bigint, width: number) => bigint

const signed = (value: bigint, width: number): bigint => BigInt.asIntN(width, value)
const truth = (holds: boolean): bigint => (holds ? 1n : 0n)
const bitsOf = (value: bigint, width: number): string => value.toString(2).padStart(width, '0')
const modulo = (count: bigint, width: number): bigint => count % BigInt(width)

const operators: Readonly<Record<string, Operator>> = {
  eqz: (a) => truth(a === 0n),
  eq: (a, b) => truth(a === b),
  ne: (a, b) => truth(a !== b),
  lt_s: (a, b, width) => truth(signed(a, width) < signed(b, width)),
  lt_u: (a, b) => truth(a < b),
  gt_s: (a, b, width) => truth(signed(a, width) > signed(b, width)),
  gt_u: (a, b) => truth(a > b),
  le_s: (a, b, width) => truth(signed(a, width) <= signed(b, width)),
  le_u: (a, b) => truth(a <= b),
  ge_s: (a, b, width) => truth(signed(a, width) >= signed(b, width)),
  ge_u: (a, b) => truth(a >= b),
  clz: (a, _, width) => BigInt(`${bitsOf(a, width)}1`.indexOf('1')),
  ctz: (a, _, width) => BigInt(width - `1${bitsOf(a, width)}`.lastIndexOf('1')),
  popcnt: (a, _, width) => BigInt(bitsOf(a, width).replaceAll('0', '').length),
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div_s: (a, b, width) => {
    const quotient = signed(a, width) / nonzero(signed(b, width))
    assert(quotient === signed(quotient, width), 'a quotient overflows')
    return quotient
  },
  div_u: (a, b) => a / nonzero(b),
  rem_s: (a, b, width) => signed(a, width) % nonzero(signed(b, width)),
  rem_u: (a, b) => a % nonzero(b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, width) => a << modulo(b, width),
  shr_s: (a, b, width) => signed(a, width) >> modulo(b, width),
  shr_u: (a, b, width) => a >> modulo(b, width),
  rotl: (a, b, width) => rotateLeft(a, modulo(b, width), width),
  rotr: (a, b, width) => rotateLeft(a, BigInt(width) - modulo(b, width), width),
}

const conversions: Readonly<Record<string, Operator>> = {
  'i32.wrap_i64': (a) => a,
  'i64.extend_i32_s': (a) => signed(a, 32),
  'i64.extend_i32_u': (a) => a,
  'i32.extend8_s': (a) => signed(a, 8),
  'i32.extend16_s': (a) => signed(a, 16),
  'i64.extend8_s': (a) => signed(a, 8),
  'i64.extend16_s': (a) => signed(a, 16),
  'i64.extend32_s': (a) => signed(a, 32),
}

function nonzero(divisor: bigint): bigint {
  assert(divisor !== 0n, 'a divisor is zero')
  return divisor
}

function rotateLeft(value: bigint, count: bigint, width: number): bigint {
  return (value << count) | (value >> (BigInt(width) - count))
}
