/**
 * FENCE, ECALL, EBREAK (unprivileged architecture 20240411, §2.7–2.8) and the privileged instructions (privileged architecture 20240411, §3.3, §10.2).
 * FENCE.TSO and PAUSE are FENCE with particular fm, pred and succ, which the decoder puts into imm (fm << 8 | pred << 4 | succ).
 */
import type { Row } from './row.ts'
import { row } from './shapes.ts'

export const privileged: readonly Row[] = [
  row('fence', 'fence', '---- ---- ---- ----- 000 ----- 0001111', { kind: 'system', operation: 'fence' }),
  row('ecall', 'none', '000000000000 00000 000 00000 1110011', { kind: 'system', operation: 'ecall' }),
  row('ebreak', 'none', '000000000001 00000 000 00000 1110011', { kind: 'system', operation: 'ebreak' }),
  row('sret', 'none', '0001000 00010 00000 000 00000 1110011', { kind: 'system', operation: 'sret' }),
  row('mret', 'none', '0011000 00010 00000 000 00000 1110011', { kind: 'system', operation: 'mret' }),
  row('wfi', 'none', '0001000 00101 00000 000 00000 1110011', { kind: 'system', operation: 'wfi' }),
  row('sfence.vma', 'R', '0001001 ----- ----- 000 00000 1110011', { kind: 'system', operation: 'sfence.vma' }),
]
