import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import { makeCore } from '../../../src/cpu/machine-core.ts'
import { dataAddress, lockStep } from '../../../src/cpu/oracle/lock-step.ts'
import { randomData, randomProgram } from '../../../src/cpu/oracle/random-program.ts'
import { NodeWasmEngine } from '../../../src/host/wasm-engine.ts'
import { randomGuest } from './guest.ts'
import { compareRuns, randomPlan } from './pair.ts'

const ramBase = 0x8000_0000
/** For so long, over both kinds, with new seeds; unset: a few fixed seeds. */
const seconds = Number(process.env['NETLOOM_LOCKSTEP_SECONDS'] ?? 0)
const from = process.env['NETLOOM_LOCKSTEP_SEED'] ?? 'lockstep'

/** Interpreter (0) or compiled code (1) against the oracle, stopped at random. */
function againstOracle(seed: string, threshold: number): string | undefined {
  const random = new SeededRandom(seed)
  const traps = random.below(2) === 0
  const program = randomProgram(random, { dataAddress: dataAddress(ramBase), instructions: 40 + random.below(200), traps, rounds: 4 })
  const core = makeCore({
    harts: 1, ramBytes: 0x4_0000, ramBase, timebaseHz: 10_000_000, engine: new NodeWasmEngine(), bus: { read: () => undefined, write: () => false }, threshold,
  })
  return lockStep({ core, ramBase, program, data: randomData(random), ticks: 2400, stride: () => 1 + random.below([20, 200, 1000][random.below(3)]) })
}

/** Interpreter against compiled code, with everything privileged. */
function againstEachOther(seed: string): string | undefined {
  const random = new SeededRandom(seed)
  return compareRuns(randomPlan(random, randomGuest(random), 12_000), [0, 1])
}

function trials(name: string, count: number, trial: (seed: string) => string | undefined): void {
  const end = performance.now() + (seconds * 1000) / 3
  for (let index = 0; seconds > 0 ? performance.now() < end : index < count; index++) {
    const seed = `${from}/${name}/${index}`
    const different = trial(seed)
    if (different !== undefined) expect.fail(`${seed}: ${different}`)
  }
}

const timeout = 30_000 + seconds * 1000

describe('lock step', () => {
  it('interpreter and oracle run random programs alike', () => trials('user', 12, (seed) => againstOracle(seed, 0)), timeout)
  it('compiled code and oracle run random programs alike', () => trials('user', 12, (seed) => againstOracle(seed, 1)), timeout)
  it('interpreter and compiled code treat traps, pages, interrupts, devices and code that changes alike', () => trials('machine', 12, againstEachOther), timeout)
})
