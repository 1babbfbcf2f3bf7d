/**
 * Streams of machine code that mean nobody well: random words, valid instructions with random operands, random CSRs, random page tables.
 * Interpreter and compiled code run each one; neither may throw, and both must end alike, at the budget's end or asleep.
 */
import type { Random } from '../../../src/base/random.ts'
import type { Instant } from '../../../src/base/time.ts'
import type { Core } from '../../../src/cpu/core.ts'
import { compress } from '../../../src/cpu/isa/compress.ts'
import { encode } from '../../../src/cpu/isa/encode.ts'
import { immediateOf } from '../../../src/cpu/isa/pattern.ts'
import { type CpuName, has, profiles } from '../../../src/cpu/isa/profile.ts'
import { rowNamed, rows } from '../../../src/cpu/isa/rows.ts'
import { csrs } from '../../../src/cpu/system/csr-table.ts'
import { machineOf } from './machine.ts'
import { compareCores } from './compare.ts'

const ramBase = 0x8000_0000
const ramBytes = 0x2_0000
const codeAt = 0x1000
const ticks = 400

export interface HostileShape {
  /** One core for each: 0 interprets, 1 compiles all. Cores are compared after every stream. */
  readonly thresholds: readonly number[]
  readonly codeBytes: number
  /** Streams that share what stands in RAM round the code, and the instructions that they are put together from. */
  readonly streamsOfImage: number
}

const thorough: HostileShape = { thresholds: [0, 1], codeBytes: 0x800, streamsOfImage: 1 }
/** For quantity: no compiling, which takes a hundred times as long as the stream itself. */
export const quick: HostileShape = { thresholds: [0], codeBytes: 0x180, streamsOfImage: 20_000 }

/** Machines of one profile, used again and again. */
export class HostilePair {
  readonly #cores: readonly Core[]
  readonly #cpu: CpuName
  readonly #shape: HostileShape
  #image: Uint8Array = new Uint8Array(ramBytes)
  /** Instructions made ahead: words, the short ones with 0xffff above. */
  #stock: Uint32Array = new Uint32Array(0)
  #streams = 0

  constructor(cpu: CpuName, shape: HostileShape = thorough) {
    this.#cpu = cpu
    this.#shape = shape
    this.#cores = shape.thresholds.map((threshold) => machineOf({ harts: 1, ramBase, ramBytes, threshold, cpu }, {
      read: (address) => (address < 0x1000_0000 ? undefined : address & 0x7fff_ffff),
      write: (address) => address >= 0x1000_0000,
    }))
  }

  /** @returns what differed after the stream; throws what the core throws */
  run(random: Random): string | undefined {
    if (this.#streams++ % this.#shape.streamsOfImage === 0) this.#fill(random)
    const code = this.#code(random)
    for (const core of this.#cores) {
      if (this.#streams % this.#shape.streamsOfImage === 1 % this.#shape.streamsOfImage) {
        core.ram.set(this.#image)
        core.wrote(0, ramBytes)
      }
      core.ram.set(code, codeAt)
      core.wrote(codeAt, code.length)
      core.reset(ramBase + codeAt, ramBase, 0)
    }
    const cuts = [1 + random.below(ticks), ticks]
    for (const cut of cuts) {
      for (const core of this.#cores) {
        const end = core.now + cut
        while (core.now < end && !core.idle) core.run(end as Instant)
        if (core.now < end) core.skip(end as Instant)
      }
      const differences = this.#cores.slice(1).flatMap((core) => compareCores(this.#cores[0], core))
      if (differences.length > 0) return differences.join('; ')
    }
    return undefined
  }

  #fill(random: Random): void {
    this.#image = random.bytes(ramBytes)
    const view = new DataView(this.#image.buffer)
    if (this.#shape.streamsOfImage > 1) this.#stock = this.#stockUp(random)
    // Page tables that are hardly ever right: entries to RAM with random bits.
    for (let at = 0; at < ramBytes; at += 8) if (random.below(4) === 0) view.setBigUint64(at, (BigInt((ramBase >>> 12) + random.below(ramBytes >>> 12)) << 10n) | BigInt(random.below(256) | 1), true)
  }

  #code(random: Random): Uint8Array {
    const code = new Uint8Array(this.#shape.codeBytes + 0x400)
    const view = new DataView(code.buffer)
    let at = 0
    const put = (word: number, length: 2 | 4): void => {
      if (length === 4) view.setUint32(at, word, true)
      else view.setUint16(at, word, true)
      at += length
    }
    this.#preamble(random, put)
    const wild = random.below(3) === 0
    for (;;) {
      if (at >= this.#shape.codeBytes) return code.subarray(0, at)
      if (wild && random.below(2) === 0) put(random.below(0x1_0000), 2)
      else if (this.#stock.length === 0) this.#instruction(random, put)
      else {
        const word = this.#stock[random.below(this.#stock.length)]
        put(word >>> 16 === 0xffff ? word & 0xffff : word, word >>> 16 === 0xffff ? 2 : 4)
      }
    }
  }

  #stockUp(random: Random): Uint32Array {
    const words: number[] = []
    while (words.length < 50_000) this.#instruction(random, (word, length) => words.push(length === 2 ? word | 0xffff_0000 : word))
    return new Uint32Array(words)
  }

  /** Registers, then CSRs with values that matter. */
  #preamble(random: Random, put: (word: number, length: 2 | 4) => void): void {
    for (let register = 1; register < 32; register++) {
      if (random.below(3) === 0) continue
      put(encode(rowNamed('auipc'), { rd: register, imm: 4096 * random.below(16) }), 4)
      put(encode(rowNamed('addi'), { rd: register, rs1: register, imm: random.below(2048) - 1024 }), 4)
      if (random.below(4) === 0) put(encode(rowNamed('slli'), { rd: register, rs1: register, imm: random.below(64) }), 4)
    }
    const handler = random.below(4)
    put(encode(rowNamed('csrrw'), { rs1: 1 + random.below(31), imm: 0x305 }), 4)
    if (handler > 0) {
      put(encode(rowNamed('auipc'), { rd: 5 }), 4)
      put(encode(rowNamed('csrrw'), { rs1: 5, imm: 0x305 }), 4)
    }
    for (let count = random.below(24); count > 0; count--) {
      const { number } = csrs[random.below(csrs.length)]
      put(encode(rowNamed(['csrrw', 'csrrs', 'csrrc'][random.below(3)]), { rd: random.below(32), rs1: random.below(32), imm: number }), 4)
    }
    // satp: some mode, a root in RAM.
    put(encode(rowNamed('addi'), { rd: 6, imm: [8, 8, 9, 10, 0][random.below(5)] }), 4)
    put(encode(rowNamed('slli'), { rd: 6, rs1: 6, imm: 60 }), 4)
    put(encode(rowNamed('auipc'), { rd: 7, imm: 4096 * random.below(24) }), 4)
    put(encode(rowNamed('srli'), { rd: 7, rs1: 7, imm: 12 }), 4)
    put(encode(rowNamed('or'), { rd: 6, rs1: 6, rs2: 7 }), 4)
    put(encode(rowNamed('csrrw'), { rs1: 6, imm: 0x180 }), 4)
    if (random.below(3) > 0) put(encode(rowNamed('mret'), {}), 4)
  }

  #instruction(random: Random, put: (word: number, length: 2 | 4) => void): void {
    const own = profiles[this.#cpu].extensions
    const row = rows[random.below(rows.length)]
    if (!has(own, row) && random.below(8) > 0) return
    const { least, most, step } = immediateOf(row)
    const near = row.effect.kind === 'branch' || row.effect.kind === 'jump'
    const span = near ? 128 : (most - least) / step + 1
    const imm = row.format === 'csr' ? csrs[random.below(csrs.length)].number : near && row.format !== 'I' ? step * (random.below(span) - span / 2) : least + step * random.below((most - least) / step + 1)
    const operands = { rd: random.below(32), rs1: random.below(32), rs2: random.below(32), rs3: random.below(32), rm: random.below(8), imm }
    const short = random.below(2) === 0 ? compress(row, operands) : undefined
    if (short !== undefined) put(short, 2)
    else put(encode(row, operands), 4)
  }
}
