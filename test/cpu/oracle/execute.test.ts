import { describe, expect, it } from 'vitest'
import { assemble } from '../../../src/cpu/asm/assemble.ts'
import { engines } from '../engines.ts'
import { base, runProgram } from '../run-program.ts'
import { runWords } from '../run-word.ts'

const wordOf = (text: string): number => new DataView(assemble(base, text).bytes.buffer).getUint32(0, true)
const least = -(1n << 63n)
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value)

describe.each(engines)('arithmetic: %s', (_engine, threshold) => {
  // Unprivileged architecture 20240411, table 11.
  it.each([
    ['div', 7n, -2n, -3n], ['div', 7n, 0n, -1n], ['div', least, -1n, least],
    ['divu', -1n, 2n, 0x7fff_ffff_ffff_ffffn], ['divu', 7n, 0n, -1n],
    ['rem', -7n, 2n, -1n], ['rem', 7n, 0n, 7n], ['rem', least, -1n, 0n],
    ['remu', -1n, 16n, 15n], ['remu', 7n, 0n, 7n],
    ['divw', -0x8000_0000n, -1n, -0x8000_0000n], ['divw', 0x1_0000_0007n, 2n, 3n], ['divw', 5n, 1n << 32n, -1n],
    ['divuw', -1n, 1n, -1n], ['divuw', 9n, 0n, -1n],
    ['remw', -0x8000_0000n, -1n, 0n], ['remw', 0x8000_0001n, 0n, -0x7fff_ffffn], ['remuw', 0xffff_fffen, 0n, -2n], ['remuw', -1n, 10n, 5n],
    ['mulh', least, least, 1n << 62n], ['mulh', -1n, 1n, -1n], ['mulhu', -1n, -1n, -2n], ['mulhsu', -1n, -1n, -1n], ['mulhsu', 2n, -1n, 1n],
    ['mulw', 0x1234_5678n, 0x1_0000_0010n, 0x2345_6780n],
    ['sraw', 0x8000_0000n, 33n, -0x4000_0000n], ['srlw', 0x8000_0000n, 1n, 0x4000_0000n], ['sllw', 1n, 31n, -0x8000_0000n],
    ['sll', 1n, 65n, 2n], ['sltu', 1n, -1n, 1n], ['slt', 1n, -1n, 0n],
  ])('%s %s %s', (name, left, right, result) => {
    const [{ a0 }] = runWords(threshold, [{ word: wordOf(`${name} a0,a1,a2`), args: [left, right] }])
    expect(BigInt.asIntN(64, a0)).toBe(result)
  })

  it('multiplies to 128 bits as BigInt does', () => {
    const values = [0n, 1n, -1n, least, least + 1n, (1n << 63n) - 1n, 0x1234_5678_9abc_def0n, -0x0fed_cba9_8765_4321n, 0xffff_ffffn, 1n << 32n]
    const pairs = values.flatMap((left) => values.map((right) => [left, right] as const))
    const cases = ['mulh', 'mulhsu', 'mulhu'].map((name) => wordOf(`${name} a0,a1,a2`)).flatMap((word) => pairs.map((args) => ({ word, args })))
    const products = [
      ...pairs.map(([left, right]) => left * right),
      ...pairs.map(([left, right]) => left * unsigned(right)),
      ...pairs.map(([left, right]) => unsigned(left) * unsigned(right)),
    ]
    expect(runWords(threshold, cases).map(({ a0 }) => a0)).toEqual(products.map((product) => unsigned(product >> 64n)))
  })

  it('never writes x0', () => {
    expect(runProgram(threshold, 'li zero,5; jalr zero,t0; here: ebreak', { t0: BigInt(base + 8) }).x('zero')).toBe(0n)
  })
})

describe.each(engines)('control: %s', (_engine, threshold) => {
  it('links behind a compressed jump by two, and takes the target before it links', () => {
    const { x, pc, symbol } = runProgram(threshold, '.option rvc; la t0,there; mv ra,t0; jalr ra; here: ebreak; there: ebreak')
    expect(x('ra')).toBe(symbol('here'))
    expect(pc).toBe(symbol('there'))
  })

  it('counts down a loop', () => {
    expect(runProgram(threshold, 'li t0,10; 1: add t1,t1,t0; addi t0,t0,-1; bnez t0,1b; ebreak').x('t1')).toBe(55n)
  })
})

describe.each(engines)('memory: %s', (_engine, threshold) => {
  it('loads with and without sign, misaligned too', () => {
    const { x, f } = runProgram(threshold, 'la t0,data; lb a0,0(t0); lbu a1,0(t0); lh a2,1(t0); lwu a3,3(t0); lw a4,3(t0); ld a5,1(t0); flw fa0,3(t0); ebreak; data: .quad 0x8877665544f3f2f1; .byte 0x99')
    expect(['a0', 'a1', 'a2', 'a3', 'a4', 'a5'].map(x))
      .toEqual([-15n, 0xf1n, -0x0c0en, 0x7766_5544n, 0x7766_5544n, BigInt.asIntN(64, 0x9988_7766_5544_f3f2n)])
    expect(f(10)).toBe(0xffff_ffff_7766_5544n)
  })

  it('stores no more than the width', () => {
    const { memory, symbol } = runProgram(threshold, 'la t0,data; li t1,-2; sh t1,1(t0); ebreak; .balign 4096; data: .quad 0')
    const at = Number(symbol('data')) - base
    expect([...memory.subarray(at, at + 8)]).toEqual([0, 0xfe, 0xff, 0, 0, 0, 0, 0])
  })

  it.each([
    ['ld a0,0(zero)', 5, 0n], ['sd a0,-8(zero)', 7, 0xffff_ffff_ffff_fff8n],
    ['lr.w a0,(t0)', 4, 0x8000_1ffen], ['amoadd.d a0,a1,(t0)', 6, 0x8000_1ffen], ['sc.d a0,a1,(t0)', 6, 0x8000_1ffen], ['lr.d a0,(zero)', 5, 0n], ['amoor.w a0,a1,(zero)', 7, 0n],
    ['jr zero', 1, 0n], ['ecall', 8, 0n], ['ebreak', 3, 0x8000_0000n], ['.word 0', 2, 0n], ['.word 0xffffffff', 2, 0xffff_ffffn], ['.half 0x8002', 2, 0x8002n],
  ])('%s', (source, cause, value) => {
    const { outcome } = runProgram(threshold, source, { t0: 0x8000_1ffen })
    expect(outcome).toEqual({ kind: 'trap', cause, value })
  })

  it('names the part of a misaligned access that faults; the oracle, which asks for all of it at once, names its start', () => {
    const value = threshold === undefined ? 0x8000_1ffen : 0x8000_2000n
    expect(runProgram(threshold, 'lw a0,0(t0)', { t0: 0x8000_1ffen }).outcome).toEqual({ kind: 'trap', cause: 5, value })
    expect(runProgram(threshold, 'sw a0,0(t0)', { t0: 0x8000_1ffen }).outcome).toEqual({ kind: 'trap', cause: 7, value })
  })

  it('faults in the second half of an instruction at its own address', () => {
    const { outcome, pc } = runProgram(threshold, 'jr t0; .space 0x1ffa; .half 0x13', { t0: 0x8000_1ffen })
    expect(outcome).toEqual({ kind: 'trap', cause: 1, value: 0x8000_2000n })
    expect(pc).toBe(0x8000_1ffen)
  })
})

describe.each(engines)('atomics: %s', (_engine, threshold) => {
  it.each([
    ['amoswap.w', 5n, 5n], ['amoadd.w', 0x7fff_ffffn, 0x7fff_fffen], ['amoand.w', 0xffn, 0xffn], ['amoor.w', 0n, 0xffff_ffffn], ['amoxor.w', 0xfn, 0xffff_fff0n],
    ['amomin.w', 1n, 0xffff_ffffn], ['amomax.w', 1n, 1n], ['amominu.w', 1n, 1n], ['amomaxu.w', 1n, 0xffff_ffffn], ['amomaxu.w', 1n << 32n, 0xffff_ffffn],
  ])('%s with %s on a word of ones', (name, given, stored) => {
    const { x, memory, symbol } = runProgram(threshold, `la t0,data; ${name} a0,a1,(t0); ebreak; .balign 4096; data: .word -1, 0x55555555`, { a1: given })
    const at = Number(symbol('data')) - base
    expect(x('a0')).toBe(-1n)
    expect(new DataView(memory.buffer, memory.byteOffset).getBigUint64(at, true)).toBe(stored | 0x5555_5555_0000_0000n)
  })

  it('stores conditionally once, and only where it was reserved', () => {
    const { x } = runProgram(threshold, `la t0,data; lr.d a0,(t0); sc.d a1,t0,(t0); sc.d a2,t0,(t0); lr.d a3,(t0); addi t1,t0,8; sc.d a4,zero,(t1); sc.d a5,zero,(t0); ebreak
      .balign 4096; data: .quad 7, 7`)
    expect(['a0', 'a1', 'a2', 'a4', 'a5'].map(x)).toEqual([7n, 0n, 1n, 1n, 1n])
    expect(x('a3')).toBe(x('t0'))
  })
})

describe.each(engines)('floating point: %s', (_engine, threshold) => {
  // CSRs are the interpreter's: what is to be compiled behind one is jumped back to.
  it('rounds by rm or frm and gathers flags', () => {
    const { x, f, floatDirty } = runProgram(threshold, `li t0,1; fcvt.d.w fa0,t0; li t0,3; fcvt.d.w fa1,t0; j 2f; 1: fdiv.d fa2,fa0,fa1; fdiv.d fa3,fa0,fa1,rdn; j 3f
      2: fsrmi 3; j 1b; 3: frflags a0; fsflagsi a1,0; csrr a2,fcsr; ebreak`)
    expect(f(12)).toBe(0x3fd5_5555_5555_5556n)
    expect(f(13)).toBe(0x3fd5_5555_5555_5555n)
    expect([x('a0'), x('a1'), x('a2')]).toEqual([1n, 1n, 0x60n])
    expect(floatDirty).toBe(true)
  })

  it('takes an unboxed single for a NaN, in sign injection as well', () => {
    const { x, f } = runProgram(threshold, 'li t0,0x3f800000; fmv.d.x fa0,t0; fmv.w.x fa1,t0; fsgnjn.s fa2,fa0,fa1; fadd.s fa3,fa0,fa1; fmv.x.w a0,fa2; fsgnjn.s fa4,fa1,fa1; fmv.x.w a1,fa4; ebreak')
    expect(f(12)).toBe(0xffff_ffff_ffc0_0000n)
    expect(f(13)).toBe(0xffff_ffff_7fc0_0000n)
    expect([x('a0'), x('a1')]).toEqual([-0x40_0000n, -0x4080_0000n])
  })

  it('is illegal with a reserved frm, or switched off', () => {
    expect(runProgram(threshold, 'j 2f; 1: fadd.d fa0,fa0,fa0; ebreak; 2: fsrmi 5; j 1b').outcome).toEqual({ kind: 'trap', cause: 2, value: 0x02a5_7553n })
    expect(runProgram(threshold, 'fld fa0,0(sp)', {}, false).outcome).toEqual({ kind: 'trap', cause: 2, value: 0x0001_3507n })
  })
})

describe('what the oracle leaves to others', () => {
  it.each(['unimp', 'csrr a0,mstatus', 'rdcycle a0', 'mret', 'sret', 'wfi', 'sfence.vma'])('%s', (source) => {
    const { outcome, pc } = runProgram(undefined, source)
    expect(outcome.kind).toBe('outside')
    expect(pc).toBe(BigInt(base))
  })
})
