/**
 * A small guest for lock step with everything privileged in it: random programs in M, S or U mode under Sv39, with a machine-mode handler
 * that heals, skips or restarts, and a supervisor's handler for what is delegated.
 *
 * Addresses: RAM is mapped to itself for S (code not for U), and at alias (bits 30 and 31 swapped in value) for U; the data is U's, so that
 * S needs SUM. A superpage for S shows RAM once more. Page tables are written by the guest itself as it goes.
 */
import type { Random } from '../../../src/base/random.ts'
import { assemble } from '../../../src/cpu/asm/assemble.ts'
import { encode } from '../../../src/cpu/isa/encode.ts'
import { type CpuName, profiles } from '../../../src/cpu/isa/profile.ts'
import { rowNamed } from '../../../src/cpu/isa/rows.ts'
import { randomData, randomProgram } from '../../../src/cpu/oracle/random-program.ts'
import { deviceBase } from './device.ts'
import { snippet } from './snippets.ts'

export const ramBase = 0x8000_0000
export const ramBytes = 0x10_0000

/** Offsets in RAM. */
export const places = {
  stub: 0, handler: 0x400, save: 0x2000, supervisor: 0x3000, supervisorSave: 0x4000, root: 0x5000, middle: 0x6000, leaves: 0x7000, aliasMiddle: 0x8000, aliasLeaves: 0x9000,
  deviceMiddle: 0xa000, deviceLeaves: 0xb000, data: 0x1_0000, code: 0x2_0000,
} as const

/** What turns an S address of code into U's, and back. */
const alias = 0xc000_0000

export interface Guest {
  readonly image: Uint8Array
  readonly codeBytes: number
  /** Words that DMA may write over the code. */
  readonly words: readonly number[]
}

export function randomGuest(random: Random, cpu: CpuName): Guest {
  const code = program(random, cpu)
  const image = new Uint8Array(places.code + code.length)
  const start = (at: number, source: string): void => image.set(assemble(ramBase + at, source).bytes, at)
  start(places.stub, stub(random))
  start(places.handler, machineHandler(places.code + code.length, cpu))
  start(places.supervisor, supervisorHandler(places.code + code.length))
  image.set(randomData(random), places.data)
  image.set(code, places.code)
  pageTables(image, Math.ceil(code.length / 4096))
  const any = (): number => 10 + random.below(6)
  const word = (): number => random.below(2) === 0
    ? encode(rowNamed(['add', 'xor', 'mulw', 'sltu'][random.below(4)]), { rd: any(), rs1: any(), rs2: any() })
    : encode(rowNamed(['addi', 'lw'][random.below(2)]), { rd: any(), rs1: 8 + random.below(2), imm: 2 * random.below(32) })
  return { image, codeBytes: code.length, words: Array.from({ length: 16 }, word) }
}

/** Random programs with privileged snippets between them, round and round. */
function program(random: Random, cpu: CpuName): Uint8Array {
  const pieces: Uint8Array[] = []
  let size = 0
  const put = (bytes: Uint8Array): void => {
    pieces.push(bytes)
    size += bytes.length
  }
  const count = 2 + random.below(4)
  for (let part = 0; part < count; part++) {
    if (random.below(3) === 0) put(padding(size, random))
    const whole = randomProgram(random, { dataAddress: ramBase + places.data, instructions: 20 + random.below(120), traps: random.below(4) > 0, extensions: profiles[cpu].extensions })
    put(withoutEnd(whole))
    const lines = Array.from({ length: 1 + random.below(8) }, () => snippet(random, cpu))
    put(assemble(ramBase + places.code + size, lines.join('\n')).bytes)
  }
  put(assemble(0, `j -${size}`).bytes)
  const all = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** A jump to shortly before the page's end, so that what follows straddles two pages. */
function padding(size: number, random: Random): Uint8Array {
  const to = (Math.floor(size / 4096) + 1) * 4096 - 2 * (1 + random.below(40))
  return to - size < 4 ? new Uint8Array(0) : assemble(0, `j ${to - size}; .space ${to - size - 4}`).bytes
}

/** A random program without the jump to itself that ends it. */
function withoutEnd(bytes: Uint8Array): Uint8Array {
  const short = bytes[bytes.length - 2] === 0x01 && bytes[bytes.length - 1] === 0xa0
  return bytes.subarray(0, bytes.length - (short ? 2 : 4))
}

/** Sets a hart up and goes to the program, in a random mode, with random delegation and interrupts. */
function stub(random: Random): string {
  const mode = [0, 1, 1, 3][random.below(4)]
  const entry = ramBase + places.code
  const status = (mode << 11) | 0x6000 | (random.below(2) << 18) | (random.below(2) << 19) | (random.below(4) === 0 ? 1 << 21 : 0) | (random.below(8) === 0 ? 1 << 20 : 0) | 0x2
  // Environment calls stay with machine mode, which changes modes on them.
  const delegation = random.below(2) === 0 ? 0 : random.below(0x1_0000) & 0xb0ff
  return `
    li t0, -1
    csrw pmpaddr0, t0
    csrwi pmpcfg0, 0x1f
    li t0, ${ramBase + places.handler + random.below(2)}
    csrw mtvec, t0
    li t0, ${ramBase + places.supervisor}
    csrw stvec, t0
    csrr t1, mhartid
    slli t1, t1, 8
    li t0, ${ramBase + places.save}
    add t0, t0, t1
    csrw mscratch, t0
    li t0, ${ramBase + places.supervisorSave}
    add t0, t0, t1
    csrw sscratch, t0
    li t0, ${delegation}
    csrw medeleg, t0
    li t0, ${random.below(2) * 0x222}
    csrw mideleg, t0
    li t0, 0xaaa
    csrw mie, t0
    li t0, ${random.below(4) === 0 ? 0 : 7}
    csrw mcounteren, t0
    csrw scounteren, t0
    li t0, ${(8n << 60n) | BigInt((ramBase + places.root) >>> 12)}
    csrw satp, t0
    li t0, ${(random.below(8) << 4) | 0x80}
    csrw menvcfg, t0
    csrw senvcfg, t0
    li t0, ${BigInt(random.below(8)) << 61n}
    csrs menvcfg, t0
    sfence.vma
    li t0, ${status}
    csrw mstatus, t0
    li t0, ${mode === 0 ? (entry ^ alias) >>> 0 : entry}
    csrw mepc, t0
    mret`
}

/** Address in t1 → RAM address of the code there in t2; elsewhere goes to `label`. */
const physical = (size: number, label: string): string => `
    srli t2, t1, 31
    bnez t2, 8f
    li t2, ${alias}
    xor t2, t1, t2
    j 9f
  8: mv t2, t1
  9: li t3, ${ramBase + places.code}
    bltu t2, t3, ${label}
    li t3, ${ramBase + size - 3}
    bgeu t2, t3, ${label}`

/** t1 += length of the instruction that t2 points to. */
const step = `
    lbu t2, 0(t2)
    andi t2, t2, 3
    addi t2, t2, -3
    addi t1, t1, 2
    bnez t2, 7f
    addi t1, t1, 2
  7:`

function machineHandler(end: number, cpu: CpuName): string {
  const vectors = Array.from({ length: 12 }, () => 'j entry').join('\n')
  return `
    ${vectors}
  entry:
    csrrw t0, mscratch, t0
    sd t1, 0(t0)
    sd t2, 8(t0)
    sd t3, 16(t0)
    csrr t1, mcause
    csrr t2, mtval
    ld t3, 24(t0)
    add t3, t3, t1
    xor t3, t3, t2
    sd t3, 24(t0)
    ld t3, 32(t0)
    addi t3, t3, 1
    sd t3, 32(t0)
    bltz t1, interrupt
    li t2, 2
    beq t1, t2, illegal
    li t2, 13
    beq t1, t2, fault
    li t2, 15
    beq t1, t2, fault
    li t2, 12
    beq t1, t2, restart
    addi t2, t1, -8
    li t3, 2
    bltu t2, t3, change
  skip:
    csrr t1, mepc
    ${physical(end, 'restart')}
    ${step}
    csrw mepc, t1
    j leave
  illegal:
    andi t3, t3, 7
    bnez t3, skip
    li t3, 0x6000
    csrs mstatus, t3
    j skip
  change:
    # An environment call: U and S change places.
    csrr t1, mepc
    ${physical(end, 'restart')}
    ${step}
    li t2, ${alias}
    xor t1, t1, t2
    csrw mepc, t1
    li t2, 0x1800
    csrr t1, mcause
    csrc mstatus, t2
    addi t1, t1, -8
    bnez t1, leave
    li t2, 0x800
    csrs mstatus, t2
    j leave
  fault:
    andi t3, t3, 3
    bnez t3, skip
    li t3, 0x40000
    csrs mstatus, t3
    li t2, ${ramBase + places.leaves + 0x10 * 8}
    li t3, ${BigInt((ramBase + places.data) >>> 12) << 10n | 0xdfn}
    sd t3, 0(t2)
    addi t3, t3, 0x400
    sd t3, 8(t2)
    addi t3, t3, 0x400
    sd t3, 16(t2)
    sfence.vma
    j leave
  restart:
    li t1, ${ramBase + places.code}
    csrw mepc, t1
    li t1, 0x1800
    csrc mstatus, t1
    li t1, 0x800
    csrs mstatus, t1
    sfence.vma
    j leave
  interrupt:
    li t2, ${deviceBase}
    sw t1, 12(t2)
    csrwi mip, 0
    ${cpu === 'rv64gc' ? '' : 'li t2, -1; csrw stimecmp, t2'}
  leave:
    ld t1, 0(t0)
    ld t2, 8(t0)
    ld t3, 16(t0)
    csrrw t0, mscratch, t0
    mret`
}

function supervisorHandler(end: number): string {
  return `
    csrrw t0, sscratch, t0
    sd t1, 0(t0)
    sd t2, 8(t0)
    sd t3, 16(t0)
    csrr t1, scause
    csrr t2, stval
    ld t3, 24(t0)
    add t3, t3, t1
    xor t3, t3, t2
    sd t3, 24(t0)
    bltz t1, interrupt
    li t2, 12
    beq t1, t2, restart
    li t2, 1
    beq t1, t2, restart
    li t2, 0x40000
    csrs sstatus, t2
    csrr t1, sepc
    ${physical(end, 'restart')}
    ${step}
    csrw sepc, t1
    j leave
  restart:
    li t1, ${ramBase + places.code}
    csrw sepc, t1
    li t1, 0x100
    csrs sstatus, t1
    j leave
  interrupt:
    li t2, ${deviceBase}
    sw t1, 12(t2)
    csrci sip, 2
    li t2, 0x20
    csrc sie, t2
  leave:
    ld t1, 0(t0)
    ld t2, 8(t0)
    ld t3, 16(t0)
    csrrw t0, sscratch, t0
    sret`
}

const valid = 1
const supervisorAll = 0xcf
const userAll = 0xdf

function pageTables(image: Uint8Array, codePages: number): void {
  const view = new DataView(image.buffer)
  const entry = (table: number, index: number, to: number, bits: number): void => view.setBigUint64(table + 8 * index, (BigInt(to >>> 12) << 10n) | BigInt(bits), true)
  entry(places.root, 0, ramBase + places.deviceMiddle, valid)
  entry(places.root, 1, ramBase + places.aliasMiddle, valid)
  entry(places.root, 2, ramBase + places.middle, valid)
  entry(places.root, 3, ramBase, 0)
  entry(places.middle, 0, ramBase + places.leaves, valid)
  // A superpage, 2 MiB from RAM's start, without A and D.
  entry(places.middle, 1, ramBase, 0x7)
  entry(places.aliasMiddle, 0, ramBase + places.aliasLeaves, valid)
  entry(places.deviceMiddle, 128, ramBase + places.deviceLeaves, valid)
  entry(places.deviceLeaves, 0, deviceBase, 0x7)
  for (const page of [3, 4, 5, 6, 7, 8, 9, 0xa, 0xb]) entry(places.leaves, page, ramBase + 4096 * page, supervisorAll)
  for (const page of [0x10, 0x11, 0x12]) entry(places.leaves, page, ramBase + 4096 * page, userAll)
  for (let page = 0x20; page < 0x20 + codePages; page++) {
    entry(places.leaves, page, ramBase + 4096 * page, supervisorAll)
    entry(places.aliasLeaves, page, ramBase + 4096 * page, userAll)
  }
}
