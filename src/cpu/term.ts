/**
 * Terms: expressions as data. An instruction's meaning is a term; the interpreter and the JIT lower it to wasm, the oracle evaluates
 * it with BigInt. Operators are WebAssembly's own (core specification 2.0 §4.3), so lowering is one table look-up.
 */

export type Type = 'i32' | 'i64' | 'f32' | 'f64'

/** What an instruction's row may speak of. `f*` are raw 64-bit register contents, NaN boxes included; `rm` is the effective rounding mode. */
export type OperandName = 'rs1' | 'rs2' | 'rs3' | 'frs1' | 'frs2' | 'frs3' | 'imm' | 'pc' | 'next' | 'old' | 'rm'

export type LoadKind = 'i32' | 'i64' | 'i32.8u' | 'i32.8s' | 'i32.16u' | 'i32.16s' | 'i64.8u' | 'i64.8s' | 'i64.16u' | 'i64.16s' | 'i64.32u' | 'i64.32s'
export type StoreKind = 'i32' | 'i64' | 'i32.8' | 'i32.16' | 'i64.8' | 'i64.16' | 'i64.32'

/** A wasm function that a term or a statement can call. `index` is its place in its module's function space. */
export interface FuncRef {
  readonly name: string
  readonly index: number
  readonly params: readonly Type[]
  readonly results: readonly Type[]
}

export type Term =
  | { readonly kind: 'const'; readonly type: Type; readonly value: bigint | number }
  | { readonly kind: 'operand'; readonly type: Type; readonly name: OperandName }
  | { readonly kind: 'local'; readonly type: Type; readonly index: number }
  | { readonly kind: 'global'; readonly type: Type; readonly index: number }
  | { readonly kind: 'load'; readonly type: Type; readonly load: LoadKind; readonly address: Term; readonly offset: number }
  | { readonly kind: 'op'; readonly type: Type; readonly op: Op; readonly args: readonly Term[] }
  | { readonly kind: 'select'; readonly type: Type; readonly args: readonly [Term, Term, Term] }
  | { readonly kind: 'call'; readonly type: Type; readonly func: FuncRef; readonly args: readonly Term[] }
  /** One of the floating-point unit's operations, by name; see fpu/. */
  | { readonly kind: 'fpu'; readonly type: Type; readonly name: string; readonly args: readonly Term[] }
  /** Assigns a local and yields the value (wasm's local.tee). */
  | { readonly kind: 'tee'; readonly type: Type; readonly index: number; readonly value: Term }

const i32Compare = ['eqz', 'eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u'] as const
const floatCompare = ['eq', 'ne', 'lt', 'gt', 'le', 'ge'] as const
const intArithmetic = ['clz', 'ctz', 'popcnt', 'add', 'sub', 'mul', 'div_s', 'div_u', 'rem_s', 'rem_u', 'and', 'or', 'xor', 'shl', 'shr_s', 'shr_u', 'rotl', 'rotr'] as const
const floatArithmetic = ['abs', 'neg', 'ceil', 'floor', 'trunc', 'nearest', 'sqrt', 'add', 'sub', 'mul', 'div', 'min', 'max', 'copysign'] as const
const conversions = [
  'i32.wrap_i64', 'i32.trunc_f32_s', 'i32.trunc_f32_u', 'i32.trunc_f64_s', 'i32.trunc_f64_u',
  'i64.extend_i32_s', 'i64.extend_i32_u', 'i64.trunc_f32_s', 'i64.trunc_f32_u', 'i64.trunc_f64_s', 'i64.trunc_f64_u',
  'f32.convert_i32_s', 'f32.convert_i32_u', 'f32.convert_i64_s', 'f32.convert_i64_u', 'f32.demote_f64',
  'f64.convert_i32_s', 'f64.convert_i32_u', 'f64.convert_i64_s', 'f64.convert_i64_u', 'f64.promote_f32',
  'i32.reinterpret_f32', 'i64.reinterpret_f64', 'f32.reinterpret_i32', 'f64.reinterpret_i64',
  'i32.extend8_s', 'i32.extend16_s', 'i64.extend8_s', 'i64.extend16_s', 'i64.extend32_s',
] as const

type IntOp = (typeof i32Compare)[number] | (typeof intArithmetic)[number]
type FloatOp = (typeof floatCompare)[number] | (typeof floatArithmetic)[number]
export type Op = `${'i32' | 'i64'}.${IntOp}` | `${'f32' | 'f64'}.${FloatOp}` | (typeof conversions)[number]

/** Operators in the order of their opcodes from 0x45 on (core specification §5.4.9). */
export const operators: readonly Op[] = [
  ...i32Compare.map((name): Op => `i32.${name}`),
  ...i32Compare.map((name): Op => `i64.${name}`),
  ...floatCompare.map((name): Op => `f32.${name}`),
  ...floatCompare.map((name): Op => `f64.${name}`),
  ...intArithmetic.map((name): Op => `i32.${name}`),
  ...intArithmetic.map((name): Op => `i64.${name}`),
  ...floatArithmetic.map((name): Op => `f32.${name}`),
  ...floatArithmetic.map((name): Op => `f64.${name}`),
  ...conversions,
]

const opcodes = new Map<Op, number>(operators.map((op, index) => [op, 0x45 + index]))

export function opcode(op: Op): number {
  return opcodes.get(op) as number
}

const comparisons = new Set<string>([...i32Compare, ...floatCompare])

const resultTypes = new Map<Op, Type>(operators.map((op) => {
  const [type, name] = op.split('.')
  return [op, comparisons.has(name) ? 'i32' : (type as Type)]
}))

/** Result type of an operator: comparisons give i32, all others what stands before the dot. */
export function resultType(op: Op): Type {
  return resultTypes.get(op) as Type
}

export function apply(op: Op, ...args: readonly Term[]): Term {
  return { kind: 'op', type: resultType(op), op, args }
}

// ---- Constructors: i64 unless the name says otherwise; comparisons give i32.

export const c64 = (value: bigint | number): Term => ({ kind: 'const', type: 'i64', value: BigInt(value) })
export const c32 = (value: number): Term => ({ kind: 'const', type: 'i32', value: value | 0 })
export const operand = (name: OperandName): Term => ({ kind: 'operand', type: name === 'rm' ? 'i32' : 'i64', name })

const of = (name: IntOp) => (a: Term, b: Term): Term => apply(`${a.type as 'i32' | 'i64'}.${name}`, a, b)
const unary = (name: IntOp) => (a: Term): Term => apply(`${a.type as 'i32' | 'i64'}.${name}`, a)

/** These take i32 or i64; both arguments are of one type, which is the result's (comparisons: i32). */
export const add = of('add')
export const sub = of('sub')
export const mul = of('mul')
export const and = of('and')
export const or = of('or')
export const xor = of('xor')
export const shl = of('shl')
export const shrU = of('shr_u')
export const shrS = of('shr_s')
export const rotl = of('rotl')
export const rotr = of('rotr')
export const eq = of('eq')
export const ne = of('ne')
export const ltS = of('lt_s')
export const ltU = of('lt_u')
export const gtS = of('gt_s')
export const gtU = of('gt_u')
export const leS = of('le_s')
export const leU = of('le_u')
export const geS = of('ge_s')
export const geU = of('ge_u')
/** Trap in wasm on zero divisors and overflow: guard them. */
export const divS = of('div_s')
export const divU = of('div_u')
export const remS = of('rem_s')
export const remU = of('rem_u')
export const eqz = unary('eqz')
export const clz = unary('clz')
export const ctz = unary('ctz')
export const popcnt = unary('popcnt')

/** Low 32 bits of an i64, as i32. */
export const wrap = (a: Term): Term => apply('i32.wrap_i64', a)
/** i32 → i64. */
export const extendS = (a: Term): Term => apply('i64.extend_i32_s', a)
export const extendU = (a: Term): Term => apply('i64.extend_i32_u', a)
/** i64 → i64: sign-extends the low 8, 16 or 32 bits. */
export const signExtend = (bits: 8 | 16 | 32, a: Term): Term => apply(`i64.extend${bits}_s`, a)
/** i64 → i64: zero-extends the low 8, 16 or 32 bits. */
export const zeroExtend = (bits: 8 | 16 | 32, a: Term): Term => and(a, c64((1n << BigInt(bits)) - 1n))
/** `condition` (i32) ? yes : no. Both are evaluated. */
export const select = (condition: Term, yes: Term, no: Term): Term => ({ kind: 'select', type: yes.type, args: [yes, no, condition] })
export const not = (a: Term): Term => xor(a, a.type === 'i64' ? c64(-1n) : c32(-1))
export const call = (func: FuncRef, ...args: readonly Term[]): Term => ({ kind: 'call', type: func.results[0], func, args })
export const fpu = (name: string, ...args: readonly Term[]): Term => ({ kind: 'fpu', type: 'i64', name, args })
export const load = (kind: LoadKind, address: Term, offset = 0): Term => ({ kind: 'load', type: kind.slice(0, 3) as Type, load: kind, address, offset })
