/**
 * An assembler for the rows there are, with GNU as's mnemonics and operands.
 *
 * Every statement's size is settled when it is given; what depends on labels is encoded at the end. So a label may be used before it
 * stands, but `li`, `.space` and `.align` need values that are known when they come. Branches aren't relaxed: out of reach is an error.
 */
import { putU64le, putU32le, putU16le, latin1 } from '../../base/bytes.ts'
import { compress } from '../isa/compress.ts'
import { encode, type Operands } from '../isa/encode.ts'
import { integerRegister } from '../isa/registers.ts'
import { rowNamed } from '../isa/rows.ts'
import { AssemblyError } from './assembly-error.ts'
import { steps } from './constant.ts'
import { type Resolve, evaluate } from './expression.ts'
import { type Form, formsOf, isRelative, operandsFrom, spelling, suits } from './forms.ts'

export interface Program {
  /** Address of the first byte. */
  readonly origin: bigint
  readonly bytes: Uint8Array
  /** Labels' addresses and the values of what was defined. */
  readonly symbols: ReadonlyMap<string, bigint>
}

/** A register, an expression, `8(sp)` …; numbers stand for themselves. */
export type OperandText = string | number | bigint

/** A piece of the program; `write` fills its bytes when all symbols are known. */
interface Piece {
  readonly address: bigint
  readonly size: number
  readonly line: number | undefined
  readonly write: (into: Uint8Array) => void
}

/** No program is to be larger: 64 MiB. */
const sizeMax = 0x400_0000

export class Assembler {
  /** Chooses compressed forms where that needs no label's address. */
  compressing = false
  /** Line of the source that is being read, for messages. */
  line: number | undefined
  private readonly origin: bigint
  private readonly pieces: Piece[] = []
  private readonly symbols = new Map<string, bigint>()
  private readonly locals = new Map<string, { order: number; address: bigint }[]>()
  private size = 0

  constructor(origin: number | bigint) {
    this.origin = BigInt(origin)
  }

  /** Address of what comes next. */
  get here(): bigint {
    return this.origin + BigInt(this.size)
  }

  /** A label here. A decimal number makes a local one, which may come again; `1b` and `1f` are the nearest before and after. */
  label(name: string): void {
    if (/^\d+$/.test(name)) this.locals.set(name, [...(this.locals.get(name) ?? []), { order: this.pieces.length, address: this.here }])
    else this.define(name, this.here)
  }

  /** Gives a name a value. @throws {AssemblyError} if it has one */
  define(name: string, value: number | bigint): void {
    if (!/^[A-Za-z_.$][\w.$]*$/.test(name) || name === '.') throw this.error(`${name} is no name`)
    if (this.symbols.has(name)) throw this.error(`${name} is defined twice`)
    this.symbols.set(name, BigInt(value))
  }

  /** One instruction or pseudo-instruction: `op('lw', 'a0', '8(sp)')`. @throws {AssemblyError} */
  op(name: string, ...operands: readonly OperandText[]): void {
    const texts = operands.map(String)
    if (name === 'li') this.constant(texts)
    else if (name === 'la' || name === 'lla') this.far(name, texts, 'addi')
    else if (name === 'call') this.far(name, ['ra', ...texts], 'jalr')
    else if (name === 'tail') this.far(name, ['t1', ...texts], 'jalr', 'zero')
    else this.instruction(name, texts)
  }

  /** Integers of so many bytes each, little-endian; two's complement or unsigned. */
  data(width: 1 | 2 | 4 | 8, ...values: readonly OperandText[]): void {
    for (const value of values) this.piece(width, (into, resolve) => writeInteger(into, width, evaluate(String(value), resolve)))
  }

  bytes(bytes: Uint8Array): void {
    this.piece(bytes.length, (into) => into.set(bytes))
  }

  /** Latin-1. */
  text(text: string): void {
    this.bytes(latin1(text))
  }

  /** Zeroes. */
  space(count: number): void {
    if (!Number.isInteger(count) || count < 0) throw this.error(`${count} is no size`)
    this.piece(count, () => undefined)
  }

  /** Zeroes up to a multiple of `bytes`. */
  align(bytes: number): void {
    if (!Number.isInteger(bytes) || bytes < 1) throw this.error(`${bytes} is no alignment`)
    this.space(Number(BigInt.asUintN(64, -this.here) % BigInt(bytes)))
  }

  /** An expression's value as far as symbols are known now. @throws {AssemblyError} */
  value(text: OperandText): bigint {
    return this.guarded(() => evaluate(String(text), this.resolver()))
  }

  finish(): Program {
    const bytes = new Uint8Array(this.size)
    for (const { address, size, line, write } of this.pieces) {
      this.line = line
      const at = Number(address - this.origin)
      write(bytes.subarray(at, at + size))
    }
    return { origin: this.origin, bytes, symbols: this.symbols }
  }

  private instruction(name: string, texts: readonly string[]): void {
    const all = formsOf(name)
    if (all.length === 0) throw this.error(`no instruction is called ${name}`)
    const suitable = all.filter((form) => suits(form, texts))
    if (suitable.length === 0) throw this.error(`${name} ${texts.join(',')}: operands should be ${[...new Set(all.map(spelling))].join(' or ') || 'none'}`)
    const parcel = this.compressing ? this.compressed(suitable, texts) : undefined
    if (parcel !== undefined) return this.data(2, parcel)
    const form = suitable.find(({ compressed }) => !compressed) ?? suitable[0]
    const pc = this.here
    this.piece(4, (into, resolve) => putU32le(into, 0, encode(form.row, operandsFrom(form, texts, pc, resolve))))
  }

  private compressed(forms: readonly Form[], texts: readonly string[]): number | undefined {
    for (const form of forms) {
      if (isRelative(form)) continue
      const operands = this.known(form, texts)
      const parcel = operands === undefined ? undefined : compress(form.row, operands)
      if (parcel !== undefined) return parcel
    }
    return undefined
  }

  /** Operands, if all their symbols are known already. */
  private known(form: Form, texts: readonly string[]): Operands | undefined {
    try {
      return operandsFrom(form, texts, this.here, this.resolver())
    } catch (error) {
      if (error instanceof AssemblyError) return undefined
      throw error
    }
  }

  private constant(texts: readonly string[]): void {
    const [register, value] = texts
    if (texts.length !== 2 || integerRegister(register) === undefined) throw this.error(`li ${texts.join(',')}: operands should be rd,value`)
    const wanted = this.value(value)
    if (wanted < -(1n << 63n) || wanted >= 1n << 64n) throw this.error(`li: ${value} doesn't fit 64 bits`)
    for (const [index, { row, imm }] of steps(wanted).entries()) {
      if (row === 'lui') this.instruction(row, [register, `${(imm >>> 12) & 0xf_ffff}`])
      else this.instruction(row, [register, index === 0 ? 'zero' : register, `${imm}`])
    }
  }

  /** auipc and a second instruction that adds the low 12 bits: anywhere within 2 GiB. */
  private far(name: string, texts: readonly string[], second: 'addi' | 'jalr', link?: string): void {
    const [register, target] = texts
    const base = integerRegister(register)
    if (texts.length !== 2 || base === undefined) throw this.error(`${name} ${texts.join(',')}: operands should be ${second === 'jalr' ? '' : 'rd,'}address`)
    const pc = this.here
    const rd = link === undefined ? base : (integerRegister(link) as number)
    this.piece(8, (into, resolve) => {
      const offset = BigInt.asIntN(64, evaluate(target, resolve) - pc)
      if (offset < -0x8000_0800n || offset > 0x7fff_f7ffn) throw new AssemblyError(`${name}: ${target} is ${offset} bytes away, out of reach`)
      const low = Number(BigInt.asIntN(12, offset))
      putU32le(into, 0, encode(rowNamed('auipc'), { rd: base, imm: (Number(offset) - low) | 0 }))
      putU32le(into, 4, encode(rowNamed(second), { rd, rs1: base, imm: low }))
    })
  }

  private piece(size: number, write: (into: Uint8Array, resolve: Resolve) => void): void {
    if (this.size + size > sizeMax) throw this.error(`the program is larger than ${sizeMax} bytes`)
    const resolve = this.resolver()
    this.pieces.push({ address: this.here, size, line: this.line, write: (into) => this.guarded(() => write(into, resolve)) })
    this.size += size
  }

  /** Names as seen from here. */
  private resolver(): Resolve {
    const here = this.here
    const order = this.pieces.length
    return (name) => {
      if (name === '.') return here
      if (!/^\d/.test(name)) return this.symbols.get(name)
      const all = this.locals.get(name.slice(0, -1)) ?? []
      // A label's order is that of the piece which follows it.
      return name.endsWith('b') ? all.findLast((label) => label.order <= order)?.address : all.find((label) => label.order > order)?.address
    }
  }

  private guarded<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      if (error instanceof AssemblyError || error instanceof RangeError) throw this.error(error.message)
      throw error
    }
  }

  private error(message: string): AssemblyError {
    return new AssemblyError(message, this.line)
  }
}

function writeInteger(into: Uint8Array, width: 1 | 2 | 4 | 8, value: bigint): void {
  const bits = BigInt(width * 8)
  if (value < -(1n << (bits - 1n)) || value >= 1n << bits) throw new AssemblyError(`${value} doesn't fit ${bits} bits`)
  const plain = BigInt.asUintN(width * 8, value)
  if (width === 8) putU64le(into, 0, plain)
  else if (width === 4) putU32le(into, 0, Number(plain))
  else if (width === 2) putU16le(into, 0, Number(plain))
  else into[0] = Number(plain)
}
