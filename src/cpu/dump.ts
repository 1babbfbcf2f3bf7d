/** A hart's registers and CSRs for people. */
import { integerNames } from './isa/registers.ts'
import { fBase, slot } from './layout.ts'

const shown = ['mstatus', 'mepc', 'mcause', 'mtval', 'mtvec', 'mie', 'mip', 'lines', 'medeleg', 'mideleg', 'sepc', 'scause', 'stval', 'stvec', 'satp', 'skipped'] as const
const modes = ['U', 'S', '?', 'M']

export function dump(hart: number, state: DataView): string {
  const word = (at: number): string => state.getBigUint64(at, true).toString(16).padStart(16, '0')
  const lines = [`hart ${hart}  pc ${word(slot.pc)}  ${modes[state.getInt32(slot.privilege, true)]}-mode${['', '  waits', '  stopped'][state.getInt32(slot.waiting, true)]}`]
  const columns = (items: readonly string[], width: number): void => {
    for (let at = 0; at < items.length; at += width) lines.push(items.slice(at, at + width).join('  '))
  }
  columns(integerNames.map((name, at) => `${name.padStart(4)} ${word(8 * at)}`), 4)
  columns(shown.map((name) => `${name.padStart(8)} ${word(slot[name])}`), 3)
  columns(Array.from({ length: 32 }, (_, at) => `${`f${at}`.padStart(4)} ${word(fBase + 8 * at)}`), 4)
  return `${lines.join('\n')}\n`
}
