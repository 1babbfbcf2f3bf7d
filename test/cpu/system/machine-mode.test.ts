/** What machine-mode software sees of protection, translation and counters, by literal programs on both engines. */
import { describe, expect, it } from 'vitest'
import type { Instant } from '../../../src/base/time.ts'
import { assemble } from '../../../src/cpu/asm/assemble.ts'
import type { CpuName } from '../../../src/cpu/isa/profile.ts'
import { integerRegister } from '../../../src/cpu/isa/registers.ts'
import { statesOf } from '../../contract/engine/compare.ts'
import { machineOf } from '../../contract/engine/machine.ts'

const base = 0x8000_0000

/** Runs until the program loops at its end or its handler's; gives registers afterwards, and RAM. */
function run(source: string, cpu: CpuName, threshold: number, prepare: (ram: DataView) => void = () => undefined): { x: (name: string) => bigint; ram: Uint8Array } {
  const core = machineOf({ harts: 1, ramBase: base, ramBytes: 0x4_0000, cpu, threshold }, { read: () => undefined, write: () => false })
  core.ram.fill(0xa5)
  prepare(new DataView(core.ram.buffer, core.ram.byteOffset, core.ram.byteLength))
  core.ram.set(assemble(base, source).bytes)
  core.wrote(0, core.ram.length)
  core.reset(base, 0, 0)
  core.run(2000 as Instant)
  const [state] = statesOf(core)
  return { x: (name) => state.getBigUint64(8 * (integerRegister(name) as number), true), ram: core.ram }
}

/** Traps leave cause, tval and epc in s2, s3 and s4. */
const handler = `
  la t0, handler
  csrw mtvec, t0
  j start
  .align 2
handler:
  csrr s2, mcause
  csrr s3, mtval
  csrr s4, mepc
  j .
start:`

/** cbo.zero in S-mode with this menvcfg, then an environment call. */
const clearsBelow = (environment: number): string => `${handler}
      li t0, -1
      csrw pmpaddr0, t0
      csrwi pmpcfg0, 0x1f
      li t0, ${environment}
      csrw menvcfg, t0
      li a0, ${base + 0x2000}
      la t0, lower
      csrw mepc, t0
      li t0, 0x800
      csrs mstatus, t0
      mret
    lower:
      cbo.zero (a0)
      ecall`

const engines: readonly [string, number][] = [['interpreter', 0], ['compiled code', 1]]

describe.each(engines)('%s', (_, threshold) => {
  it('a locked entry of four bytes inside a page stops execution there, not before', () => {
    const { x } = run(`${handler}
      la t0, shut
      srli t0, t0, 2
      csrw pmpaddr0, t0
      li t0, 0x93
      csrw pmpcfg0, t0
      li a0, 1
      addi a0, a0, 1
      .align 3
    shut:
      addi a0, a0, 1
      j .`, 'rv64gc', threshold)
    expect(x('a0')).toBe(2n)
    expect(x('s2')).toBe(1n)
    expect(x('s3')).toBe(x('s4'))
    expect(x('s3') % 8n).toBe(0n)
  })

  it('a counter reads in the next instruction what was written into it', () => {
    const { x } = run('li a0, 100; csrw minstret, a0; csrr a1, minstret; csrr a2, minstret; csrw mcycle, zero; csrr a3, mcycle; j .', 'rv64gc', threshold)
    expect([x('a1'), x('a2'), x('a3')]).toEqual([100n, 101n, 0n])
  })

  it('a comparison to x0 sets its flags and nothing else', () => {
    const { x } = run('li t0, 0x6000; csrs mstatus, t0; li t1, -1; fmv.d.x fa0, t1; fmv.w.x fa1, zero; flt.d zero, fa0, fa0; fcvt.w.d zero, fa0; mv a0, zero; csrr a1, fflags; j .', 'rv64gc', threshold)
    expect(x('zero')).toBe(0n)
    expect(x('a0')).toBe(0n)
    expect(x('a1')).toBe(0x10n)
  })

  it('cbo.zero clears the block round its address, and is no instruction of rv64gc', () => {
    const program = `${handler}
      li a0, ${base + 0x2055}
      cbo.zero (a0)
      j .`
    const { ram } = run(program, 'rva22', threshold)
    expect([...ram.subarray(0x203f, 0x2041)]).toEqual([0xa5, 0])
    expect([...ram.subarray(0x207f, 0x2081)]).toEqual([0, 0xa5])
    expect(run(program, 'rv64gc', threshold).x('s2')).toBe(2n)
    expect(run(program, 'rv64gc', threshold).x('s3')).toBe(0x0045_200fn)
  })

  it('below M-mode cbo.zero is illegal until menvcfg lets it be', () => {
    expect(run(clearsBelow(0), 'rva22', threshold).x('s2')).toBe(2n)
    expect(run(clearsBelow(0x80), 'rva22', threshold).x('s2')).toBe(9n)
  })

  /** S-mode under a page table at 0x3000.. whose leaf of 0x4000_0000 is `leaf`; loads from 0x4000_3008. */
  const translated = (mode: number, environment: bigint, leaf: bigint, cpu: CpuName): { cause: bigint; value: bigint; entry: bigint } => {
    const levels = mode - 5
    const root = 0x3000
    const { x, ram } = run(`${handler}
      li t0, -1
      csrw pmpaddr0, t0
      csrwi pmpcfg0, 0x1f
      li t0, ${environment}
      csrw menvcfg, t0
      li t0, ${(BigInt(mode) << 60n) | BigInt((base + root) >>> 12)}
      csrw satp, t0
      li t0, 0x20800
      csrw mstatus, t0
      li a0, 0x40003008
      ld a1, 0(a0)
      li s2, 99
      j .`, cpu, threshold, (view) => {
      for (let level = levels - 1, at = root; level >= 0; level--, at += 0x1000) {
        const index = level === 2 ? 1 : level === 0 ? 3 : 0
        view.setBigUint64(at + 8 * index, level === 0 ? leaf : (BigInt((base + at + 0x1000) >>> 12) << 10n) | 1n, true)
      }
      view.setBigUint64(0x1_3008, 0x1234n, true)
    })
    return { cause: x('s2'), value: x('a1'), entry: new DataView(ram.buffer, ram.byteOffset).getBigUint64(root + 0x1000 * (levels - 1) + 24, true) }
  }
  const page = (BigInt((base + 0x1_3000) >>> 12) << 10n) | 0x07n
  const [adue, pbmte] = [1n << 61n, 1n << 62n]

  it.each([8, 9, 10])('satp mode %i', (mode) => {
    expect(translated(mode, adue, page, 'rva22')).toEqual({ cause: 99n, value: 0x1234n, entry: page | 0x40n })
    if (mode > 8) expect(translated(mode, adue, page, 'rv64gc').cause, 'rv64gc has Sv39 only: the access is untranslated').toBe(5n)
  })

  it('marks a page by hardware only where menvcfg.ADUE says so', () => {
    expect(translated(8, 0n, page, 'rva22')).toMatchObject({ cause: 13n, entry: page })
    expect(translated(8, 0n, page | 0x40n, 'rva22')).toMatchObject({ cause: 99n })
    expect(translated(8, 0n, page, 'rv64gc')).toMatchObject({ cause: 99n, entry: page | 0x40n })
  })

  it('memory types need menvcfg.PBMTE, and 3 is reserved', () => {
    expect(translated(8, adue, page | (1n << 61n), 'rva22').cause).toBe(13n)
    expect(translated(8, adue | pbmte, page | (1n << 61n), 'rva22').cause).toBe(99n)
    expect(translated(8, adue | pbmte, page | (3n << 61n), 'rva22').cause).toBe(13n)
    expect(translated(8, adue, page | (1n << 61n), 'rv64gc').cause).toBe(13n)
  })

  it('an entry with N stands for sixteen pages', () => {
    const sixteen = (1n << 63n) | (BigInt((base + 0x1_0000) >>> 12) << 10n) | 0x2007n
    expect(translated(8, adue, sixteen, 'rva22')).toMatchObject({ cause: 99n, value: 0x1234n })
    expect(translated(8, adue, sixteen & ~0x2000n, 'rva22').cause).toBe(13n)
    expect(translated(8, adue, sixteen, 'rv64gc').cause).toBe(13n)
  })
})
