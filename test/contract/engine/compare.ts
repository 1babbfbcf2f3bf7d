/** Two cores side by side: registers, CSRs, time, memory. */
import type { Core } from '../../../src/cpu/core.ts'
import { floatNames, integerNames } from '../../../src/cpu/isa/registers.ts'
import { fBase, slot, xBase } from '../../../src/cpu/layout.ts'

/** Every hart's state page. */
export function statesOf(core: Core): readonly DataView[] {
  const { states } = core.save() as { states: readonly Uint8Array[] }
  return states.map((bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}

const words = [
  'pc', 'skipped', 'fflags', 'reservation', 'mstatus', 'medeleg', 'mideleg', 'mie', 'mip', 'mtvec', 'mscratch', 'mepc', 'mcause', 'mtval', 'stvec', 'sscratch', 'sepc', 'scause',
  'stval', 'satp', 'cycleOffset', 'instretOffset', 'lines', 'menvcfg', 'stimecmp',
] as const

/** What of two cores differs, of all that a guest or a device can see; `name is one and other` each. */
export function compareCores(one: Core, other: Core): readonly string[] {
  const differences: string[] = []
  const equal = (name: string, mine: bigint | number, theirs: bigint | number): void => {
    if (mine !== theirs) differences.push(`${name} is ${mine.toString(16)} and ${theirs.toString(16)}`)
  }
  equal('now', one.now, other.now)
  equal('retired', one.retired, other.retired)
  equal('idle', Number(one.idle), Number(other.idle))
  const [mine, theirs] = [statesOf(one), statesOf(other)]
  for (const [hart, state] of mine.entries()) {
    for (let register = 0; register < 32; register++) {
      equal(integerNames[register], state.getBigUint64(xBase + 8 * register, true), theirs[hart].getBigUint64(xBase + 8 * register, true))
      equal(floatNames[register], state.getBigUint64(fBase + 8 * register, true), theirs[hart].getBigUint64(fBase + 8 * register, true))
    }
    for (const name of words) equal(name, state.getBigUint64(slot[name], true), theirs[hart].getBigUint64(slot[name], true))
    equal('privilege', state.getInt32(slot.privilege, true), theirs[hart].getInt32(slot.privilege, true))
    equal('waiting', state.getInt32(slot.waiting, true), theirs[hart].getInt32(slot.waiting, true))
  }
  const [left, right] = [one, other].map(({ ram }) => Buffer.from(ram.buffer, ram.byteOffset, ram.length))
  if (left.equals(right)) return differences
  const at = left.findIndex((byte, index) => byte !== right[index]) & -8
  equal(`memory at offset ${at.toString(16)}`, left.readBigUInt64LE(at), right.readBigUInt64LE(at))
  return differences
}
