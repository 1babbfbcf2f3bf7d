import { describe, expect, it } from 'vitest'
import { type Random, SeededRandom } from '../../../src/base/random.ts'
import { type CpuName, profiles } from '../../../src/cpu/isa/profile.ts'
import { dataAddress, lockStep } from '../../../src/cpu/oracle/lock-step.ts'
import { randomData, randomProgram } from '../../../src/cpu/oracle/random-program.ts'
import { randomGuest } from './guest.ts'
import { HostilePair } from './hostile.ts'
import { machineOf } from './machine.ts'
import { compareRuns, randomPlan } from './pair.ts'

const ramBase = 0x8000_0000
/** For so long, over both kinds, with new seeds; unset: a few fixed seeds. */
const seconds = Number(process.env['NETLOOM_LOCKSTEP_SECONDS'] ?? 0)
const from = process.env['NETLOOM_LOCKSTEP_SEED'] ?? 'lockstep'

/** Interpreter (0) or compiled code (1) against the oracle, stopped at random. */
function againstOracle(seed: string, threshold: number): string | undefined {
  const random = new SeededRandom(seed)
  const cpu = anyCpu(random)
  const { extensions } = profiles[cpu]
  const traps = random.below(2) === 0
  const program = randomProgram(random, { dataAddress: dataAddress(ramBase), instructions: 40 + random.below(200), traps, rounds: 4, extensions })
  const core = machineOf({ harts: 1, ramBytes: 0x4_0000, ramBase, threshold, cpu }, { read: () => undefined, write: () => false })
  return lockStep({ core, ramBase, program, data: randomData(random), ticks: 2400, extensions, stride: () => 1 + random.below([20, 200, 1000][random.below(3)]) })
}

/** Interpreter against compiled code, with everything privileged. */
function againstEachOther(seed: string): string | undefined {
  const random = new SeededRandom(seed)
  const cpu = anyCpu(random)
  return compareRuns(randomPlan(random, randomGuest(random, cpu), 12_000, cpu), [0, 1])
}

const anyCpu = (random: Random): CpuName => (random.below(2) === 0 ? 'rv64gc' : 'rva22')

const hostile = { rv64gc: new HostilePair('rv64gc'), rva22: new HostilePair('rva22') }

/** Machine code that means nobody well. */
function againstHarm(seed: string): string | undefined {
  const random = new SeededRandom(seed)
  return hostile[anyCpu(random)].run(random)
}

function trials(name: string, count: number, trial: (seed: string) => string | undefined): void {
  const end = performance.now() + (seconds * 1000) / 4
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
  it('hostile machine code throws nothing and hangs nothing, and both do the same with it', () => trials('hostile', 200, againstHarm), timeout)
})
