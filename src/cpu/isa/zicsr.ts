/** Zicsr: control and status register instructions. Unprivileged architecture 20240411, §6. */
import type { Row } from './row.ts'
import { row } from './shapes.ts'

export const zicsr: readonly Row[] = [
  row('csrrw', 'csr', '------------ ----- 001 ----- 1110011', { kind: 'csr', operation: 'write', source: 'register' }),
  row('csrrs', 'csr', '------------ ----- 010 ----- 1110011', { kind: 'csr', operation: 'set', source: 'register' }),
  row('csrrc', 'csr', '------------ ----- 011 ----- 1110011', { kind: 'csr', operation: 'clear', source: 'register' }),
  row('csrrwi', 'csr', '------------ ----- 101 ----- 1110011', { kind: 'csr', operation: 'write', source: 'immediate' }),
  row('csrrsi', 'csr', '------------ ----- 110 ----- 1110011', { kind: 'csr', operation: 'set', source: 'immediate' }),
  row('csrrci', 'csr', '------------ ----- 111 ----- 1110011', { kind: 'csr', operation: 'clear', source: 'immediate' }),
]
