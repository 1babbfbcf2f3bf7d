/** Breakpoints and watchpoints: they stop at the exact instruction, and the guest's run is the one without them. */
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import type { Instant } from '../../src/base/time.ts'
import { assemble } from '../../src/cpu/asm/assemble.ts'
import type { Breakpoint, Core, Stop } from '../../src/cpu/core.ts'
import { integerRegister } from '../../src/cpu/isa/registers.ts'
import { slot } from '../../src/cpu/layout.ts'
import { dataAddress, lockStep } from '../../src/cpu/oracle/lock-step.ts'
import { randomData, randomProgram } from '../../src/cpu/oracle/random-program.ts'
import { compareCores, statesOf } from '../contract/engine/compare.ts'
import { places, ramBase, ramBytes, randomGuest } from '../contract/engine/guest.ts'
import { MeddlingDevice } from '../contract/engine/device.ts'
import { machineOf } from '../contract/engine/machine.ts'

const base = 0x8000_0000

function make(source: string, threshold: number, harts = 1): { core: Core; at: (label: string) => bigint } {
  const core = machineOf({ harts, ramBase: base, ramBytes: 0x2_0000, threshold }, { read: () => 7, write: () => true })
  const { bytes, symbols } = assemble(base, source)
  core.ram.set(bytes)
  core.wrote(0, bytes.length)
  core.reset(base, 0, 0)
  return { core, at: (label) => symbols.get(label) as bigint }
}

const x = (core: Core, name: string): number => Number(statesOf(core)[0].getBigUint64(8 * (integerRegister(name) as number), true))
const pc = (core: Core, hart = 0): bigint => statesOf(core)[hart].getBigUint64(slot.pc, true)

/** Runs to `end`, going on from each stop. */
function stops(core: Core, end: number, heed: (stop: Stop) => void = () => undefined): Stop[] {
  const found: Stop[] = []
  while (core.now < end) {
    core.run(end as Instant)
    const { stop } = core.breakpoints
    if (stop === undefined) break
    found.push(stop)
    heed(stop)
  }
  return found
}

/** Three instructions a round, the counter in s0. */
const loop = 'li s0, 0; li s1, 0; again: addi s0, s0, 1; middle: xor s1, s1, s0; j again'

describe.each([['interpreter', 0], ['compiled code', 1]] as const)('%s', (_, threshold) => {
  it('stops in front of the instruction, every time it comes to it', () => {
    const { core, at } = make(loop, threshold)
    core.breakpoints.set([{ kind: 'execute', address: at('middle') }])
    const seen: number[][] = []
    const found = stops(core, 20, () => void seen.push([core.now, core.retired, x(core, 's0')]))
    expect(seen).toEqual([[3, 3, 1], [6, 6, 2], [9, 9, 3], [12, 12, 4], [15, 15, 5], [18, 18, 6]])
    expect(found.every((stop) => stop.pc === at('middle') && stop.address === stop.pc && stop.hart === 0 && stop.at % 3 === 0)).toBe(true)
    expect(pc(core)).toBe(at('again'))
  })

  it('stops in code that has become hot, and no longer once the breakpoint is gone', () => {
    const { core, at } = make(loop, threshold)
    core.run(30_001 as Instant)
    core.breakpoints.set([{ kind: 'execute', address: at('again') }])
    core.run(40_000 as Instant)
    expect([core.now, pc(core), core.breakpoints.stop?.at]).toEqual([30_002, at('again'), 30_002])
    core.breakpoints.set([])
    core.run(40_000 as Instant)
    expect([core.now, core.breakpoints.stop]).toEqual([40_000, undefined])
  })

  it('does not stop at the same offset of another page, nor at the second half of an instruction', () => {
    const { core, at } = make(loop, threshold)
    core.breakpoints.set([{ kind: 'execute', address: at('again') + 4096n }, { kind: 'execute', address: at('again') + 2n }])
    expect(stops(core, 1000)).toEqual([])
  })

  it('stops at an instruction across two pages', () => {
    const { core, at } = make(`li s0, 0; j again; .space 4086 - (. - ${base}); again: addi s0, s0, 1; addi s0, s0, 1; across: addi s0, s0, 1; j again`, threshold)
    expect(at('across') & 0xfffn).toBe(0xffen)
    core.breakpoints.set([{ kind: 'execute', address: at('across') }])
    expect(stops(core, 16).map((stop) => stop.at)).toEqual([4, 8, 12])
  })

  it('stops the hart that comes there, whichever it is', () => {
    const { core, at } = make('csrr t0, mhartid; 1: beqz t0, 1b; there: addi s0, s0, 1; j there', threshold, 2)
    core.breakpoints.set([{ kind: 'execute', address: at('there') }])
    core.run(100_000 as Instant)
    expect([core.breakpoints.stop?.hart, core.now, pc(core, 1)]).toEqual([1, 20_002, at('there')])
  })

  it.each<[string, string, Breakpoint['kind'], boolean]>([
    ['load', 'ld a0, 8(s2)', 'read', true],
    ['load', 'ld a0, 8(s2)', 'write', false],
    ['narrow load', 'lbu a0, 15(s2)', 'access', true],
    ['load beside it', 'ld a0, 16(s2)', 'access', false],
    ['load across pages', 'ld a0, 0x7fc(s4)', 'read', true],
    ['store', 'sw a0, 12(s2)', 'write', true],
    ['store', 'sw a0, 12(s2)', 'read', false],
    ['store over two', 'sd a0, 4(s2)', 'access', true],
    ['AMO', 'amoadd.d a0, a1, (s3)', 'read', true],
    ['AMO', 'amoadd.d a0, a1, (s3)', 'write', true],
    ['load-reserved', 'lr.d a0, (s3)', 'write', false],
    ['load-reserved', 'lr.d a0, (s3)', 'read', true],
    ['float store', 'fsd fa0, 8(s2)', 'write', true],
  ])('%s: %s and a watch of %s', (_name, instruction, kind, hits) => {
    const { core, at } = make(`li t0, 0x6000; csrs mstatus, t0; li s2, ${base + 0x1000}; addi s3, s2, 8; li s4, ${base + 0x1800}; li s0, 0; again: addi s0, s0, 1; there: ${instruction}; behind: j again`, threshold)
    core.breakpoints.set([{ kind, address: BigInt(base + 0x1008), length: 8 }, { kind, address: BigInt(base + 0x2000), length: 1 }])
    const found = stops(core, 60)
    expect(found.length > 0).toBe(hits)
    for (const stop of found) expect([stop.pc, stop.at % 3]).toEqual([at('there'), found[0].at % 3])
    if (hits) expect(found.length).toBeGreaterThan(15)
  })

  it('ends the run behind the instruction that touched it, with its effect there', () => {
    const { core, at } = make(`li s2, ${base + 0x1000}; li a0, 5; again: addi a0, a0, 1; sd a0, (s2); behind: j again`, threshold)
    core.breakpoints.set([{ kind: 'write', address: BigInt(base + 0x1000) }])
    stops(core, 30, () => expect([pc(core), core.ram[0x1000], core.retired]).toEqual([at('behind'), x(core, 'a0'), core.now]))
  })

  it('sees device registers too', () => {
    const { core } = make('li s2, 0x10000000; again: lw a0, 4(s2); j again', threshold)
    core.breakpoints.set([{ kind: 'read', address: 0x1000_0004n, length: 4 }])
    expect(stops(core, 6).map((stop) => stop.at)).toEqual([2, 4, 6])
  })

  it('is the same run as without, whatever the guest does', () => {
    let count = 0
    for (let index = 0; index < 4; index++) {
      const random = new SeededRandom(`breakpoints/${index}`)
      const cpu = random.below(2) === 0 ? 'rv64gc' as const : 'rva22' as const
      const guest = randomGuest(random, cpu)
      const harts = 1 + random.below(2)
      const start = (): Core => {
        const device = new MeddlingDevice({ offset: places.code, length: guest.codeBytes, words: guest.words })
        const core = machineOf({ harts, ramBytes, ramBase, threshold, cpu }, device)
        device.core = core
        core.ram.set(guest.image)
        core.wrote(0, guest.image.length)
        core.reset(ramBase, 0, 0)
        return core
      }
      const [one, other] = [start(), start()]
      const anywhere = (): Breakpoint => {
        const code = BigInt(ramBase + places.code + 2 * random.below(guest.codeBytes / 2))
        const likely = [code, code ^ 0xc000_0000n, pc(one) + BigInt(2 * random.below(8)), pc(one, harts - 1)]
        return { kind: 'execute', address: likely[random.below(4)] }
      }
      for (let end = 0; end < 8000; ) {
        end += 1 + random.below(1500)
        other.breakpoints.set(Array.from({ length: random.below(20) }, anywhere))
        for (const core of [one, other]) {
          for (;;) {
            while (core.now < end && !core.idle) {
              core.run(end as Instant)
              if (core.breakpoints.stop !== undefined) count++
            }
            if (core.now >= end) break
            core.skip(Math.min(end, core.wake ?? end) as Instant)
          }
        }
        expect(compareCores(other, one), `seed ${index}`).toEqual([])
      }
    }
    expect(count).toBeGreaterThan(20)
  })

  it('random programs do what they do for the oracle, with breakpoints and watchpoints all over', () => {
    let count = 0
    for (let index = 0; index < 6; index++) {
      const random = new SeededRandom(`watchpoints/${index}`)
      const program = randomProgram(random, { dataAddress: dataAddress(ramBase), instructions: 40 + random.below(200), traps: true, rounds: 4 })
      const core = machineOf({ harts: 1, ramBytes: 0x4_0000, ramBase, threshold }, { read: () => undefined, write: () => false })
      const kinds = ['execute', 'read', 'write', 'access'] as const
      core.breakpoints.set(Array.from({ length: 12 }, () => {
        const kind = kinds[random.below(4)]
        return { kind, address: kind === 'execute' ? BigInt(ramBase + 0x8000 + 2 * random.below(program.length / 2)) : BigInt(dataAddress(ramBase) + random.below(0x1000)), length: 1 + random.below(16) }
      }))
      const persistent = new Proxy(core, {
        get: (target, name) => {
          const own: unknown = Reflect.get(target, name, target)
          if (name !== 'run') return typeof own === 'function' ? (own.bind(target) as unknown) : own
          return (until: Instant) => {
            for (core.run(until); core.breakpoints.stop !== undefined; core.run(until)) count++
          }
        },
      })
      expect(lockStep({ core: persistent, ramBase, program, data: randomData(random), ticks: 2000, stride: 500 })).toBeUndefined()
    }
    expect(count).toBeGreaterThan(40)
  })
})
