/** Pseudo-instructions by which people know certain encodings. RISC-V Assembly Programmer's Manual, "A listing of standard RISC-V pseudoinstructions". */
import type { Decoded } from './row.ts'
import type { Shown } from './written.ts'

export interface Alias {
  readonly row: string
  readonly name: string
  readonly operands: readonly Shown[]
  /** The operands that aren't written, and what they are. */
  readonly fixed: Partial<Pick<Decoded, 'rd' | 'rs1' | 'rs2' | 'imm'>>
  /** rs2 is rs1. */
  readonly same: boolean
  /** Only shown when the encoding is compressed. */
  readonly compressed: boolean
}

/** The first alias that holds for these operands. */
export function aliasOf(decoded: Decoded): Alias | undefined {
  return byRow.get(decoded.row.name)?.find((entry) => holds(entry, decoded))
}

function holds({ fixed, same, compressed }: Alias, decoded: Decoded): boolean {
  if (same && decoded.rs1 !== decoded.rs2) return false
  if (compressed && decoded.length !== 2) return false
  return (Object.keys(fixed) as (keyof typeof fixed)[]).every((name) => decoded[name] === fixed[name])
}

const alias = (row: string, name: string, operands: string, fixed: Alias['fixed'], { same = false, compressed = false } = {}): Alias =>
  ({ row, name, operands: operands.split(' ').filter((word) => word !== '') as Shown[], fixed, same, compressed })

/** Reads and writes of a CSR that has an instruction name of its own. */
const readOf = (name: string, csr: number): Alias => alias('csrrs', name, 'rd', { rs1: 0, imm: csr })
const writesOf = (name: string, csr: number): readonly Alias[] => [
  alias('csrrw', name, 'rs1', { rd: 0, imm: csr }),
  alias('csrrw', name, 'rd rs1', { imm: csr }),
  ...(name === 'fscsr' ? [] : [alias('csrrwi', `${name}i`, 'zimm', { rd: 0, imm: csr }), alias('csrrwi', `${name}i`, 'rd zimm', { imm: csr })]),
]

const signs = (precision: string): readonly Alias[] => [
  alias(`fsgnj.${precision}`, `fmv.${precision}`, 'frd frs1', {}, { same: true }),
  alias(`fsgnjn.${precision}`, `fneg.${precision}`, 'frd frs1', {}, { same: true }),
  alias(`fsgnjx.${precision}`, `fabs.${precision}`, 'frd frs1', {}, { same: true }),
]

/** In the order in which they are tried. */
export const aliases: readonly Alias[] = [
  alias('addi', 'nop', '', { rd: 0, rs1: 0, imm: 0 }),
  alias('addi', 'li', 'rd imm', { rs1: 0 }),
  alias('addi', 'mv', 'rd rs1', { imm: 0 }),
  // c.mv expands to add rd, x0, rs2 (§27.5.3).
  alias('add', 'mv', 'rd rs2', { rs1: 0 }, { compressed: true }),
  alias('addiw', 'sext.w', 'rd rs1', { imm: 0 }),
  alias('xori', 'not', 'rd rs1', { imm: -1 }),
  alias('andi', 'zext.b', 'rd rs1', { imm: 255 }),
  alias('sltiu', 'seqz', 'rd rs1', { imm: 1 }),
  alias('sub', 'neg', 'rd rs2', { rs1: 0 }),
  alias('subw', 'negw', 'rd rs2', { rs1: 0 }),
  alias('sltu', 'snez', 'rd rs2', { rs1: 0 }),
  alias('slt', 'sltz', 'rd rs1', { rs2: 0 }),
  alias('slt', 'sgtz', 'rd rs2', { rs1: 0 }),

  alias('jal', 'j', 'target', { rd: 0 }),
  alias('jal', 'jal', 'target', { rd: 1 }),
  alias('jalr', 'ret', '', { rd: 0, rs1: 1, imm: 0 }),
  alias('jalr', 'jr', 'rs1', { rd: 0, imm: 0 }),
  alias('jalr', 'jr', 'place', { rd: 0 }),
  alias('jalr', 'jalr', 'rs1', { rd: 1, imm: 0 }),
  alias('jalr', 'jalr', 'place', { rd: 1 }),
  alias('jalr', 'jalr', 'rd rs1', { imm: 0 }),
  alias('beq', 'beqz', 'rs1 target', { rs2: 0 }),
  alias('bne', 'bnez', 'rs1 target', { rs2: 0 }),
  alias('bge', 'blez', 'rs2 target', { rs1: 0 }),
  alias('bge', 'bgez', 'rs1 target', { rs2: 0 }),
  alias('blt', 'bltz', 'rs1 target', { rs2: 0 }),
  alias('blt', 'bgtz', 'rs2 target', { rs1: 0 }),

  readOf('rdcycle', 0xc00),
  readOf('rdtime', 0xc01),
  readOf('rdinstret', 0xc02),
  readOf('frflags', 0x001),
  readOf('frrm', 0x002),
  readOf('frcsr', 0x003),
  ...writesOf('fsflags', 0x001),
  ...writesOf('fsrm', 0x002),
  ...writesOf('fscsr', 0x003),
  alias('csrrw', 'unimp', '', { rd: 0, rs1: 0, imm: 0xc00 }),
  alias('csrrs', 'csrr', 'rd csr', { rs1: 0 }),
  alias('csrrw', 'csrw', 'csr rs1', { rd: 0 }),
  alias('csrrs', 'csrs', 'csr rs1', { rd: 0 }),
  alias('csrrc', 'csrc', 'csr rs1', { rd: 0 }),
  alias('csrrwi', 'csrwi', 'csr zimm', { rd: 0 }),
  alias('csrrsi', 'csrsi', 'csr zimm', { rd: 0 }),
  alias('csrrci', 'csrci', 'csr zimm', { rd: 0 }),

  alias('fence', 'fence', '', { imm: 0x0ff }),
  alias('fence', 'fence.tso', '', { imm: 0x833 }),
  alias('fence', 'pause', '', { rd: 0, rs1: 0, imm: 0x010 }),
  alias('fence.i', 'fence.i', '', {}),
  alias('sfence.vma', 'sfence.vma', '', { rs1: 0, rs2: 0 }),
  alias('sfence.vma', 'sfence.vma', 'rs1', { rs2: 0 }),
  ...signs('s'),
  ...signs('d'),
]

const byRow = new Map<string, Alias[]>()
for (const entry of aliases) byRow.set(entry.row, [...(byRow.get(entry.row) ?? []), entry])

/** Spellings that only the assembler takes: the disassembler shows what they stand for. */
export const spellings: readonly Alias[] = [
  alias('blt', 'bgt', 'rs2 rs1 target', {}),
  alias('bge', 'ble', 'rs2 rs1 target', {}),
  alias('bltu', 'bgtu', 'rs2 rs1 target', {}),
  alias('bgeu', 'bleu', 'rs2 rs1 target', {}),
  alias('jalr', 'jalr', 'rd rs1 imm', {}),
  alias('fmv.x.w', 'fmv.x.s', 'rd frs1', {}),
  alias('fmv.w.x', 'fmv.s.x', 'frd rs1', {}),
]
