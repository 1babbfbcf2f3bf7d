import { describe, expect, it } from 'vitest'
import { evaluate } from '../../../src/cpu/oracle/evaluate.ts'
import { rows } from '../../../src/cpu/isa/rows.ts'
import { type Op, type OperandName, type Term, type Type, apply, c32, c64, fpu, operand, operators, select } from '../../../src/cpu/term.ts'
import { Module } from '../../../src/cpu/wasm/module.ts'
import { NodeWasmEngine } from '../../../src/host/wasm-engine.ts'

const edges: readonly bigint[] = [
  0n, 1n, 2n, 31n, 32n, 63n, 64n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0x8000_0000_0000_0001n, 0xffff_ffff_0000_0000n, 0xffff_ffff_8000_0000n, 0xffff_ffff_ffff_fffen, 0xffff_ffff_ffff_ffffn,
  0x1234_5678_9abc_def0n, 0xfedc_ba98_7654_3210n, 0xffff_ffff_7fc0_0000n,
]

const names: readonly OperandName[] = ['rs1', 'rs2', 'frs1', 'frs2', 'imm', 'pc', 'old']

/** Compiles terms; each becomes a function of the operands in the order of `names`. */
function compiled(terms: ReadonlyMap<string, Term>): (key: string, operands: readonly bigint[]) => bigint {
  const module = new Module({ pages: 1 })
  for (const [key, term] of terms) {
    module.export(key, module.func(key, names.map((): Type => 'i64'), [term.type], (f) => {
      f.resolver = { operand: (name) => f.param(names.indexOf(name)) }
      f.return(term)
    }))
  }
  const engine = new NodeWasmEngine()
  const exports = engine.instantiate(module.encode(), engine.memory(1), {})
  return (key, operands) => {
    const term = terms.get(key) as Term
    return BigInt.asUintN(term.type === 'i32' ? 32 : 64, BigInt(exports[key](...operands) as number | bigint))
  }
}

const environment = (operands: readonly bigint[]): Parameters<typeof evaluate>[1] => ({ operand: (name) => operands[names.indexOf(name)], fpu: () => 0n })

const spread = (one: bigint, other: bigint): readonly bigint[] => [one, other, one, other, other, one, one]

const divide = (op: Op, a: bigint, b: bigint): Term => apply(op, c64(a), c64(b))

/** Integer operators only, and each with its operands brought to its type. */
function operations(): ReadonlyMap<string, Term> {
  const wide = [operand('rs1'), operand('rs2')]
  const narrow = wide.map((term) => apply('i32.wrap_i64', term))
  const fromNarrow = /^i32\.(?!wrap)|extend_i32/
  const terms = new Map<string, Term>()
  for (const op of operators) {
    if (/f32|f64|div|rem/.test(op)) continue
    const unary = /clz|ctz|popcnt|eqz|extend|wrap/.test(op)
    terms.set(op, apply(op, ...(fromNarrow.test(op) ? narrow : wide).slice(0, unary ? 1 : 2)))
  }
  return terms
}

describe('evaluate', () => {
  it('agrees with wasm on every integer operator', () => {
    const terms = operations()
    expect(terms.size).toBe(58)
    const run = compiled(terms)
    for (const [key, term] of terms) {
      for (const one of edges) for (const other of edges) {
        const operands = spread(one, other)
        expect(evaluate(term, environment(operands)), `${key} ${one} ${other}`).toBe(run(key, operands))
      }
    }
  })

  it('agrees with wasm on the terms of all rows that compute by themselves', () => {
    const terms = new Map<string, Term>()
    for (const { name, effect } of rows) {
      if (effect.kind === 'compute' && effect.result.kind !== 'fpu') terms.set(name, effect.result)
      if (effect.kind === 'branch') terms.set(name, effect.taken)
      if (effect.kind === 'amo') terms.set(name, effect.value)
    }
    expect(terms.size).toBeGreaterThan(70)
    const run = compiled(terms)
    for (const [key, term] of terms) {
      for (const one of edges) for (const other of edges) {
        const operands = spread(one, other)
        const value = evaluate(term, environment(operands))
        if (value !== run(key, operands)) expect.fail(`${key} ${one} ${other}: ${value}, wasm ${run(key, operands)}`)
      }
    }
  })

  it('stops where wasm would trap, also in the side of a select that is not taken', () => {
    const nothing = environment([])
    for (const op of ['i64.div_s', 'i64.div_u', 'i64.rem_s', 'i64.rem_u'] as const) expect(() => evaluate(divide(op, 1n, 0n), nothing)).toThrow('a divisor is zero')
    expect(() => evaluate(divide('i64.div_s', -(1n << 63n), -1n), nothing)).toThrow('a quotient overflows')
    expect(evaluate(divide('i64.rem_s', -(1n << 63n), -1n), nothing)).toBe(0n)
    expect(() => evaluate(select(c32(1), c64(1), divide('i64.div_u', 1n, 0n)), nothing)).toThrow('a divisor is zero')
  })

  it('gives floating point away, and knows no other terms', () => {
    const seen: unknown[] = []
    const term = fpu('fadd.s', operand('frs1'), c32(1))
    expect(evaluate(term, { operand: () => -1n, fpu: (name, args) => (seen.push([name, args]), -2n) })).toBe(0xffff_ffff_ffff_fffen)
    expect(seen).toEqual([['fadd.s', [0xffff_ffff_ffff_ffffn, 1n]]])
    expect(() => evaluate({ kind: 'local', type: 'i64', index: 0 }, environment([]))).toThrow("a row's term has a local")
    expect(() => evaluate({ kind: 'const', type: 'f64', value: 0 }, environment([]))).toThrow("a row's term is of type f64")
  })
})
