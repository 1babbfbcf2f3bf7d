/** A run that is cut anywhere is the run that nobody cut: a guest that polls a clock and a device register, in windows of any length. */
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Instant } from '../../../src/base/time.ts'
import { assemble } from '../../../src/cpu/asm/assemble.ts'
import type { Core } from '../../../src/cpu/core.ts'
import { lines } from '../../../src/cpu/core.ts'
import { statesOf } from '../../contract/engine/compare.ts'
import { machineOf } from '../../contract/engine/machine.ts'

const base = 0x8000_0000
const end = 3_000_000
/** Steps of shortened waits are 1 to 16 µs: this window is shorter than any, and as long as some. */
const windows = [40, 999, 17_000]

const program = `
  la t0, handler
  csrw mtvec, t0
  li t0, 0x800
  csrw mie, t0
  csrsi mstatus, 8
  li s0, 0x10000000
again:
  rdtime t0
  addi t0, t0, 2000
wait:
  rdtime t1
  addi s1, s1, 1
  bltu t1, t0, wait
  li t2, 300
look:
  lw t3, (s0)
  addi s2, s2, 1
  addi t2, t2, -1
  bnez t2, look
  j again
  .align 2
handler:
  rdtime s3
  addi s4, s4, 1
  sw zero, (s0)
  mret`

/** @returns the hart's registers at the end; an interrupt comes every 777,777 ns and is taken down by a store. */
function run(harts: number, threshold: number, window: () => number): string {
  let core: Core | undefined
  const seen: number[] = []
  core = machineOf({ harts, ramBase: base, ramBytes: 0x1_0000, cpu: 'rv64gc', threshold }, {
    read: () => (seen.push(core?.now ?? 0), 7),
    write: () => (core?.line(0, lines.meip, false), true),
  })
  core.ram.set(assemble(base, program).bytes)
  core.wrote(0, core.ram.length)
  core.reset(base, 0, 0)
  for (let now = 0, event = 777_777; now < end; ) {
    now = Math.min(end, event, now + window())
    while (core.now < now) core.run(now as Instant)
    if (now !== event) continue
    core.rouse()
    core.line(0, lines.meip, true)
    event += 777_777
  }
  const registers = statesOf(core).map((state) => Array.from({ length: 32 }, (_, x) => state.getBigUint64(8 * x, true)).join())
  return [core.now, core.retired, seen.length, seen.reduce((sum, instant) => (sum * 31 + instant) % 1_000_000_007, 0), ...registers].join('\n')
}

describe.each([['interpreter', 1, 0], ['compiled code', 1, 1], ['compiled code, two harts', 2, 1]] as const)('%s', (_, harts, threshold) => {
  const whole = run(harts, threshold, () => end)

  it.each(windows)('in windows of up to %d ns', (most) => {
    const random = new SeededRandom(most)
    expect(run(harts, threshold, () => 1 + random.below(most))).toBe(whole)
  })
})
