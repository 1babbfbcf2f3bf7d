/** Svinval: fine-grained invalidation of translations. Privileged architecture 20240411, §12 (chapter "Svinval"). */
import { belonging } from './profile.ts'
import type { Row } from './row.ts'
import { row } from './shapes.ts'

export const svinval: readonly Row[] = belonging('svinval', [
  // Ours invalidates at once, so the fences round it have nothing left to order.
  row('sinval.vma', 'R', '0001011 ----- ----- 000 00000 1110011', { kind: 'system', operation: 'sfence.vma' }),
  row('sfence.w.inval', 'none', '000110000000 00000 000 00000 1110011', { kind: 'system', operation: 'sfence.inval' }),
  row('sfence.inval.ir', 'none', '000110000001 00000 000 00000 1110011', { kind: 'system', operation: 'sfence.inval' }),
])
