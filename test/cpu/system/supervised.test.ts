/** Harts over our own SBI: the calls' effect on them, at the exact instant, alike with interpreter and compiled code and however the run is cut. */
import { describe, expect, it } from 'vitest'
import { fromLatin1 } from '../../../src/base/bytes.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Instant } from '../../../src/base/time.ts'
import { makeSbi } from '../../../src/board/sbi/sbi.ts'
import { assemble } from '../../../src/cpu/asm/assemble.ts'
import type { Core } from '../../../src/cpu/core.ts'
import type { CpuName } from '../../../src/cpu/isa/profile.ts'
import { integerRegister } from '../../../src/cpu/isa/registers.ts'
import { compareCores, statesOf } from '../../contract/engine/compare.ts'
import { machineOf } from '../../contract/engine/machine.ts'

const base = 0x8000_0000
const ramBytes = 0x2_0000

interface World {
  readonly core: Core
  readonly said: () => string
  readonly ended: () => string | undefined
}

function make(source: string, threshold: number, { harts = 1, cpu = 'rv64gc' as CpuName } = {}): World {
  let said = ''
  let ended: string | undefined
  const core: Core = machineOf({
    harts, ramBase: base, ramBytes, cpu, threshold,
    supervisor: makeSbi({
      say: (bytes) => void (said += `${core.now} ${fromLatin1(bytes)}; `),
      heard: () => new Uint8Array(0),
      memory: (address, length) => (address >= BigInt(base) && address + BigInt(length) <= BigInt(base + ramBytes) ? core.ram.subarray(Number(address) - base, Number(address) - base + length) : undefined),
      finish: ({ kind }) => {
        ended = `${kind} at ${core.now}`
        core.stopBefore(core.now)
      },
    }),
  }, { read: () => undefined, write: () => false })
  core.ram.set(assemble(base, source).bytes)
  core.wrote(0, core.ram.length)
  core.boot(base, 0x77)
  return { core, said: () => said, ended: () => ended }
}

function runTo({ core, ended }: World, end: number, most = end): void {
  while (core.now < end && ended() === undefined) {
    const until = Math.min(end, core.now + most) as Instant
    if (core.idle) core.skip(Math.min(until, core.wake ?? until) as Instant)
    else core.run(until)
  }
}

const x = ({ core }: World, name: string, hart = 0): bigint => statesOf(core)[hart].getBigUint64(8 * (integerRegister(name) as number), true)
const call = (extension: number, which: number): string => `li a7, ${extension}; li a6, ${which}; ecall`
const [time, ipi, hsm, srst, pmu] = [0x5449_4d45, 0x73_5049, 0x48_534d, 0x5352_5354, 0x50_4d55]
const print = (register: string): string => `mv a0, ${register}; ${call(0x4442_434e, 2)}`

/** Hart 0 starts hart 1, which waits for interrupts and counts them; hart 0 sends one every 5 µs of its own timer, five times, then ends it all. */
const twoHarts = `
    la t0, tick
    csrw stvec, t0
    li a0, 1
    la a1, other
    li a2, 55
    ${call(hsm, 0)}
    mv s8, a0
    li s0, 50
    mv a0, s0
    ${call(time, 0)}
    li t0, 0x20
    csrw sie, t0
    csrsi sstatus, 2
  again:
    wfi
    addi s1, s1, 1
    j again
    .align 2
  tick:
    addi s0, s0, 50
    mv a0, s0
    ${call(time, 0)}
    li a0, 2
    li a1, 0
    ${call(ipi, 0)}
    addi s2, s2, 1
    li t0, 5
    bltu s2, t0, back
    li a0, 0
    li a1, 0
    ${call(srst, 0)}
  back:
    sret
    .align 2
  other:
    mv s3, a0
    mv s4, a1
    csrr s6, satp
    la t0, heard
    csrw stvec, t0
    li t0, 2
    csrw sie, t0
    csrsi sstatus, 2
  rest:
    wfi
    j rest
    .align 2
  heard:
    csrci sip, 2
    rdtime s7
    addi s5, s5, 1
    ${print('s5')}
    sret`

describe.each([['interpreter', 0], ['compiled code', 1]] as const)('%s', (_, threshold) => {
  it('hart 0 begins in S-mode with its number and the tree, and the other has not begun', () => {
    const world = make('csrr s0, satp; csrr s1, sstatus; csrr s2, stvec; 1: j 1b', threshold, { harts: 2 })
    runTo(world, 1000)
    expect([x(world, 'a0'), x(world, 'a1'), x(world, 's0'), x(world, 's1') & 0x6002n]).toEqual([0n, 0x77n, 0n, 0n])
    expect(world.core.dump(0)).toContain('S-mode')
    expect(world.core.dump(1)).toContain('stopped')
    expect(world.core.retired).toBe(1000)
  })

  it('a call takes one tick and is not retired', () => {
    const world = make(`rdinstret s0; rdcycle s1; ${call(0x10, 0)}; rdcycle s2; rdinstret s3; 1: j 1b`, threshold)
    runTo(world, 200)
    expect([x(world, 'a0'), x(world, 'a1')]).toEqual([0n, 0x0200_0000n])
    // rdcycle, two of li, ecall; and rdinstret, rdcycle, two of li, rdcycle.
    expect(x(world, 's2') - x(world, 's1')).toBe(4n)
    expect(x(world, 's3') - x(world, 's0')).toBe(5n)
  })

  it('a counter reads in the next instruction what it was started with', () => {
    const world = make(`li a0, 0; li a1, 5; li a2, 1; li a3, 5000; ${call(pmu, 3)}; rdcycle s0; rdinstret s1; 1: j 1b`, threshold)
    runTo(world, 200)
    expect([x(world, 'a0'), x(world, 's0'), x(world, 's1')]).toEqual([0n, 5000n, 5001n])
  })

  it('U-mode’s calls and illegal instructions are the supervisor’s own', () => {
    const world = make(`la t0, trapped; csrw stvec, t0; la t0, lower; csrw sepc, t0; sret; .align 2; lower: ecall; .align 2; trapped: csrr s0, scause; csrr s1, mstatus; 1: j 1b`, threshold)
    runTo(world, 9)
    expect(x(world, 's0')).toBe(8n)
    runTo(world, 1000)
    expect(x(world, 's0')).toBe(2n)
  })

  it('rings the timer of a hart that suspends itself, with registers or without', () => {
    const world = make(`
      li s9, 7
      li t0, 0x20
      csrw sie, t0
      li a0, 100
      ${call(time, 0)}
      li a0, 0
      ${call(hsm, 3)}
      rdtime s0
      mv s1, a0
      li a0, 200
      ${call(time, 0)}
      csrr s2, sip
      li a0, 0x80000000
      la a1, anew
      li a2, 99
      ${call(hsm, 3)}
      li s9, 0
    anew:
      rdtime s3
      mv s4, a0
      mv s5, a1
      ${call(hsm, 1)}
      li s9, 0`, threshold)
    runTo(world, 30_000)
    expect(['s0', 's1', 's2', 's3', 's4', 's5', 's9'].map((name) => Number(x(world, name)))).toEqual([100, 0, 0, 200, 0, 99, 7])
    expect([world.core.idle, world.core.wake]).toEqual([true, undefined])
  })

  it('starts another hart, interrupts it, and ends the machine at the exact instant', () => {
    const world = make(twoHarts, threshold, { harts: 2 })
    runTo(world, 100_000)
    expect([x(world, 's8'), x(world, 's3', 1), x(world, 's4', 1), x(world, 's5', 1), x(world, 's6', 1)]).toEqual([0n, 1n, 55n, 5n, 0n])
    expect(world.ended()).toMatch(/^poweroff at 25\d\d\d$/)
    expect(world.said().split('; ')).toHaveLength(6)
  })

  it.each([1, 7, 333])('is the same run in windows of %d ns', (most) => {
    const [whole, cut] = [make(twoHarts, threshold, { harts: 2 }), make(twoHarts, threshold, { harts: 2 })]
    runTo(whole, 100_000)
    runTo(cut, 100_000, most)
    expect([cut.said(), cut.ended(), compareCores(cut.core, whole.core)]).toEqual([whole.said(), whole.ended(), []])
  })

  it('a stopped hart stays so through save and load', () => {
    const [one, other] = [make(twoHarts, threshold, { harts: 3 }), make(twoHarts, threshold, { harts: 3 })]
    runTo(one, 12_345)
    other.core.ram.set(one.core.ram)
    other.core.load(one.core.save())
    for (const world of [one, other]) runTo(world, 100_000)
    expect([other.ended(), compareCores(other.core, one.core)]).toEqual([one.ended(), []])
    expect(other.core.dump(2)).toContain('stopped')
  })
})

/** A loop of computations and calls with registers at random; a trap starts it again. */
function randomCaller(random: SeededRandom): string {
  const ids = [0x10, time, ipi, 0x5246_4e43, hsm, hsm, pmu, 0x4442_434e, 0, 1, 2, 5]
  const values = ['0', '1', '2', '3', '-1', `${base}`, `${base + 0x100}`, '0x80000000']
  const lines = ['start: la t0, start', 'csrw stvec, t0', 'li t0, 0x222', 'csrw sie, t0', 'csrsi sstatus, 2']
  for (let part = 0; part < 30; part++) {
    const registers = [0, 1, 2, 3].map((register) => (random.below(4) === 0 ? `rdtime a${register}; addi a${register}, a${register}, ${random.below(8)}` : `li a${register}, ${values[random.below(values.length)]}`))
    const loop = `li t1, ${random.below(60)}; 1: addi s0, s0, 3; xor s1, s1, s0; sd s1, 0(s10); addi t1, t1, -1; bgtz t1, 1b`
    lines.push(`li s10, ${base + 0x1_0000 + 8 * random.below(100)}`, loop, ...registers, call(ids[random.below(ids.length)], random.below(5)), ...(random.below(5) === 0 ? ['wfi'] : []), ...(random.below(5) === 0 ? ['csrci sip, 2'] : []))
  }
  return [...lines, 'j start'].join('\n')
}

it.each([0, 1, 2, 3, 4, 5, 6, 7])('random calls do the same with interpreter and compiled code, %i', (seed) => {
  const random = new SeededRandom(`supervised/${seed}`)
  const source = randomCaller(random)
  const how = { harts: 1 + random.below(3), cpu: random.below(2) === 0 ? 'rv64gc' as const : 'rva22' as const }
  const [one, other] = [make(source, 0, how), make(source, 1, how)]
  for (let end = 0; end < 40_000; ) {
    end += 1 + random.below(5000)
    runTo(one, end)
    runTo(other, end, 1 + random.below(3000))
    expect([other.said(), compareCores(other.core, one.core)]).toEqual([one.said(), []])
  }
})
