/** The supervisor timer: who may touch stimecmp, what STIP says, and that its interrupt comes at the exact instant, however the run is cut. */
import { describe, expect, it } from 'vitest'
import type { Instant } from '../../../src/base/time.ts'
import { assemble } from '../../../src/cpu/asm/assemble.ts'
import type { Core } from '../../../src/cpu/core.ts'
import type { CpuName } from '../../../src/cpu/isa/profile.ts'
import { integerRegister } from '../../../src/cpu/isa/registers.ts'
import { statesOf } from '../../contract/engine/compare.ts'
import { machineOf } from '../../contract/engine/machine.ts'

const base = 0x8000_0000
const stce = 1n << 63n

function make(source: string, threshold: number, { cpu = 'rva22' as CpuName, harts = 1 } = {}): Core {
  const core = machineOf({ harts, ramBase: base, ramBytes: 0x1_0000, cpu, threshold }, { read: () => undefined, write: () => false })
  core.ram.set(assemble(base, source).bytes)
  core.wrote(0, core.ram.length)
  core.reset(base, 0, 0)
  return core
}

const x = (core: Core, name: string, hart = 0): bigint => statesOf(core)[hart].getBigUint64(8 * (integerRegister(name) as number), true)

/** As a board runs a core, in windows of at most `most`. */
function runTo(core: Core, end: number, most = end): void {
  while (core.now < end) {
    const until = Math.min(end, core.now + most) as Instant
    if (core.idle) core.skip(Math.min(until, core.wake ?? until) as Instant)
    else core.run(until)
  }
}

/** Traps to M-mode leave cause and tval in s2 and s3; then goes to S-mode at `lower` with this menvcfg and mcounteren. */
const supervised = (environment: bigint, counters: number): string => `
    la t0, trapped
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    csrwi pmpcfg0, 0x1f
    li t0, ${environment}
    csrw menvcfg, t0
    csrwi mcounteren, ${counters}
    li t0, 0x222
    csrw mideleg, t0
    la t0, lower
    csrw mepc, t0
    li t0, 0x800
    csrs mstatus, t0
    mret
    .align 2
  trapped:
    csrr s2, mcause
    csrr s3, mtval
    csrr s4, mip
    j .
  lower:`

/** Waits for its timer at 3, 5, 8, 12 … µs and leaves the time of each interrupt, twenty of them. */
const ticking = `${supervised(stce, 7)}
    la t0, tick
    csrw stvec, t0
    li s0, ${base + 0x1000}
    li s1, 30
    csrw stimecmp, s1
    li t0, 0x20
    csrw sie, t0
    csrsi sstatus, 2
  again:
    addi a0, a0, 1
    andi a1, a0, 1023
    bnez a1, again
    wfi
    j again
    .align 2
  tick:
    rdtime t0
    sd t0, (s0)
    rdinstret t0
    sd t0, 8(s0)
    addi s0, s0, 16
    addi s2, s2, 10
    add s1, s1, s2
    csrw stimecmp, s1
    csrr s5, sip
    sret`

describe.each([['interpreter', 0], ['compiled code', 1]] as const)('%s', (_, threshold) => {
  it.each([
    ['without STCE', 0n, 7, 2n],
    ['without the right to read time', stce, 5, 2n],
    ['with both', stce, 7, 9n],
  ] as const)('S-mode touches stimecmp %s', (_name, environment, counters, expected) => {
    const core = make(`${supervised(environment, counters)} li a0, 77; csrw stimecmp, a0; csrr a1, stimecmp; ecall`, threshold)
    runTo(core, 1000)
    expect(x(core, 's2')).toBe(expected)
    if (expected === 9n) expect(x(core, 'a1')).toBe(77n)
  })

  it('rv64gc has neither stimecmp nor STCE', () => {
    const core = make('la t0, out; csrw mtvec, t0; li t0, -1; csrw menvcfg, t0; csrr a0, menvcfg; csrw stimecmp, t0; .align 2; out: csrr s2, mcause; j .', threshold, { cpu: 'rv64gc' })
    runTo(core, 1000)
    expect([x(core, 'a0'), x(core, 's2')]).toEqual([1n, 2n])
  })

  it('STIP follows the comparison while STCE is set, and is software’s while it is not', () => {
    const core = make(`
      li t0, 0x20
      csrs mip, t0
      csrr a0, mip
      li t1, ${stce}
      csrs menvcfg, t1
      csrr a1, mip
      li t2, -1
      csrw stimecmp, t2
      csrr a2, mip
      csrs mip, t0
      csrr a3, mip
      csrw stimecmp, zero
      csrr a4, mip
      csrc mip, t0
      csrr a5, mip
      csrc menvcfg, t1
      csrr a6, mip
      csrs mip, t0
      csrr a7, mip
      j .`, threshold)
    runTo(core, 1000)
    expect(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'].map((name) => Number(x(core, name)))).toEqual([0x20, 0x20, 0, 0, 0x20, 0x20, 0, 0x20])
  })

  it('rings at the exact instant, whether the hart works or waits', () => {
    const core = make(ticking, threshold)
    runTo(core, 400_000)
    const times = Array.from({ length: 20 }, (__, at) => Number(new DataView(core.ram.buffer, core.ram.byteOffset).getBigUint64(0x1000 + 16 * at, true)))
    const due = times.map((___, at) => 30 + 10 * ((at * (at + 1)) / 2))
    expect(times).toEqual(due)
    expect(x(core, 's5')).toBe(0n)
  })

  it.each([1, 7, 333, 20_011])('is the same run in windows of %d ns', (most) => {
    const [whole, cut] = [make(ticking, threshold, { harts: 2 }), make(ticking, threshold, { harts: 2 })]
    const end = most === 1 ? 20_000 : 400_000
    runTo(whole, end)
    runTo(cut, end, most)
    expect([cut.now, cut.retired, x(cut, 'a0'), x(cut, 'a0', 1)]).toEqual([whole.now, whole.retired, x(whole, 'a0'), x(whole, 'a0', 1)])
    expect(Buffer.compare(cut.ram, whole.ram)).toBe(0)
  })

  it('is loaded with what was saved', () => {
    const [one, other] = [make(ticking, threshold), make(ticking, threshold)]
    runTo(one, 123_456)
    other.ram.set(one.ram)
    other.load(one.save())
    for (const core of [one, other]) runTo(core, 400_000)
    expect([other.now, other.retired, x(other, 'a0'), x(other, 's1')]).toEqual([one.now, one.retired, x(one, 'a0'), x(one, 's1')])
  })
})
