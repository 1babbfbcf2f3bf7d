/** One instruction as text: GNU objdump's spelling, calling convention names, the usual pseudo-instructions; immediate forms keep their `i`. */
import { aliasOf } from './aliases.ts'
import { csrName } from './csr-names.ts'
import { decode } from './decode.ts'
import { floatNames, integerNames, roundingNames } from './registers.ts'
import type { Decoded } from './row.ts'
import { type Shown, isOrdered, orders, usualRounding, written } from './written.ts'

/** @param what a decoded instruction or its word (as `decode` takes it); @param pc address, for branch targets. */
export function disassemble(what: Decoded | number, pc: number | bigint): string {
  const decoded = typeof what === 'number' ? decode(what) : what
  if (decoded === undefined) return unknown(what as number)
  const alias = aliasOf(decoded)
  const name = alias?.name ?? nameOf(decoded)
  const operands = (alias?.operands ?? written(decoded.row)).map((operand) => show(operand, decoded, BigInt(pc))).filter((text) => text !== '')
  return operands.length === 0 ? name : `${name} ${operands.join(',')}`
}

function show(what: Shown, decoded: Decoded, pc: bigint): string {
  const { rd, rs1, rs2, rs3, imm, rm, row } = decoded
  switch (what) {
    case 'rd': return integerNames[rd]
    case 'rs1': return integerNames[rs1]
    case 'rs2': return integerNames[rs2]
    case 'rs3': return integerNames[rs3]
    case 'frd': return floatNames[rd]
    case 'frs1': return floatNames[rs1]
    case 'frs2': return floatNames[rs2]
    case 'frs3': return floatNames[rs3]
    case 'imm': return `${imm}`
    case 'hex': return `0x${imm.toString(16)}`
    case 'upper': return `0x${(imm >>> 12).toString(16)}`
    case 'place': return `${imm}(${integerNames[rs1]})`
    case 'at': return `(${integerNames[rs1]})`
    case 'target': return `0x${BigInt.asUintN(64, pc + BigInt(imm)).toString(16)}`
    case 'csr': return csrName(imm)
    case 'zimm': return `${rs1}`
    case 'before': return ordering((imm >> 4) & 15)
    case 'after': return ordering(imm & 15)
    case 'rm': return rm === usualRounding(row) ? '' : `${roundingNames[rm]}`
  }
}

/** Which of device input, output, memory reads and writes a fence orders. */
function ordering(set: number): string {
  const letters = [...'iorw'].filter((_, index) => (set & (8 >> index)) !== 0).join('')
  return letters === '' ? '0' : letters
}

function nameOf({ row, imm }: Decoded): string {
  return isOrdered(row) ? row.name + orders[imm] : row.name
}

function unknown(word: number): string {
  const short = (word & 3) !== 3
  const value = short ? word & 0xffff : word >>> 0
  return value === 0 ? 'unimp' : `${short ? '.2byte' : '.4byte'} 0x${value.toString(16)}`
}
