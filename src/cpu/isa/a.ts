/** A: atomic memory operations, load-reserved and store-conditional. Unprivileged architecture 20240411, §14. The `--` after funct5 are aq and rl; the decoder puts them into imm (aq = 2, rl = 1). */
import { type Term, add, and, gtS, gtU, ltS, ltU, or, select, signExtend, xor } from '../term.ts'
import type { Row } from './row.ts'
import { old, row, rs2 } from './shapes.ts'

export const a: readonly Row[] = [
  row('lr.w', 'R', '00010 -- 00000 ----- 010 ----- 0101111', { kind: 'load-reserved', width: 4 }),
  row('sc.w', 'R', '00011 -- ----- ----- 010 ----- 0101111', { kind: 'store-conditional', width: 4 }),
  row('lr.d', 'R', '00010 -- 00000 ----- 011 ----- 0101111', { kind: 'load-reserved', width: 8 }),
  row('sc.d', 'R', '00011 -- ----- ----- 011 ----- 0101111', { kind: 'store-conditional', width: 8 }),
  ...both('amoswap', '00001', (_, given) => given),
  ...both('amoadd', '00000', add),
  ...both('amoxor', '00100', xor),
  ...both('amoand', '01100', and),
  ...both('amoor', '01000', or),
  ...both('amomin', '10000', (was, given) => select(ltS(was, given), was, given)),
  ...both('amomax', '10100', (was, given) => select(gtS(was, given), was, given)),
  ...both('amominu', '11000', (was, given) => select(ltU(was, given), was, given)),
  ...both('amomaxu', '11100', (was, given) => select(gtU(was, given), was, given)),
]

/** The word and the doubleword form. Sign extension keeps the unsigned order of words too, so one comparison serves both. */
function both(name: string, funct5: string, value: (was: Term, given: Term) => Term): readonly Row[] {
  return [
    row(`${name}.w`, 'R', `${funct5} -- ----- ----- 010 ----- 0101111`, { kind: 'amo', width: 4, value: value(old, signExtend(32, rs2)) }),
    row(`${name}.d`, 'R', `${funct5} -- ----- ----- 011 ----- 0101111`, { kind: 'amo', width: 8, value: value(old, rs2) }),
  ]
}
