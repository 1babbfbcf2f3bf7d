/** From a row and its operands to the instruction word: the decoder's inverse. */
import { fieldsOf, immediateOf, pattern } from './pattern.ts'
import type { Decoded, Row } from './row.ts'

/** What an instruction needs beside its row; what the row doesn't have is ignored, what isn't given is 0 (rm: 7, dynamic). */
export type Operands = Partial<Pick<Decoded, 'rd' | 'rs1' | 'rs2' | 'rs3' | 'rm' | 'imm'>>

/**
 * @returns the word as uint32
 * @throws {RangeError} when an operand doesn't fit: the message names row, operand, value and what fits
 */
export function encode(row: Row, operands: Operands): number {
  const fields = fieldsOf(row)
  let word = pattern(row.bits, 32).match | immediate(row, operands.imm ?? 0)
  if (fields.rd) word |= register(row, 'rd', operands.rd) << 7
  if (fields.rs1) word |= register(row, 'rs1', operands.rs1) << 15
  if (fields.rs2) word |= register(row, 'rs2', operands.rs2) << 20
  if (fields.rs3) word |= register(row, 'rs3', operands.rs3) << 27
  if (row.rounding) word |= inRange(row, 'rm', operands.rm ?? 7, 0, 7) << 12
  return word >>> 0
}

function register(row: Row, name: string, value = 0): number {
  return inRange(row, name, value, 0, 31)
}

function inRange(row: Row, name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) throw new RangeError(`${row.name}: ${name} is ${value}, should be ${least} to ${most}`)
  return value
}

function immediate(row: Row, value: number): number {
  const { least, most, step, write } = immediateOf(row)
  inRange(row, 'imm', value, least, most)
  if (value % step !== 0) throw new RangeError(`${row.name}: imm is ${value}, should be a multiple of ${step}`)
  return write(value)
}
