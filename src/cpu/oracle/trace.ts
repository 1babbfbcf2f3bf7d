/** What ran between two comparisons, told so that a person finds the instruction that went wrong. */
import { decode } from '../isa/decode.ts'
import { disassemble } from '../isa/disassemble.ts'
import { floatNames, integerNames } from '../isa/registers.ts'

/** One instruction that was about to run; `word` holds 32 bits from pc on. */
export interface Traced {
  readonly pc: bigint
  readonly word: number
}

/** @param registers names of the registers that differ. @returns for each the last instruction that wrote it, then the end of the trace */
export function tell(trace: readonly Traced[], registers: readonly string[]): string {
  const lines: string[] = []
  for (const register of registers) {
    const writer = trace.findLast(({ word }) => writes(word) === register)
    if (writer !== undefined) lines.push(`${register} was written by ${line(writer)}`)
  }
  return [...lines, 'what ran last:', ...trace.slice(-shown).map(line)].map((text) => `\n  ${text}`).join('')
}

const shown = 16

const line = ({ pc, word }: Traced): string => `${pc.toString(16)} ${disassemble(word, pc)}`

function writes(word: number): string | undefined {
  const decoded = decode(word)
  if (decoded === undefined) return undefined
  const { effect } = decoded.row
  if (effect.kind === 'store' || effect.kind === 'branch' || effect.kind === 'system') return undefined
  const file = effect.kind === 'compute' || effect.kind === 'load' ? effect.file : 'x'
  return (file === 'x' ? integerNames : floatNames)[decoded.rd]
}
