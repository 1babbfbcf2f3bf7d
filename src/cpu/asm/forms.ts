/** The ways to write an instruction: rows by their own names, aliases, orderings; and the reading of operands against them. */
import { aliases, spellings } from '../isa/aliases.ts'
import { csrNumber } from '../isa/csr-names.ts'
import type { Operands } from '../isa/encode.ts'
import { floatRegister, integerRegister, roundingNames } from '../isa/registers.ts'
import type { Row } from '../isa/row.ts'
import { rowNamed, rows } from '../isa/rows.ts'
import { type Shown, isOrdered, orders, usualRounding, written } from '../isa/written.ts'
import { AssemblyError } from './assembly-error.ts'
import { type Resolve, evaluate } from './expression.ts'

export interface Form {
  readonly row: Row
  readonly operands: readonly Shown[]
  readonly fixed: Operands
  /** rs2 is rs1. */
  readonly same: boolean
  /** Of use only as compressed instruction. */
  readonly compressed: boolean
}

/** Every form of that name, in the order in which they are to be tried. */
export function formsOf(name: string): readonly Form[] {
  return forms.get(name) ?? []
}

/** The shape of these operands suits the form: registers where registers belong, and as many as there should be. */
export function suits(form: Form, operands: readonly string[]): boolean {
  const needed = form.operands.at(-1) === 'rm' ? form.operands.length - 1 : form.operands.length
  if (operands.length < needed || operands.length > form.operands.length) return false
  return operands.every((text, index) => shapeOf(text) === shapes[form.operands[index]])
}

/** `rd,rs1,imm`, for messages. */
export function spelling(form: Form): string {
  return form.operands.map((operand) => (operand === 'place' ? 'imm(rs1)' : operand === 'at' ? '(rs1)' : operand)).join(',')
}

/**
 * Operands of a form that suits.
 * @param pc the instruction's address
 * @throws {AssemblyError}
 */
export function operandsFrom(form: Form, texts: readonly string[], pc: bigint, resolve: Resolve): Operands {
  let operands: Operands = form.row.rounding ? { ...form.fixed, rm: usualRounding(form.row) } : form.fixed
  for (const [index, text] of texts.entries()) operands = { ...operands, ...read(form.operands[index], text, pc, resolve, operands.imm ?? 0) }
  return form.same ? { ...operands, rs2: operands.rs1 ?? 0 } : operands
}

/** Has an operand that depends on where the instruction stands. */
export function isRelative(form: Form): boolean {
  return form.operands.includes('target')
}

type Shape = 'integer' | 'float' | 'place' | 'value'

const shapes: Readonly<Record<Shown, Shape>> = {
  rd: 'integer', rs1: 'integer', rs2: 'integer', rs3: 'integer', frd: 'float', frs1: 'float', frs2: 'float', frs3: 'float', place: 'place', at: 'place',
  imm: 'value', hex: 'value', upper: 'value', target: 'value', csr: 'value', zimm: 'value', before: 'value', after: 'value', rm: 'value',
}

const place = /^(.*)\(\s*(\w+)\s*\)$/

function shapeOf(text: string): Shape {
  if (integerRegister(text) !== undefined) return 'integer'
  if (floatRegister(text) !== undefined) return 'float'
  const inner = place.exec(text)?.[2]
  return inner !== undefined && integerRegister(inner) !== undefined ? 'place' : 'value'
}

/** @param imm what is known of imm: a fence's two sets come one after the other. */
function read(what: Shown, text: string, pc: bigint, resolve: Resolve, imm: number): Operands {
  const value = (): number => Number(evaluate(text, resolve))
  switch (what) {
    case 'rd': return { rd: integerRegister(text) as number }
    case 'rs1': return { rs1: integerRegister(text) as number }
    case 'rs2': return { rs2: integerRegister(text) as number }
    case 'rs3': return { rs3: integerRegister(text) as number }
    case 'frd': return { rd: floatRegister(text) as number }
    case 'frs1': return { rs1: floatRegister(text) as number }
    case 'frs2': return { rs2: floatRegister(text) as number }
    case 'frs3': return { rs3: floatRegister(text) as number }
    case 'imm':
    case 'hex': return { imm: value() }
    case 'upper': return { imm: upper(evaluate(text, resolve)) }
    case 'place':
    case 'at': return indirect(what, text, resolve)
    case 'target': return { imm: Number(BigInt.asIntN(64, evaluate(text, resolve) - pc)) }
    case 'csr': return { imm: csrNumber(text) ?? value() }
    case 'zimm': return { rs1: value() }
    case 'before': return { imm: imm | (ordering(text) << 4) }
    case 'after': return { imm: imm | ordering(text) }
    case 'rm': return { rm: rounding(text) }
  }
}

function upper(value: bigint): number {
  if (value < -0x8_0000n || value > 0xf_ffffn) throw new AssemblyError(`upper immediate is ${value}, should be -0x80000 to 0xfffff`)
  return Number(BigInt.asIntN(32, value << 12n))
}

function indirect(what: Shown, text: string, resolve: Resolve): Operands {
  const [, offset, register] = place.exec(text) as RegExpExecArray
  const imm = offset.trim() === '' ? 0 : Number(evaluate(offset, resolve))
  const rs1 = integerRegister(register) as number
  if (what === 'place') return { rs1, imm }
  if (imm !== 0) throw new AssemblyError(`${text}: no offset is possible here`)
  return { rs1 }
}

function ordering(text: string): number {
  if (text === '0') return 0
  if (!/^i?o?r?w?$/.test(text)) throw new AssemblyError(`${text}: should be of the letters iorw, in this order`)
  return [...text].reduce((set, letter) => set | (8 >> 'iorw'.indexOf(letter)), 0)
}

function rounding(text: string): number {
  const mode = roundingNames.indexOf(text)
  if (mode < 0) throw new AssemblyError(`${text}: should be one of ${roundingNames.filter((name) => name !== undefined).join(' ')}`)
  return mode
}

const forms = new Map<string, Form[]>()
for (const row of rows) {
  const plain = { row, operands: written(row), same: false, compressed: false }
  if (isOrdered(row)) for (const [imm, suffix] of orders.entries()) put(row.name + suffix, { ...plain, fixed: { imm } })
  else put(row.name, { ...plain, fixed: {} })
}
for (const { row, name, operands, fixed, same, compressed } of [...aliases, ...spellings]) put(name, { row: rowNamed(row), operands, fixed, same, compressed })

function put(name: string, form: Form): void {
  forms.set(name, [...(forms.get(name) ?? []), form])
}
