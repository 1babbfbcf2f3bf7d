import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Core } from '../../../src/cpu/core.ts'
import { makeCore } from '../../../src/cpu/machine-core.ts'
import { assemble } from '../../../src/cpu/asm/assemble.ts'
import { dataAddress, lockStep } from '../../../src/cpu/oracle/lock-step.ts'
import { randomData, randomProgram } from '../../../src/cpu/oracle/random-program.ts'
import { NodeWasmEngine } from '../../../src/host/wasm-engine.ts'

const ramBase = 0x8000_0000

/** With `threshold` 1 everything that can be compiled is. */
const core = (threshold?: number): Core => makeCore({
  harts: 1, ramBytes: 0x4_0000, ramBase, timebaseHz: 10_000_000, engine: new NodeWasmEngine(),
  bus: { read: () => undefined, write: () => false }, ...(threshold === undefined ? {} : { threshold }),
})

interface Trial {
  readonly traps: boolean
  readonly rounds?: number
  readonly threshold?: number
}

/** Runs one random program; undefined when core and oracle agree. */
function trial(seed: string, { threshold, ...how }: Trial, stride: number): string | undefined {
  const random = new SeededRandom(seed)
  const program = randomProgram(random, { dataAddress: dataAddress(ramBase), instructions: 150, ...how })
  return lockStep({ core: core(threshold), ramBase, program, data: randomData(random), ticks: 600 * (how.rounds ?? 1), stride })
}

describe('lock step of a core and the oracle', () => {
  it.each<Trial>([
    { traps: false }, { traps: true },
    { traps: false, rounds: 3, threshold: 1 }, { traps: true, rounds: 3, threshold: 1 },
  ])('random programs, %o', (how) => {
    for (let index = 0; index < 20; index++) {
      const seed = `lock-step/${how.traps}/${index}`
      if (trial(seed, how, 50) !== undefined) expect.fail(`${seed}: ${trial(seed, how, 50)}; by single instructions: ${trial(seed, how, 1)}`)
    }
  })

  it('names the instruction where they part', () => {
    const { bytes } = assemble(ramBase + 0x8000, 'li t0, 5; addi t0, t0, 1; j .')
    const different = lockStep({ core: wrapped(core()), ramBase, program: bytes, data: new Uint8Array(8), ticks: 3, stride: 1 })
    expect(different).toBe('after tick 2, at 80008004 addi t0,t0,1: t0 is 7, oracle 6')
  })
})

/** A core whose addi is wrong: t0 is one too much when it is 6. */
function wrapped(core: Core): Core {
  return {
    harts: 1, ram: core.ram, idle: false, wake: undefined, breakpoints: core.breakpoints, trace: (window) => core.trace(window), statistics: () => core.statistics(),
    get retired() { return core.retired },
    get now() { return core.now },
    run: (until) => core.run(until), stopBefore: (until) => core.stopBefore(until), skip: (until) => core.skip(until), line: (...args) => core.line(...args), rouse: () => core.rouse(),
    wrote: (...args) => core.wrote(...args), reset: (...args) => core.reset(...args), boot: (...args) => core.boot(...args), dump: (hart) => core.dump(hart), inspect: (hart) => core.inspect(hart), turn: undefined, load: (state) => core.load(state),
    save: () => {
      const state = core.save() as { states: Uint8Array[] }
      if (state.states[0][5 * 8] === 6) state.states[0][5 * 8] = 7
      return state
    },
  }
}
