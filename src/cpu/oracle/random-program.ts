/**
 * Random programs for lock step: streams of valid instructions from all rows, with memory, atomics, forward branches, counted loops,
 * calls, code that writes code, and, if wanted, traps. They end in a jump to itself, whatever the registers held before.
 *
 * A program is put together from blocks whose length is known when they are used, so that no branch needs a label. Registers that keep
 * it sane (`kept`) are never a random destination: three point into the data, two are scratch for addresses and counters.
 */
import type { Random } from '../../base/random.ts'
import { steps } from '../asm/constant.ts'
import { compress } from '../isa/compress.ts'
import { type Operands, encode } from '../isa/encode.ts'
import { type Extensions, has } from '../isa/profile.ts'
import { fieldsOf, immediateOf } from '../isa/pattern.ts'
import type { Effect, Row } from '../isa/row.ts'
import { rowNamed, rows } from '../isa/rows.ts'

export interface RandomProgramConfig {
  /** Where the data will lie: `dataBytes`, 4096-aligned, readable and writable. */
  readonly dataAddress: number | bigint
  /** Roughly how many instructions stand in the program; loops run some of them several times. */
  readonly instructions: number
  /** Illegal encodings, ECALL, EBREAK, misaligned atomics, access to address 0: their handler has to go on behind the instruction. */
  readonly traps: boolean
  /** What may be used beyond RV64GC; nothing unless told otherwise. */
  readonly extensions?: Extensions
  /** How often the program is gone through; 1 unless told otherwise. What is run again gets compiled. */
  readonly rounds?: number
}

/** A block of code, as halfwords. */
export type Code = readonly number[]

/** Bytes of data that a program may touch. */
export const dataBytes = 0x2000 + 64

/** Position-independent but for the data's address; it begins by loading all registers from the data. */
export function randomProgram(random: Random, config: RandomProgramConfig): Uint8Array {
  const code = new Generator(random, config).program()
  return new Uint8Array(Uint16Array.from(code).buffer)
}

/** Data worth computing with: edges of integers and floats among noise. */
export function randomData(random: Random): Uint8Array {
  const bytes = random.bytes(dataBytes)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at + 8 <= dataBytes; at += 8) {
    const choice = random.below(4)
    if (choice === 1) view.setBigUint64(at, 0xffff_ffff_0000_0000n | BigInt(pick(random, singles) ^ (random.below(3) === 0 ? random.below(4) : 0)), true)
    if (choice === 2) view.setBigUint64(at, pick(random, doubles) ^ BigInt(random.below(3) === 0 ? random.below(4) : 0), true)
    if (choice === 3) view.setBigInt64(at, pick(random, integers) + BigInt(random.below(5)) - 2n, true)
  }
  return bytes
}

// x2, x8, x9 hold addresses within the data; x30 is scratch for addresses, x31 counts loops.
const sp = 2
const low = 8
const high = 9
const scratch = 30
const counter = 31
const kept = new Set([sp, low, high, scratch, counter])
const highOffset = 0x1800
const pointers: readonly (readonly [register: number, offset: number])[] = [[sp, 0x1000], [low, 0x800], [high, highOffset]]
/** Behind what the pointers reach. */
const roundsAt = 0x2010

const integers = [0n, 1n << 31n, 1n << 32n, 1n << 62n, -(1n << 31n), 0x7fff_ffff_ffff_fff0n, -0x7fff_ffff_ffff_fff0n, 255n, 0x8000n]
const singles = [0, 0x8000_0000, 0x3f80_0000, 0xbf80_0000, 0x0080_0000, 0x007f_ffff, 0x7f7f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x7f80_0001, 0x4b80_0000, 0x4f00_0000, 0x5f00_0000, 0x3300_0000]
const doubles = [
  0n, 1n << 63n, 0x3ff0n << 48n, 0xbff0n << 48n, 0x0010n << 48n, 0x000f_ffff_ffff_ffffn, 0x7fef_ffff_ffff_ffffn, 0x7ff0n << 48n, 0xfff0n << 48n, 0x7ff8n << 48n, 0x7ff0_0000_0000_0001n,
  0x41e0n << 48n, 0x43e0n << 48n, 0x3810n << 48n, 0x47ef_ffff_f000_0000n, 0x3ca0n << 48n,
]

const ofKind = <Kind extends Effect['kind']>(kind: Kind): readonly (Row & { readonly effect: Extract<Effect, { kind: Kind }> })[] =>
  rows.filter((row): row is Row & { readonly effect: Extract<Effect, { kind: Kind }> } => row.effect.kind === kind)

const computing = ofKind('compute')
const floating = computing.filter(({ float }) => float)
const loads = ofKind('load')
const stores = ofKind('store')
const branches = ofKind('branch')
const swaps = ofKind('amo')
const reserving = ofKind('load-reserved')
const csrs = ofKind('csr')

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.below(items.length)]
}

class Generator {
  private readonly random: Random
  private readonly config: RandomProgramConfig
  /** Loops may not lie within loops: they share a counter, and the time would run away. */
  private inLoop = false
  private readonly integer: readonly Row[]

  constructor(random: Random, config: RandomProgramConfig) {
    this.random = random
    this.config = config
    this.integer = computing.filter((row) => !row.float && has(config.extensions ?? new Set(), row))
  }

  program(): Code {
    const entry = this.entry()
    const code: number[] = []
    let left = this.config.instructions
    while (left > 0) {
      const block = this.piece(left)
      code.push(...block)
      left -= Math.max(1, block.length >> 1)
    }
    const counted = this.config.rounds === undefined ? code : this.repeated(code, this.config.rounds)
    return [...entry, ...counted, ...this.one('jal', {})]
  }

  /** Goes through `code` so many times; the count lies in the data, where no random access reaches. */
  private repeated(code: Code, rounds: number): Code {
    const at = { rs1: scratch, imm: roundsAt - highOffset - 0x700 }
    const place = this.one('addi', { rd: scratch, rs1: high, imm: 0x700 })
    const keep = this.one('sd', { ...at, rs2: counter })
    const count = [...place, ...this.one('ld', { ...at, rd: counter }), ...this.one('addi', { rd: counter, rs1: counter, imm: -1 }), ...keep]
    const back = this.emit(rowNamed('beq'), { rs1: counter, imm: 8 }, false)
    const length = code.length + count.length + back.length
    return [
      ...place, ...this.constant(counter, BigInt(rounds)), ...keep,
      ...code, ...count, ...back, ...this.emit(rowNamed('jal'), { imm: -2 * length }, false),
    ]
  }

  /** Points the kept registers into the data and loads the others from there. */
  private entry(): Code {
    const { dataAddress } = this.config
    const code = pointers.flatMap(([register, offset]) => this.constant(register, BigInt(dataAddress) + BigInt(offset)))
    for (let register = 0; register < 32; register++) {
      const imm = 8 * this.random.below(512) - 2048
      if (!kept.has(register)) code.push(...this.one('ld', { rd: register, rs1: pick(this.random, [low, high]), imm }))
      code.push(...this.one('fld', { rd: register, rs1: low, imm: 8 * this.random.below(512) - 2048 }))
    }
    return code
  }

  private constant(register: number, value: bigint): Code {
    return steps(value).flatMap(({ row, imm }, index) => this.one(row, { rd: register, rs1: index === 0 ? 0 : register, imm }))
  }

  /** One to a few instructions, or a structure around up to `budget` of them. */
  private piece(budget: number): Code {
    const choice = this.random.below(100)
    if (choice < 34) return this.compute(pick(this.random, this.integer))
    if (choice < 52) return this.compute(pick(this.random, floating))
    if (choice < 62) return this.load()
    if (choice < 70) return this.store()
    if (choice < 76) return this.atomic()
    if (choice < 79) return this.floatCsr()
    if (choice < 80) return this.one(pick(this.random, ['fence', 'fence.i']), { imm: 0xff })
    if (choice < 83) return this.config.traps ? this.trapping() : this.compute(pick(this.random, this.integer))
    if (choice < 84) return this.selfModifying()
    const inner = this.block(Math.min(budget, 1 + this.random.below(12)))
    if (choice < 92) return this.skipping(inner)
    if (choice < 94) return this.jumping(inner)
    if (choice < 96) return this.leaping(inner)
    if (choice < 98 || this.inLoop) return this.spilling(inner)
    return this.loop(budget)
  }

  private block(budget: number): Code {
    const code: number[] = []
    for (let count = 0; count < budget; count++) code.push(...this.piece(budget >> 1))
    return code
  }

  private compute(row: Row): Code {
    const { least, most, step } = immediateOf(row)
    const imm = least + step * this.random.below((most - least) / step + 1)
    const toFloat = row.effect.kind === 'compute' && row.effect.file === 'f'
    const edge = row.format === 'I' && this.random.below(4) === 0 ? pick(this.random, [0, 1, -1, 31, -32, least, most]) : imm
    return this.emit(row, { ...this.sources(row), rd: toFloat ? this.any() : this.destination(), imm: edge, rm: pick(this.random, [0, 1, 2, 3, 4, 7, 7, 7]) })
  }

  private sources(row: Row): Operands {
    // c.add and its like want rd = rs1, and so do chains of dependent instructions.
    const fields = fieldsOf(row)
    return { rs1: fields.rs1 ? this.any() : 0, rs2: fields.rs2 ? this.any() : 0, rs3: fields.rs3 ? this.any() : 0 }
  }

  private load(): Code {
    const row = pick(this.random, loads)
    const rd = row.effect.file === 'f' ? this.any() : this.destination()
    const [before, operands] = this.place(row.effect.width)
    return [...before, ...this.emit(row, { ...operands, rd })]
  }

  private store(): Code {
    const row = pick(this.random, stores)
    const [before, operands] = this.place(row.effect.width)
    return [...before, ...this.emit(row, { ...operands, rs2: this.any() })]
  }

  /** An address in the data: off a pointer, or worked out from a random register. Mostly aligned. */
  private place(width: number): readonly [before: Code, operands: Operands] {
    const align = this.random.below(8) === 0 ? 1 : width
    const base = pick(this.random, pointers)[0]
    const choice = this.random.below(3)
    // Small and positive offsets are what compressed forms have.
    if (choice === 0) return [[], { rs1: base, imm: align * this.random.below(Math.floor(128 / align)) }]
    if (choice === 1) return [[], { rs1: base, imm: align * (this.random.below(Math.floor(4096 / align)) - Math.floor(2048 / align)) }]
    return [this.computed(low, 0x7ff & -align), { rs1: scratch, imm: align * (this.random.below(64) - 32) }]
  }

  /** scratch = base + (any register & mask) */
  private computed(base: number, mask: number): Code {
    return [...this.one('andi', { rd: scratch, rs1: this.any(), imm: mask }), ...this.one('add', { rd: scratch, rs1: scratch, rs2: base })]
  }

  private atomic(): Code {
    const misaligned = this.config.traps && this.random.below(8) === 0
    const before = (width: number): Code => this.computed(high, misaligned ? 0x7ff : 0x7ff & -width)
    if (this.random.below(3) > 0) {
      const row = pick(this.random, swaps)
      return [...before(row.effect.width), ...this.emit(row, this.ordered())]
    }
    const row = pick(this.random, reserving)
    const between = this.random.below(2) === 0 ? this.compute(pick(this.random, this.integer)) : []
    // Now and then of the other width or somewhere else; that SC fails or not must be the same for all.
    const elsewhere = this.random.below(6) === 0 ? this.one('addi', { rd: scratch, rs1: scratch, imm: 8 }) : []
    return [...before(row.effect.width), ...this.emit(row, this.ordered()), ...between, ...elsewhere, ...this.one(row.name.replace('lr', 'sc'), this.ordered())]
  }

  private ordered(): Operands {
    return { rd: this.destination(), rs1: scratch, rs2: this.any(), imm: this.random.below(4) }
  }

  /** fflags, frm and fcsr; without traps frm stays valid. */
  private floatCsr(): Code {
    if (this.random.below(2) === 0) return this.one('csrrwi', { rd: this.destination(), rs1: this.random.below(this.config.traps ? 8 : 5), imm: 2 })
    const row = pick(this.random, csrs)
    const immediate = row.effect.source === 'immediate'
    return this.emit(row, { rd: this.destination(), rs1: immediate ? this.random.below(32) : this.any(), imm: this.config.traps ? 1 + 2 * this.random.below(2) : 1 })
  }

  private trapping(): Code {
    switch (this.random.below(6)) {
      case 0: return this.one('ecall', {})
      case 1: return this.one('ebreak', {})
      case 2: return this.emit(pick(this.random, loads), { rd: this.destination(), rs1: 0, imm: this.random.below(2048) })
      case 3: return this.emit(pick(this.random, stores), { rs1: 0, rs2: this.any(), imm: -this.random.below(2048) })
      // A CSR of machine mode, which user mode must not have.
      case 4: return this.emit(pick(this.random, csrs), { rd: this.destination(), rs1: this.any(), imm: 0x300 })
      default: return pick(this.random, [[0], [0xffff, 0xffff], [0x8002], [0x4002], [0x707f, 0], [0x202f, 0x3000]])
    }
  }

  /** A branch over a block, taken or not. */
  private skipping(inner: Code): Code {
    if (inner.length > 2000) return inner
    const row = pick(this.random, branches)
    return [...this.emit(row, { ...this.sources(row), imm: 4 + 2 * inner.length }, false), ...inner]
  }

  private jumping(inner: Code): Code {
    return [...this.emit(rowNamed('jal'), { rd: this.destination(), imm: 4 + 2 * inner.length }, false), ...inner]
  }

  /** An indirect jump over a block, to an odd address now and then: bit 0 is dropped. */
  private leaping(inner: Code): Code {
    const distance = 8 + 2 * inner.length + this.random.below(2)
    if (distance > 2047) return inner
    return [...this.one('auipc', { rd: scratch }), ...this.emit(rowNamed('jalr'), { rd: this.destination(), rs1: scratch, imm: distance }, false), ...inner]
  }

  /** The stack pointer moved down around a block. */
  private spilling(inner: Code): Code {
    const size = 16 * (1 + this.random.below(8))
    return [...this.one('addi', { rd: sp, rs1: sp, imm: -size }), ...inner, ...this.one('addi', { rd: sp, rs1: sp, imm: size })]
  }

  private loop(budget: number): Code {
    this.inLoop = true
    const body = [...this.block(Math.min(budget, 2 + this.random.below(16))), ...this.one('addi', { rd: counter, rs1: counter, imm: -1 })]
    this.inLoop = false
    if (body.length > 2000) return body
    return [...this.one('addi', { rd: counter, rs1: 0, imm: 1 + this.random.below(9) }), ...body, ...this.emit(rowNamed('bne'), { rs1: counter, imm: -2 * body.length }, false)]
  }

  /** Writes another instruction over one that stands ahead, then goes there; the fence is what makes that lawful. */
  private selfModifying(): Code {
    const fence = this.emit(rowNamed('fence.i'), {}, false)
    const old = this.emit(pick(this.random, this.integer), { rd: this.destination(), rs1: this.any(), rs2: this.any() }, false)
    const fresh = encode(pick(this.random, this.integer), { rd: this.destination(), rs1: this.any(), rs2: this.any() })
    const value = this.constant(counter, BigInt(fresh | 0))
    if (this.inLoop) return old
    // auipc 4, sw 4, fence.i 4: the instruction stands 12 bytes behind the auipc.
    return [...value, ...this.emit(rowNamed('auipc'), { rd: scratch }, false), ...this.emit(rowNamed('sw'), { rs1: scratch, rs2: counter, imm: 12 }, false), ...fence, ...old]
  }

  private one(name: string, operands: Operands): Code {
    return this.emit(rowNamed(name), operands)
  }

  /** The instruction, compressed as often as not where it can be. */
  private emit(row: Row, operands: Operands, short = this.random.below(2) === 0): Code {
    const parcel = short ? compress(row, operands) : undefined
    if (parcel !== undefined) return [parcel]
    const word = encode(row, operands)
    return [word & 0xffff, word >>> 16]
  }

  private any(): number {
    return this.random.below(3) > 0 ? 8 + this.random.below(8) : this.random.below(32)
  }

  private destination(): number {
    for (;;) {
      const register = this.any()
      if (!kept.has(register)) return register
    }
  }
}
