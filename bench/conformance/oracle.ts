/**
 * Random user programs against the oracle in quantity: `npx tsx bench/conformance/oracle.ts INSTRUCTIONS [SEED]`. Every program runs on the interpreter
 * and on compiled code, each in lock step with the oracle, stopped at random; the first difference ends it.
 */
import { SeededRandom } from '../../src/base/random.ts'
import { profiles } from '../../src/cpu/isa/profile.ts'
import { dataAddress, lockStep } from '../../src/cpu/oracle/lock-step.ts'
import { randomData, randomProgram } from '../../src/cpu/oracle/random-program.ts'
import { machineOf } from '../../test/contract/engine/machine.ts'

const wanted = Number(process.argv[2] ?? 100_000)
const seed = process.argv[3] ?? 'oracle'
const ramBase = 0x8000_0000
const ticks = 2400

let retired = 0
for (let index = 0; retired < wanted; index++) {
  const name = `${seed}/${index}`
  const counts = [0, 1].map((threshold) => {
    const random = new SeededRandom(name)
    const cpu = random.below(2) === 0 ? 'rv64gc' : 'rva22'
    const { extensions } = profiles[cpu]
    const program = randomProgram(random, { dataAddress: dataAddress(ramBase), instructions: 40 + random.below(200), traps: random.below(2) === 0, rounds: 4, extensions })
    const core = machineOf({ harts: 1, ramBytes: 0x4_0000, ramBase, threshold, cpu }, { read: () => undefined, write: () => false })
    const different = lockStep({ core, ramBase, program, data: randomData(random), ticks, extensions, stride: () => 1 + random.below([20, 200, 1000][random.below(3)]) })
    if (different === undefined) return core.retired
    console.log(`${name}, threshold ${threshold}: ${different}`)
    process.exit(1)
  })
  if (counts[0] !== counts[1]) {
    console.log(`${name}: ${counts[0]} retired by the interpreter, ${counts[1]} by compiled code`)
    process.exit(1)
  }
  retired += counts[0]
  if (index % 500 === 499) console.log(`${index + 1} programs, ${retired} instructions on each engine`)
}
console.log(`${retired} instructions on each engine: no difference`)
