/** The shapes that rows come in: each maker fills in what follows from the effect, so that a row says only what is its own. */
import { type OperandName, type Term, add, operand } from '../term.ts'
import type { Effect, Format, MemoryWidth, Row } from './row.ts'

export const rs1 = operand('rs1')
export const rs2 = operand('rs2')
export const rs3 = operand('rs3')
export const frs1 = operand('frs1')
export const frs2 = operand('frs2')
export const frs3 = operand('frs3')
export const imm = operand('imm')
export const pc = operand('pc')
export const old = operand('old')
export const rm = operand('rm')

type Source = Row['reads'][number]
const sources: readonly Source[] = ['rs1', 'rs2', 'rs3', 'frs1', 'frs2', 'frs3']

/** A row from its effect; `reads` is what the effect's terms speak of. */
export function row(name: string, format: Format, bits: string, effect: Effect, flags: { float?: boolean; rounding?: boolean } = {}): Row {
  const named = operandsOf(effect)
  return { name, format, bits, effect, float: flags.float ?? false, rounding: flags.rounding ?? false, reads: sources.filter((source) => named.has(source)) }
}

/** rd = result, all in integer registers. */
export const compute = (name: string, format: Format, bits: string, result: Term): Row => row(name, format, bits, { kind: 'compute', result, file: 'x' })

/** rd = memory[rs1 + imm], sign-extended unless `signed` is false. */
export const loading = (name: string, bits: string, width: MemoryWidth, signed = true): Row =>
  row(name, 'I', bits, { kind: 'load', address: add(rs1, imm), width, signed, file: 'x' })

/** memory[rs1 + imm] = the low bytes of rs2. */
export const storing = (name: string, bits: string, width: MemoryWidth): Row =>
  row(name, 'S', bits, { kind: 'store', address: add(rs1, imm), width, value: rs2 })

/** if (taken) pc += imm. */
export const branching = (name: string, bits: string, taken: Term): Row =>
  row(name, 'B', bits, { kind: 'branch', taken, target: add(pc, imm) })

function operandsOf(effect: Effect): Set<OperandName> {
  const names = new Set<OperandName>()
  for (const term of termsOf(effect)) collect(term, names)
  return names
}

function termsOf(effect: Effect): readonly Term[] {
  switch (effect.kind) {
    case 'compute':
      return [effect.result]
    case 'load':
      return [effect.address]
    case 'store':
      return [effect.address, effect.value]
    case 'branch':
      return [effect.taken, effect.target]
    case 'jump':
      return [effect.target]
    case 'amo':
      return [rs1, effect.value]
    case 'load-reserved':
      return [rs1]
    case 'store-conditional':
      return [rs1, rs2]
    case 'csr':
      return effect.source === 'register' ? [rs1] : []
    case 'system':
      return effect.operation === 'sfence.vma' ? [rs1, rs2] : effect.operation.startsWith('cbo.') ? [rs1] : []
  }
}

function collect(term: Term, into: Set<OperandName>): void {
  if (term.kind === 'operand') into.add(term.name)
  else if (term.kind === 'load') collect(term.address, into)
  else if (term.kind === 'tee') collect(term.value, into)
  else if ('args' in term) for (const arg of term.args) collect(arg, into)
}
