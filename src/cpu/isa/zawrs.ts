/**
 * Zawrs: wait on a reservation set. Unprivileged architecture 20240411, §15. Stalling may end for any reason; ours ends at once, so both
 * do what a fence does here: nothing.
 */
import { belonging } from './profile.ts'
import type { Row } from './row.ts'
import { row } from './shapes.ts'

export const zawrs: readonly Row[] = belonging('zawrs', [
  row('wrs.nto', 'none', '000000001101 00000 000 00000 1110011', { kind: 'system', operation: 'fence' }),
  row('wrs.sto', 'none', '000000011101 00000 000 00000 1110011', { kind: 'system', operation: 'fence' }),
])
