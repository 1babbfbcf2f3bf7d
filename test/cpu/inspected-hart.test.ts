/** A hart between two runs, in a debugger's eyes. */
import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { assemble } from '../../src/cpu/asm/assemble.ts'
import type { Core } from '../../src/cpu/core.ts'
import { csrNumber } from '../../src/cpu/isa/csr-names.ts'
import { machineOf } from '../contract/engine/machine.ts'

const base = 0x8000_0000

function run(source: string, ticks: number, harts = 1): Core {
  const core = machineOf({ harts, ramBase: base, ramBytes: 0x2_0000, threshold: 0 }, { read: () => undefined, write: () => false })
  const { bytes } = assemble(base, source)
  core.ram.set(bytes)
  core.wrote(0, bytes.length)
  core.reset(base, 0, 0)
  core.run(ticks as Instant)
  return core
}

describe('an inspected hart', () => {
  it('tells CSRs as the guest reads them', () => {
    const names = ['mstatus', 'sstatus', 'misa', 'mie', 'sie', 'mideleg', 'mscratch', 'mtvec', 'mhartid', 'fcsr', 'frm', 'fflags', 'satp']
    const reads = names.map((name, at) => `csrr x${16 + at}, ${name}`).join('; ')
    const core = run(`li t0, 0x6000; csrs mstatus, t0; li t0, 0x222; csrw mideleg, t0; li t0, 0xaaa; csrw mie, t0; li t0, 0x77; csrw mscratch, t0; csrwi fcsr, 0x1b; ${reads}; j .`, 40)
    const hart = core.inspect(0)
    for (const [at, name] of names.entries()) expect([name, hart.csr(csrNumber(name) as number)]).toEqual([name, hart.x(16 + at)])
    expect([hart.csr(0xc00), hart.csr(0x7c0)]).toEqual([40n, undefined])
  })

  it('reads and writes registers that the guest goes on with', () => {
    const core = run('again: addi s0, s0, 1; j again', 10)
    const hart = core.inspect(0)
    expect([hart.x(8), hart.pc, hart.privilege, core.turn]).toEqual([5n, BigInt(base), 3, 0])
    hart.setX(8, 100n)
    hart.setX(0, 1n)
    hart.setF(3, 0x4000_0000_0000_0000n)
    hart.setFcsr(0xe1)
    core.run(12 as Instant)
    expect([core.inspect(0).x(8), core.inspect(0).x(0), core.inspect(0).f(3), core.inspect(0).csr(3)]).toEqual([101n, 0n, 0x4000_0000_0000_0000n, 0xe1n])
  })

  it('sees memory by the page table whoever may read it, and leaves no trace', () => {
    // One gigapage at 0 that leads to RAM: execute only, of a user's; the guest's own fetch marks it accessed.
    const core = run(`li t0, ${base + 0x1000}; li t1, 0x20000019; sd t1, (t0); li t0, 0x8000000000080001; csrw satp, t0; li t0, 0x1800; csrc mstatus, t0; li t0, -1; csrw pmpaddr0, t0; li t0, 0x1f; csrw pmpcfg0, t0; la t0, 1f; li t1, ${base}; sub t0, t0, t1; csrw mepc, t0; mret; 1: j .`, 80)
    const hart = core.inspect(0)
    expect(hart.csr(0x180)).toBe(0x8000_0000_0008_0001n)
    const bytes = new Uint8Array(8)
    expect([hart.privilege, hart.read(0x1000n, bytes), hart.physical(0x1004n)]).toEqual([0, 8, base + 0x1004])
    expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(0x2000_0059n)
    expect(hart.write(0x2000n, Uint8Array.of(1, 2, 3))).toBe(3)
    expect([...core.ram.subarray(0x2000, 0x2004)]).toEqual([1, 2, 3, 0])
    expect([hart.read(0x4000_0000n, bytes), hart.read(0x1_fffcn, bytes), core.ram[0x1000]]).toEqual([0, 4, 0x59])
  })

  it('is any hart, and says whose turn it is', () => {
    const core = run('csrr t0, mhartid; addi s0, t0, 7; bnez t0, 1f; j .; 1: wfi; j 1b', 20_010, 2)
    expect([core.inspect(0).x(8), core.inspect(1).x(8), core.inspect(1).hart, core.inspect(1).waits, core.turn]).toEqual([7n, 8n, 1, true, 0])
  })
})
