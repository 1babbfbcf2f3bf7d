/** Hostile machine code in quantity: `npx tsx bench/conformance/hostile.ts STREAMS [SEED]`. Both engines run every stream; the first that throws or differs ends it. */
import { SeededRandom } from '../../src/base/random.ts'
import { HostilePair } from '../../test/contract/engine/hostile.ts'

const streams = Number(process.argv[2] ?? 1000)
const seed = process.argv[3] ?? 'hostile'
const pairs = [new HostilePair('rv64gc'), new HostilePair('rva22')]
for (let index = 0; index < streams; index++) {
  const name = `${seed}/${index}`
  try {
    const different = pairs[index & 1].run(new SeededRandom(name))
    if (different !== undefined) throw new Error(different)
  } catch (error) {
    console.log(`${name}: ${(error as Error).stack}`)
    process.exit(1)
  }
  if (index % 10_000 === 9999) console.log(`${index + 1} streams`)
}
console.log(`${streams} streams: nothing thrown, no difference`)
