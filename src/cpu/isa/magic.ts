/**
 * The magic instruction: `slti x0, x0, 0x4e4`, one word of the HINT space that the unprivileged architecture (20240411, §2.9, table "RV32I HINT
 * instructions") leaves to custom use. Without the extension it is that HINT, and does nothing; docs/magic.md says why this one.
 */
import { belonging } from './profile.ts'
import type { Row } from './row.ts'
import { row } from './shapes.ts'

export const magicWord = 0x4e40_2013

export const magic: readonly Row[] = belonging('xmagic', [row('netloom.magic', 'none', '010011100100 00000 010 00000 0010011', { kind: 'system', operation: 'magic' })])
