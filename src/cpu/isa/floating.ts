/**
 * What F and D share: the rows that differ only in the format field. Unprivileged architecture 20240411, §21.2–21.9.
 *
 * Arithmetic is a call of the floating-point unit by the instruction's own mnemonic; its arguments are the source operands in order
 * (raw 64-bit register contents), then `rm` if the instruction rounds. The result is what goes to rd: NaN-boxed for an f register.
 */
import { type Term, add, fpu } from '../term.ts'
import type { Format, Row } from './row.ts'
import { frs1, frs2, frs3, imm, rm, row, rs1 } from './shapes.ts'

export type Precision = 's' | 'd'

/** An f register from operands: `file` says which register file rd is in; `rounding` that the row has an rm field. */
export function floating(name: string, format: Format, bits: string, file: 'x' | 'f', result: Term, rounding = false): Row {
  return row(name, format, bits, { kind: 'compute', result, file }, { float: true, rounding })
}

/** Load and store of an f register. */
export function transfers(load: string, store: string, funct3: string, width: 4 | 8): readonly Row[] {
  return [
    row(load, 'I', `------------ ----- ${funct3} ----- 0000111`, { kind: 'load', address: add(rs1, imm), width, signed: false, file: 'f' }, { float: true }),
    row(store, 'S', `------- ----- ----- ${funct3} ----- 0100111`, { kind: 'store', address: add(rs1, imm), width, value: frs2 }, { float: true }),
  ]
}

/** Everything that both precisions have, but for moves, sign injection and the conversion between them. */
export function arithmetic(precision: Precision): readonly Row[] {
  const format = precision === 's' ? '00' : '01'
  return [...fused(precision, format), ...binary(precision, format), ...comparing(precision, format), ...converting(precision, format)]
}

function fused(precision: Precision, format: string): readonly Row[] {
  const opcodes = { fmadd: '1000011', fmsub: '1000111', fnmsub: '1001011', fnmadd: '1001111' }
  return Object.entries(opcodes).map(([stem, code]) => {
    const name = `${stem}.${precision}`
    return floating(name, 'R4', `----- ${format} ----- ----- --- ----- ${code}`, 'f', fpu(name, frs1, frs2, frs3, rm), true)
  })
}

function binary(precision: Precision, format: string): readonly Row[] {
  const rounding = { fadd: '00000', fsub: '00001', fmul: '00010', fdiv: '00011' }
  const root = `fsqrt.${precision}`
  return [
    ...Object.entries(rounding).map(([stem, funct5]) => {
      const name = `${stem}.${precision}`
      return floating(name, 'R', `${funct5} ${format} ----- ----- --- ----- 1010011`, 'f', fpu(name, frs1, frs2, rm), true)
    }),
    floating(root, 'R', `01011 ${format} 00000 ----- --- ----- 1010011`, 'f', fpu(root, frs1, rm), true),
  ]
}

function comparing(precision: Precision, format: string): readonly Row[] {
  const entry = (stem: string, funct5: string, funct3: string, file: 'x' | 'f'): Row => {
    const name = `${stem}.${precision}`
    return floating(name, 'R', `${funct5} ${format} ----- ----- ${funct3} ----- 1010011`, file, fpu(name, frs1, frs2))
  }
  const classify = `fclass.${precision}`
  return [
    entry('fmin', '00101', '000', 'f'),
    entry('fmax', '00101', '001', 'f'),
    entry('fle', '10100', '000', 'x'),
    entry('flt', '10100', '001', 'x'),
    entry('feq', '10100', '010', 'x'),
    floating(classify, 'R', `11100 ${format} 00000 ----- 001 ----- 1010011`, 'x', fpu(classify, frs1)),
  ]
}

function converting(precision: Precision, format: string): readonly Row[] {
  const integers = { w: '00000', wu: '00001', l: '00010', lu: '00011' }
  return Object.entries(integers).flatMap(([integer, field]) => {
    const to = `fcvt.${integer}.${precision}`
    const from = `fcvt.${precision}.${integer}`
    return [
      floating(to, 'R', `11000 ${format} ${field} ----- --- ----- 1010011`, 'x', fpu(to, frs1, rm), true),
      floating(from, 'R', `11010 ${format} ${field} ----- --- ----- 1010011`, 'f', fpu(from, rs1, rm), true),
    ]
  })
}
