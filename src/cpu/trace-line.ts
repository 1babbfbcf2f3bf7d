/** A step of a trace as a line of text. */
import type { Step } from './core.ts'
import { disassemble } from './isa/disassemble.ts'

const modes = ['U', 'S', '?', 'M']
/** Privileged architecture 20240411, table 14. */
const exceptions = [
  'instruction address misaligned', 'instruction access fault', 'illegal instruction', 'breakpoint', 'load address misaligned', 'load access fault', 'store address misaligned',
  'store access fault', 'environment call from U-mode', 'environment call from S-mode', undefined, 'environment call from M-mode', 'instruction page fault', 'load page fault', undefined, 'store page fault',
]
const interrupts: Readonly<Record<number, string>> = { 1: 'supervisor software', 3: 'machine software', 5: 'supervisor timer', 7: 'machine timer', 9: 'supervisor external', 11: 'machine external' }

/**
 * `seconds hart mode pc <symbol> instruction  written registers  trap`.
 * @param nameOf the symbol an address lies in, with its distance
 */
export function traceLine({ at, hart, privilege, pc, word, written, trap }: Step, nameOf: (address: bigint) => string | undefined): string {
  const time = `${Math.floor(at / 1e9)}.${String(at % 1e9).padStart(9, '0')}`
  const symbol = nameOf(pc)
  const what = word === undefined ? '' : disassemble(word, pc)
  const head = `${time.padStart(14)}  ${hart} ${modes[privilege]}  ${pc.toString(16).padStart(16, '0')}${symbol === undefined ? '' : ` <${symbol}>`}`
  const tail = [...written.map(([name, value]) => `${name}=${value.toString(16)}`), ...(trap === undefined ? [] : [`→ ${causeText(trap)}`])].join(' ')
  return `${head}  ${tail === '' ? what : `${what.padEnd(30)}  ${tail}`}`.trimEnd()
}

function causeText(cause: bigint): string {
  const number = Number(cause & 0xffffn)
  return cause >> 63n === 1n ? `${interrupts[number] ?? `interrupt ${number}`} interrupt` : exceptions[number] ?? `exception ${number}`
}
