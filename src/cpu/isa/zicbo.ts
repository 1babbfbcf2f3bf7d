/** Zicbom, Zicboz: cache-block management and zeroing. CMO extensions 1.0 (unprivileged architecture 20240411, §19). Blocks are of 64 bytes. */
import { belonging } from './profile.ts'
import type { Row } from './row.ts'
import { row } from './shapes.ts'

export const zicbo: readonly Row[] = [
  ...belonging('zicbom', [
    row('cbo.inval', 'R', '0000000 00000 ----- 010 00000 0001111', { kind: 'system', operation: 'cbo.inval' }),
    row('cbo.clean', 'R', '0000000 00001 ----- 010 00000 0001111', { kind: 'system', operation: 'cbo.clean' }),
    row('cbo.flush', 'R', '0000000 00010 ----- 010 00000 0001111', { kind: 'system', operation: 'cbo.flush' }),
  ]),
  ...belonging('zicboz', [row('cbo.zero', 'R', '0000000 00100 ----- 010 00000 0001111', { kind: 'system', operation: 'cbo.zero' })]),
]
