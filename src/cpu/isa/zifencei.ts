/** Zifencei: fence.i. Unprivileged architecture 20240411, §5: imm, rs1 and rd are reserved for finer fences and to be ignored. */
import type { Row } from './row.ts'
import { row } from './shapes.ts'

export const zifencei: readonly Row[] = [row('fence.i', 'I', '------------ ----- 001 ----- 0001111', { kind: 'system', operation: 'fence.i' })]
