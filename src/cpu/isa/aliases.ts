/** Pseudo-instructions by which people know certain encodings. RISC-V Assembly Programmer's Manual, "A listing of standard RISC-V pseudoinstructions". */
import type { Shown } from './disassemble.ts'
import type { Decoded } from './row.ts'

export interface Alias {
  readonly row: string
  readonly name: string
  readonly operands: readonly Shown[]
  readonly when: (decoded: Decoded) => boolean
}

/** The first alias that holds for these operands. */
export function aliasOf(decoded: Decoded): Alias | undefined {
  return byRow.get(decoded.row.name)?.find(({ when }) => when(decoded))
}

const always = (): boolean => true
const noRd = ({ rd }: Decoded): boolean => rd === 0
const noRs1 = ({ rs1 }: Decoded): boolean => rs1 === 0
const noRs2 = ({ rs2 }: Decoded): boolean => rs2 === 0
const noImm = ({ imm }: Decoded): boolean => imm === 0
const immIs = (value: number) => ({ imm }: Decoded): boolean => imm === value
const same = ({ rs1, rs2 }: Decoded): boolean => rs1 === rs2
const all = (...tests: readonly Alias['when'][]) => (decoded: Decoded): boolean => tests.every((test) => test(decoded))

const alias = (row: string, name: string, operands: string, when: Alias['when']): Alias =>
  ({ row, name, operands: operands.split(' ').filter((word) => word !== '') as Shown[], when })

/** Reads and writes of a CSR that has an instruction name of its own. */
const readOf = (name: string, csr: number): Alias => alias('csrrs', name, 'rd', all(noRs1, immIs(csr)))
const writesOf = (name: string, csr: number): readonly Alias[] => [
  alias('csrrw', name, 'rs1', all(noRd, immIs(csr))),
  alias('csrrw', name, 'rd rs1', immIs(csr)),
  ...(name === 'fscsr' ? [] : [alias('csrrwi', `${name}i`, 'zimm', all(noRd, immIs(csr))), alias('csrrwi', `${name}i`, 'rd zimm', immIs(csr))]),
]

const signs = (precision: string): readonly Alias[] => [
  alias(`fsgnj.${precision}`, `fmv.${precision}`, 'frd frs1', same),
  alias(`fsgnjn.${precision}`, `fneg.${precision}`, 'frd frs1', same),
  alias(`fsgnjx.${precision}`, `fabs.${precision}`, 'frd frs1', same),
]

const aliases: readonly Alias[] = [
  alias('addi', 'nop', '', all(noRd, noRs1, noImm)),
  alias('addi', 'li', 'rd imm', noRs1),
  alias('addi', 'mv', 'rd rs1', noImm),
  // c.mv expands to add rd, x0, rs2 (§27.5.3).
  alias('add', 'mv', 'rd rs2', all(noRs1, ({ length }) => length === 2)),
  alias('addiw', 'sext.w', 'rd rs1', noImm),
  alias('xori', 'not', 'rd rs1', immIs(-1)),
  alias('andi', 'zext.b', 'rd rs1', immIs(255)),
  alias('sltiu', 'seqz', 'rd rs1', immIs(1)),
  alias('sub', 'neg', 'rd rs2', noRs1),
  alias('subw', 'negw', 'rd rs2', noRs1),
  alias('sltu', 'snez', 'rd rs2', noRs1),
  alias('slt', 'sltz', 'rd rs1', noRs2),
  alias('slt', 'sgtz', 'rd rs2', noRs1),

  alias('jal', 'j', 'target', noRd),
  alias('jal', 'jal', 'target', ({ rd }) => rd === 1),
  alias('jalr', 'ret', '', ({ rd, rs1, imm }) => rd === 0 && rs1 === 1 && imm === 0),
  alias('jalr', 'jr', 'rs1', all(noRd, noImm)),
  alias('jalr', 'jr', 'place', noRd),
  alias('jalr', 'jalr', 'rs1', ({ rd, imm }) => rd === 1 && imm === 0),
  alias('jalr', 'jalr', 'place', ({ rd }) => rd === 1),
  alias('jalr', 'jalr', 'rd rs1', noImm),
  alias('beq', 'beqz', 'rs1 target', noRs2),
  alias('bne', 'bnez', 'rs1 target', noRs2),
  alias('bge', 'blez', 'rs2 target', noRs1),
  alias('bge', 'bgez', 'rs1 target', noRs2),
  alias('blt', 'bltz', 'rs1 target', noRs2),
  alias('blt', 'bgtz', 'rs2 target', noRs1),

  readOf('rdcycle', 0xc00),
  readOf('rdtime', 0xc01),
  readOf('rdinstret', 0xc02),
  readOf('frflags', 0x001),
  readOf('frrm', 0x002),
  readOf('frcsr', 0x003),
  ...writesOf('fsflags', 0x001),
  ...writesOf('fsrm', 0x002),
  ...writesOf('fscsr', 0x003),
  alias('csrrw', 'unimp', '', all(noRd, noRs1, immIs(0xc00))),
  alias('csrrs', 'csrr', 'rd csr', noRs1),
  alias('csrrw', 'csrw', 'csr rs1', noRd),
  alias('csrrs', 'csrs', 'csr rs1', noRd),
  alias('csrrc', 'csrc', 'csr rs1', noRd),
  alias('csrrwi', 'csrwi', 'csr zimm', noRd),
  alias('csrrsi', 'csrsi', 'csr zimm', noRd),
  alias('csrrci', 'csrci', 'csr zimm', noRd),

  alias('fence', 'fence', '', immIs(0x0ff)),
  alias('fence', 'fence.tso', '', immIs(0x833)),
  alias('fence', 'pause', '', all(noRd, noRs1, immIs(0x010))),
  alias('fence.i', 'fence.i', '', always),
  alias('sfence.vma', 'sfence.vma', '', all(noRs1, noRs2)),
  alias('sfence.vma', 'sfence.vma', 'rs1', noRs2),
  ...signs('s'),
  ...signs('d'),
]

const byRow = new Map<string, Alias[]>()
for (const entry of aliases) byRow.set(entry.row, [...(byRow.get(entry.row) ?? []), entry])
