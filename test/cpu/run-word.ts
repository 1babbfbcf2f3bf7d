/**
 * Single instructions on the oracle, the interpreter and in compiled code. For the machines every word is a small function, called three
 * times: a threshold of 1 notes it at the first call, compiles it at the next jump to something new, and so the last call is the region's.
 */
import { expect } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { assemble } from '../../src/cpu/asm/assemble.ts'
import { everyExtension } from '../../src/cpu/isa/profile.ts'
import { execute } from '../../src/cpu/oracle/execute.ts'
import { oracleMemory, oracleState } from '../../src/cpu/oracle/state.ts'
import { type Threshold, coresOf } from './engines.ts'

export interface WordCase {
  /** May use a0 to a3 and fa0 to fa3, and no memory. */
  readonly word: number
  /** What a1, a2, a3 hold, and fa1, fa2, fa3, too. */
  readonly args: readonly bigint[]
  /** Before the instruction: frm in bits 7–5, fflags below; 0 unless given. */
  readonly fcsr?: number
}

/** a0, fa0 and fcsr after the instruction, unsigned. */
export interface WordResult {
  readonly a0: bigint
  readonly fa0: bigint
  readonly fcsr: number
}

const base = 0x8000_0000
const places = { words: 0x1000, table: 0x1_0000 } as const
const entryBytes = 64
const coreFor = coresOf({ ramBase: base, ramBytes: 0x8_0000, cpu: 'rva22' })

/** Runs all of them, each from its own registers. */
export function runWords(threshold: Threshold, cases: readonly WordCase[]): readonly WordResult[] {
  return threshold === undefined ? cases.map(onOracle) : onCore(threshold, cases)
}

function onOracle({ word, args, fcsr = 0 }: WordCase): WordResult {
  const state = oracleState(0)
  state.extensions = everyExtension
  for (const [index, value] of args.entries()) state.x[11 + index] = state.f[11 + index] = BigInt.asUintN(64, value)
  state.fflags = fcsr & 0x1f
  state.frm = fcsr >> 5
  expect(execute(state, oracleMemory(0, new Uint8Array(8)), word)).toEqual({ kind: 'retired' })
  return { a0: state.x[10], fa0: state.f[10], fcsr: (state.frm << 5) | state.fflags }
}

/** Goes through the table three times; s5 is 1 at the end, and mcause 0. */
const driver = (count: number): string => `
    li t0, 0x6000
    csrw mstatus, t0
    la t0, end
    csrw mtvec, t0
    li s3, 3
  pass:
    li s1, ${base + places.table}
    li s2, ${base + places.table + count * entryBytes}
  next:
    ld t0, 0(s1)
    ld a1, 8(s1)
    ld a2, 16(s1)
    ld a3, 24(s1)
    fld fa1, 8(s1)
    fld fa2, 16(s1)
    fld fa3, 24(s1)
    fmv.d.x fa0, zero
    li a0, 0
    ld t1, 32(s1)
    csrw fcsr, t1
    jalr t0
    csrr t1, fcsr
    sd a0, 40(s1)
    fsd fa0, 48(s1)
    sd t1, 56(s1)
    addi s1, s1, ${entryBytes}
    bne s1, s2, next
    addi s3, s3, -1
    bnez s3, pass
    li s5, 1
    .align 2
  end:
    li t2, ${base + places.table - 8}
    sd s5, 0(t2)
    j .`

function onCore(threshold: number, cases: readonly WordCase[]): readonly WordResult[] {
  const core = coreFor(threshold)
  const view = new DataView(core.ram.buffer, core.ram.byteOffset, core.ram.byteLength)
  core.ram.fill(0)
  core.ram.set(assemble(base, driver(cases.length)).bytes)
  const functions = new Map<number, number>()
  for (const [index, { word, args, fcsr = 0 }] of cases.entries()) {
    const at = functions.get(word) ?? places.words + 8 * functions.size
    functions.set(word, at)
    view.setUint32(at, word, true)
    view.setUint32(at + 4, 0x0000_8067, true)
    const entry = places.table + index * entryBytes
    view.setBigUint64(entry, BigInt(base + at), true)
    for (const [arg, value] of args.entries()) view.setBigUint64(entry + 8 + 8 * arg, BigInt.asUintN(64, value), true)
    view.setBigUint64(entry + 32, BigInt(fcsr), true)
  }
  core.wrote(0, core.ram.length)
  core.reset(base, 0, 0)
  const before = core.statistics().compiled
  core.run((core.now + 1000 + cases.length * 100) as Instant)
  expect(view.getUint8(places.table - 8), 'came to the end without a trap').toBe(1)
  // The functions, and the driver's own loops.
  if (threshold === 1) expect(core.statistics().compiled - before).toBeGreaterThan(functions.size)
  return cases.map((_, index) => {
    const entry = places.table + index * entryBytes
    return { a0: view.getBigUint64(entry + 40, true), fa0: view.getBigUint64(entry + 48, true), fcsr: Number(view.getBigUint64(entry + 56, true)) }
  })
}
