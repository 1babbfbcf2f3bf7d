/**
 * Accesses off one base register in one block, looked up together. As long as the register isn't written, one look at the TLB tells that
 * all bytes from the lowest to the highest lie in one page that may be read (and written, if one of them writes), and where that page is.
 */
import type { Instruction } from './blocks.ts'
import { usageOf } from './usage.ts'

export interface Group {
  readonly register: number
  /** Offset of the first and of the last byte touched. */
  low: number
  high: number
  writes: boolean
  readonly members: Instruction[]
}

/** Bytes that a group may span: a longer one would too often lie across two pages. */
const spanLimit = 512

/** @returns the group of each access that has company. */
export function groupsOf(instructions: readonly Instruction[]): ReadonlyMap<Instruction, Group> {
  const open = new Map<number, Group>()
  const grouped = new Map<Instruction, Group>()
  const close = (register: number): void => {
    const group = open.get(register)
    open.delete(register)
    if (group !== undefined && group.members.length > 1) for (const member of group.members) grouped.set(member, group)
  }
  for (const instruction of instructions) {
    enter(open, instruction, close)
    const { writes } = usageOf(instruction)
    for (const register of open.keys()) if ((writes >> BigInt(register)) & 1n) close(register)
  }
  for (const register of open.keys()) close(register)
  return grouped
}

function enter(open: Map<number, Group>, instruction: Instruction, close: (register: number) => void): void {
  const { row: { effect }, rs1, imm } = instruction
  if ((effect.kind !== 'load' && effect.kind !== 'store') || rs1 === 0) return
  const last = imm + effect.width - 1
  const known = open.get(rs1)
  if (known !== undefined && Math.max(known.high, last) - Math.min(known.low, imm) < spanLimit) {
    known.low = Math.min(known.low, imm)
    known.high = Math.max(known.high, last)
    known.writes ||= effect.kind === 'store'
    known.members.push(instruction)
    return
  }
  close(rs1)
  open.set(rs1, { register: rs1, low: imm, high: last, writes: effect.kind === 'store', members: [instruction] })
}
