/** Guests of some twenty instructions, for tests of what is around a machine. Assembled from the instruction rows; position-independent, M-mode. */
import { concat, latin1, putU32le } from '../../src/base/bytes.ts'
import { encode, type Operands } from '../../src/cpu/isa/encode.ts'
import { rowNamed } from '../../src/cpu/isa/rows.ts'

type Line = readonly [string, Operands]

const [t0, t1, a0, a1, a2, a3] = [5, 6, 10, 11, 12, 13]
const uartPage = 0x1000_0000
const finisherPage = 0x10_0000

/** Prints `text` and powers off. */
export function printer(text: string): Uint8Array {
  return program([...print(14), ...powerOff], text)
}

/** Prints `text`, then prints back whatever is typed, until a `q`. */
export function echoer(text: string): Uint8Array {
  const loop: Line[] = [
    ['lbu', { rd: a2, rs1: a0, imm: 5 }],
    ['andi', { rd: a2, rs1: a2, imm: 1 }],
    ['beq', { rs1: a2, rs2: 0, imm: -8 }],
    ['lbu', { rd: a2, rs1: a0, imm: 0 }],
    ['sb', { rs1: a0, rs2: a2, imm: 0 }],
    ['addi', { rd: a3, rs1: 0, imm: 'q'.charCodeAt(0) }],
    ['bne', { rs1: a2, rs2: a3, imm: -24 }],
  ]
  return program([...print(21), ...loop, ...powerOff], text)
}

/** @param words of the whole program: where its text begins. */
function print(words: number): Line[] {
  return [
    ['lui', { rd: a0, imm: uartPage }],
    ['auipc', { rd: a1, imm: 0 }],
    ['addi', { rd: a1, rs1: a1, imm: 4 * (words - 1) }],
    ['lbu', { rd: a2, rs1: a1, imm: 0 }],
    ['beq', { rs1: a2, rs2: 0, imm: 16 }],
    ['sb', { rs1: a0, rs2: a2, imm: 0 }],
    ['addi', { rd: a1, rs1: a1, imm: 1 }],
    ['jal', { rd: 0, imm: -16 }],
  ]
}

const powerOff: readonly Line[] = [
  ['lui', { rd: t0, imm: finisherPage }],
  ['lui', { rd: t1, imm: 0x5000 }],
  ['addi', { rd: t1, rs1: t1, imm: 0x555 }],
  ['sw', { rs1: t0, rs2: t1, imm: 0 }],
  ['wfi', {}],
  ['jal', { rd: 0, imm: -4 }],
]

function program(lines: readonly Line[], text: string): Uint8Array {
  const code = new Uint8Array(4 * lines.length)
  for (const [index, [name, operands]] of lines.entries()) {
    putU32le(code, 4 * index, encode(rowNamed(name), operands))
  }
  return concat(code, latin1(text), Uint8Array.of(0))
}
