/** Zba: address generation. Unprivileged architecture 20240411, §30.2 (the B extension's §28.4). */
import { add, c64, shl, zeroExtend } from '../term.ts'
import { belonging } from './profile.ts'
import type { Row } from './row.ts'
import { compute, imm, rs1, rs2 } from './shapes.ts'

const low = zeroExtend(32, rs1)

export const zba: readonly Row[] = belonging('zba', [
  compute('add.uw', 'R', '0000100 ----- ----- 000 ----- 0111011', add(rs2, low)),
  compute('sh1add', 'R', '0010000 ----- ----- 010 ----- 0110011', add(rs2, shl(rs1, c64(1)))),
  compute('sh2add', 'R', '0010000 ----- ----- 100 ----- 0110011', add(rs2, shl(rs1, c64(2)))),
  compute('sh3add', 'R', '0010000 ----- ----- 110 ----- 0110011', add(rs2, shl(rs1, c64(3)))),
  compute('sh1add.uw', 'R', '0010000 ----- ----- 010 ----- 0111011', add(rs2, shl(low, c64(1)))),
  compute('sh2add.uw', 'R', '0010000 ----- ----- 100 ----- 0111011', add(rs2, shl(low, c64(2)))),
  compute('sh3add.uw', 'R', '0010000 ----- ----- 110 ----- 0111011', add(rs2, shl(low, c64(3)))),
  compute('slli.uw', 'shift', '000010 ------ ----- 001 ----- 0011011', shl(low, imm)),
])
