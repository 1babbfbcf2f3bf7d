import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import type { Instant } from '../../src/base/time.ts'
import { assemble } from '../../src/cpu/asm/assemble.ts'
import type { Core, Step } from '../../src/cpu/core.ts'
import { traceLine } from '../../src/cpu/trace-line.ts'
import { compareCores } from '../contract/engine/compare.ts'
import { MeddlingDevice } from '../contract/engine/device.ts'
import { places, ramBase, ramBytes, randomGuest } from '../contract/engine/guest.ts'
import { machineOf } from '../contract/engine/machine.ts'

const base = 0x8000_0000

function traced(source: string, from: number, to: number, end = to): string[] {
  const core = machineOf({ harts: 1, ramBase: base, ramBytes: 0x2_0000, cpu: 'rva22' }, { read: () => undefined, write: () => false })
  const { bytes, symbols } = assemble(base, source)
  core.ram.set(bytes)
  core.wrote(0, bytes.length)
  core.reset(base, 0, 0)
  const lines: string[] = []
  const names = new Map([...symbols].map(([name, address]) => [address, name]))
  core.trace({ from: from as Instant, to: to as Instant, step: (step) => void lines.push(traceLine(step, (address) => names.get(address))), done: () => void lines.push('done') })
  while (core.now < end) {
    if (core.idle) core.skip(Math.min(end, core.wake ?? end) as Instant)
    else core.run(end as Instant)
  }
  return lines
}

describe('trace', () => {
  it('tells each instruction, what it wrote, and nothing outside its window', () => {
    expect(traced('li a0, 1; again: addi a0, a0, 1; rdcycle t1; sd a0, 256(t0); j again', 1, 4, 10)).toEqual([
      '   0.000000001  0 M  0000000080000004 <again>  addi a0,a0,1                    a0=2',
      '   0.000000002  0 M  0000000080000008  rdcycle t1                      t1=2',
      '   0.000000003  0 M  000000008000000c  sd a0,256(t0)                   → store access fault',
      'done',
    ])
  })

  it('tells interrupts in front of the instruction that they displace, and what cannot be fetched', () => {
    const lines = traced(`
        la t0, tick
        csrw mtvec, t0
        li t0, ${1n << 63n}
        csrw menvcfg, t0
        li t0, 0x20
        csrw mie, t0
        csrw stimecmp, t6
      on: csrsi mstatus, 8
        .align 2
      tick: rdtime t1
        addi t1, t1, 1
        csrw stimecmp, t1
        la t1, there
        csrw mepc, t1
        mret
      there: wfi
        jr zero`, 9, 220)
    expect(lines.length).toBeGreaterThan(18)
    expect(lines.map((line) => line.replace(/^ +0\.0*(\d+) {2}0 M {2}/, '$1 '))).toEqual([
      expect.stringMatching(/^9 .* <on> {2}csrsi mstatus,8 +→ supervisor timer interrupt$/),
      expect.stringMatching(/^10 .* <tick> {2}rdtime t1$/),
      expect.stringMatching(/^11 .* addi t1,t1,1 +t1=1$/),
      expect.stringMatching(/^12 .* csrw stimecmp,t1$/),
      expect.stringMatching(/^13 /), expect.stringMatching(/^14 /), expect.stringMatching(/^15 .* csrw mepc,t1$/),
      expect.stringMatching(/^16 .* mret$/),
      expect.stringMatching(/^17 .* <there> {2}wfi$/),
      expect.stringMatching(/^100 [0-9a-f]+ +→ supervisor timer interrupt$/),
      expect.stringMatching(/^100 .* <tick> {2}rdtime t1 +t1=1$/),
      ...Array.from({ length: 6 }, () => expect.anything() as string),
      expect.stringMatching(/^107 .* <there> {2}wfi$/),
      expect.stringMatching(/^200 /),
      ...Array.from({ length: 9 }, () => expect.anything() as string),
    ].slice(0, lines.length))
  })

  it('changes nothing', () => {
    for (let index = 0; index < 2; index++) {
      const random = new SeededRandom(`trace/${index}`)
      const cpu = random.below(2) === 0 ? 'rv64gc' as const : 'rva22' as const
      const guest = randomGuest(random, cpu)
      const harts = 1 + random.below(2)
      const run = (window: boolean): { core: Core; steps: Step[] } => {
        const device = new MeddlingDevice({ offset: places.code, length: guest.codeBytes, words: guest.words })
        const core = machineOf({ harts, ramBytes, ramBase, threshold: 1, cpu }, device)
        device.core = core
        core.ram.set(guest.image)
        core.wrote(0, guest.image.length)
        core.reset(ramBase, 0, 0)
        const steps: Step[] = []
        if (window) core.trace({ from: 500 as Instant, to: 3000 as Instant, step: (step) => void steps.push(step), done: () => undefined })
        while (core.now < 8000) {
          if (core.idle) core.skip(Math.min(8000, core.wake ?? 8000) as Instant)
          else core.run(8000 as Instant)
        }
        return { core, steps }
      }
      const [one, other] = [run(false), run(true)]
      expect(compareCores(other.core, one.core)).toEqual([])
      expect(other.steps.every((step, at) => at === 0 || step.at >= other.steps[at - 1].at)).toBe(true)
      expect(other.steps.filter(({ word }) => word !== undefined).length).toBeGreaterThan(100)
    }
  })
})
