/** How the operands of a row are written in assembly language: for the disassembler and the assembler. */
import { fieldsOf } from './pattern.ts'
import type { Row } from './row.ts'

/**
 * One operand: registers by field; `imm` decimal, `hex` hexadecimal, `upper` bits 31–12; `place` is imm(rs1), `at` is (rs1), `target` is
 * pc + imm; `zimm` a CSR's 5-bit constant; `before` and `after` a fence's sets; `rm` a rounding mode, which may be left out.
 */
export type Shown =
  | 'rd' | 'rs1' | 'rs2' | 'rs3' | 'frd' | 'frs1' | 'frs2' | 'frs3'
  | 'imm' | 'hex' | 'upper' | 'place' | 'at' | 'target' | 'csr' | 'zimm' | 'before' | 'after' | 'rm'

/** What follows the name of an atomic row, by aq and rl (imm). */
export const orders: readonly string[] = ['', '.rl', '.aq', '.aqrl']

/** The row has aq and rl. */
export function isOrdered(row: Row): boolean {
  const { kind } = row.effect
  return kind === 'amo' || kind === 'load-reserved' || kind === 'store-conditional'
}

/** The row's operands in their order. */
export function written(row: Row): readonly Shown[] {
  const { effect } = row
  switch (effect.kind) {
    case 'load': return [effect.file === 'f' ? 'frd' : 'rd', 'place']
    case 'store': return [row.reads.includes('frs2') ? 'frs2' : 'rs2', 'place']
    case 'branch': return ['rs1', 'rs2', 'target']
    case 'jump': return row.format === 'J' ? ['rd', 'target'] : ['rd', 'place']
    case 'amo':
    case 'store-conditional': return ['rd', 'rs2', 'at']
    case 'load-reserved': return ['rd', 'at']
    case 'csr': return ['rd', 'csr', effect.source === 'register' ? 'rs1' : 'zimm']
    case 'system': return row.format === 'fence' ? ['before', 'after'] : effect.operation.startsWith('cbo.') ? ['at'] : row.reads
    case 'compute': return computed(row, effect.file === 'f' ? 'frd' : 'rd')
  }
}

/** The rounding mode that isn't written: dynamic; to nearest in conversions that are exact. */
export function usualRounding(row: Row): number {
  return exact.has(row.name) ? 0 : 7
}

const exact = new Set(['fcvt.d.w', 'fcvt.d.wu', 'fcvt.d.s'])

function computed(row: Row, destination: Shown): readonly Shown[] {
  if (row.format === 'U') return [destination, 'upper']
  if (row.format === 'shift') return [destination, 'rs1', 'hex']
  if (row.format === 'I') return [destination, 'rs1', 'imm']
  return [...(fieldsOf(row).rd ? [destination] : []), ...row.reads, ...(row.rounding ? (['rm'] as const) : [])]
}
